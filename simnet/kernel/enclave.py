"""A participant's enclave: attests itself, signs what was computed in it, and shows that it is alive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from chain.quantities import Timestamp
from nodes.effects import Attest, Heartbeat, SignResponse, SignText, Unseal
from simnet.kernel.facility import Facility
from simnet.kernel.scheduler import Handler, Scheduler, Task

if TYPE_CHECKING:  # loads cryptography, which few runs need
    from nodes.enclave.enclave import Attestation
    from nodes.enclave.ohttp import Opened
    from nodes.enclave.sandbox import Sandbox
    from nodes.enclave.signing import SignedResponse


class Enclave(Facility):
    """The enclave that a participant's device runs in. On a bare machine, without one, there is no evidence to show."""

    def __init__(self, sandbox: Sandbox | None, scheduler: Scheduler, genesis: Timestamp) -> None:
        self.sandbox = sandbox
        self._scheduler = scheduler
        self._genesis = genesis
        self._unsealed = 0

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """Evidence."""
        signs: dict[type, Handler] = {SignResponse: self._sign_response, SignText: self._sign_text}
        return {Attest: self._attest, **signs, Unseal: self._unseal, Heartbeat: self._heartbeat}

    def _attest(self, _: Task, effect: Attest) -> Attestation | None:
        now = self._genesis + self._scheduler.now
        return self.sandbox.enclave.attestation(now, effect.nonce) if self.sandbox else None

    def _sign_response(self, _: Task, effect: SignResponse) -> SignedResponse | None:
        return self.sandbox.sign_response(effect) if self.sandbox else None

    def _sign_text(self, _: Task, effect: SignText) -> SignedResponse | None:
        if self.sandbox is None:
            return None
        return self.sandbox.enclave.answer_text(effect.canonical, effect.text, effect.timestamp)

    def _unseal(self, _: Task, effect: Unseal) -> Opened | None:
        from nodes.enclave import ohttp  # only who has a relay needs it, and it brings a library of its own

        if self.sandbox is None:
            return None
        self._unsealed += 1
        moment = int((self._genesis + self._scheduler.now) * 1e6).to_bytes(16, "big")
        salt = self.sandbox.enclave.fresh(moment + self._unsealed.to_bytes(8, "big"))
        try:
            return ohttp.open_request(self.sandbox.enclave.ohttp_key, effect.sealed, salt)
        except ohttp.CannotOpen:
            return None

    def _heartbeat(self, _: Task, effect: Heartbeat) -> tuple[int, bytes] | None:
        return self.sandbox.enclave.heartbeat(effect.timestamp) if self.sandbox else None
