"""Inference nodes whose evidence is not what it seems: stolen keys, old or borrowed attestations, images that lie.

Each says what it does to the evidence alone. To see what it is good for, give its nodes a behaviour that falsifies
answers as well: an enclave that is intact signs nothing that it did not compute.

Catalogue: leaked vendor keys and keys taken out of enclaves (SGAxe, CacheOut, TEE.fail), replayed and relayed
attestations (the cuckoo attack, Parno 2008), outdated trusted computing bases, and registries that approve what they
should not. That they look like this on OpenGradient is an assumption.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field, PrivateAttr

from chain.quantities import Gas
from chain.seam import Call
from chain.units import Duration
from nodes.adversaries.behaviour import Behaviour, on
from nodes.effects import Attest, Heartbeat, Now, SignResponse, Steps, Submit
from nodes.enclave import VALIDATOR
from nodes.identity import Role

if TYPE_CHECKING:
    from nodes.enclave.enclave import Attestation, Enclave

# `nodes.enclave` is imported where it is used: it loads cryptography, and every run loads all behaviours.

APPROVE_GAS = Gas(1_000_000)
"""Gas that approving an image may use at the most."""


class EvidenceBehaviour(Behaviour):
    """Base of behaviours that tamper with the evidence of an enclave."""

    role: ClassVar[Role] = Role.INFERENCE
    needs: ClassVar[str] = "tee, or another strategy that asks for the evidence of an enclave"

    def own(self) -> Enclave | None:
        """The enclave that the node was given; none where the strategy asks for none."""
        return self._situation.enclave

    def unix(self) -> Steps:
        """Answers the chain's time, in seconds."""
        return self._situation.genesis + (yield Now())


class KeyHolder(EvidenceBehaviour):
    """Base of behaviours that hold a signing key themselves, and sign whatever they like."""

    def held(self) -> Enclave | None:
        """Whose key it is."""
        return self.own()

    @on(SignResponse)
    def sign_anything(self, effect: SignResponse) -> Steps:
        """Sign an answer without asking where it comes from."""
        from nodes.enclave.sandbox import sign_response

        enclave = self.held()
        if enclave is None:
            return (yield effect)
        yield self.cheated("evidence", effect.task)
        return sign_response(enclave, effect)


class StaleTcb(KeyHolder):
    """Run an image with a hole that is known, and use the hole to have the enclave sign anything."""

    kind: ClassVar[str] = "stale_tcb"
    defeats: ClassVar[str] = "attestation, for as long as the image is approved"
    stopped_by: ClassVar[str] = "revoking the image; sampling by execution on top"
    shows_in: ClassVar[str] = "time_to_revocation_s"


class KeyExportClone(KeyHolder):
    """Take the key out of one enclave, and sign with it everywhere: on its own node and on those of its partners."""

    kind: ClassVar[str] = "key_export_clone"
    defeats: ClassVar[str] = "attestation, on the node that registered the enclave"
    stopped_by: ClassVar[str] = "claims bound to the enclave's owner (clones); sampling by execution (the original)"
    shows_in: ClassVar[str] = "blast_radius"

    def begin(self) -> None:
        """The first partner shares its key."""
        if self._situation.coalition.members[:1] == (self._situation.me.name,):
            self._situation.coalition.shared["key"] = self.own()

    def held(self) -> Enclave | None:
        """The first partner's enclave."""
        found: Enclave | None = self._situation.coalition.shared.get("key")
        return found


class RelayCuckoo(KeyExportClone):
    """Have no enclave at work, and relay requests to a partner's: its signature comes back, from the wrong machine."""

    kind: ClassVar[str] = "relay_cuckoo"
    defeats: ClassVar[str] = "evidence that is not bound to who shows it"
    stopped_by: ClassVar[str] = "claims bound to the enclave's owner"
    shows_in: ClassVar[str] = "detection_rate"
    at_least: ClassVar[int] = 2

    @on(SignResponse)
    def sign_anything(self, effect: SignResponse) -> Steps:
        """Only those without an enclave relay; who owns it is honest."""
        if self.held() is self.own():
            return (yield effect)
        return (yield from super().sign_anything(effect))


class Impostor(KeyHolder):
    """Base of behaviours that register a key of their own making in the place of the node's enclave.

    They do so from the start, whatever the scenario says of times and shares: an enclave is registered once.
    """

    _impostor: Enclave | None = PrivateAttr(default=None)

    def begin(self) -> None:
        """Make the key."""
        genuine = self.own()
        self._impostor = None if genuine is None else self.make(genuine)

    def make(self, genuine: Enclave) -> Enclave:
        """What is passed off as an enclave."""
        raise NotImplementedError

    def held(self) -> Enclave | None:
        """The impostor."""
        return self._impostor

    @on(Attest, gated=False)
    def attest_impostor(self, effect: Attest) -> Steps:
        """Show the attestation of our own key."""
        enclave = self.held()
        if enclave is None:
            return (yield effect)
        yield from self.prepare(enclave)
        return enclave.attestation((yield from self.unix()))

    def prepare(self, enclave: Enclave) -> Steps:
        """What must happen before the registry takes it."""
        yield from ()

    @on(SignResponse, gated=False)
    def sign_anything(self, effect: SignResponse) -> Steps:
        """It has no other key to sign with."""
        return (yield from super().sign_anything(effect))

    @on(Heartbeat, gated=False)
    def beat_as_impostor(self, effect: Heartbeat) -> Steps:
        """Show life with the same key."""
        enclave = self.held()
        return (yield effect) if enclave is None else enclave.heartbeat(effect.timestamp)


class ForgedQuote(Impostor):
    """Hold a key outside any enclave, and have it attested with the vendor's own key, which has leaked."""

    kind: ClassVar[str] = "forged_quote"
    defeats: ClassVar[str] = "attestation altogether, until the vendor's root is replaced"
    stopped_by: ClassVar[str] = "replacing the root, once the leak is known; sampling by execution before that"
    shows_in: ClassVar[str] = "blast_radius"

    def make(self, genuine: Enclave) -> Enclave:
        """The same image on paper. Who leaked the old key has not leaked the new one."""
        return replace(genuine, seed=genuine.seed + b"forged", successor=None)


class PcrRegistryPoison(Impostor):
    """Have an image that lies approved, with the guardian's stolen key, and run it in a genuine enclave."""

    kind: ClassVar[str] = "pcr_registry_poison"
    defeats: ClassVar[str] = "attestation: it proves what runs, not that it is good"
    stopped_by: ClassVar[str] = "approval by more than one key, after a delay; sampling by execution"
    shows_in: ClassVar[str] = "blast_radius"
    _approved: bool = PrivateAttr(default=False)

    def begin(self) -> None:
        """Nothing approved yet."""
        super().begin()
        self._approved = False

    def make(self, genuine: Enclave) -> Enclave:
        """Genuine hardware, another image."""
        from nodes.enclave.nitro import measurement

        return replace(genuine, seed=genuine.seed + b"poison", pcrs=measurement("poison"))

    def prepare(self, enclave: Enclave) -> Steps:
        """Approve the image in the guardian's name; if a partner has already, that is refused, and does no harm."""
        if self._approved:
            return
        self._approved = True
        guardian = self._situation.directory.of(Role.FULL)[0]
        image = tuple(enclave.pcrs[i] for i in range(3))
        call = Call(guardian.address, "TEERegistry", "approvePCR", (image, "poison", VALIDATOR), APPROVE_GAS)
        yield self.cheated("governance", self._situation.me.name, "approvePCR")
        yield Submit(call, subject=self._situation.me.name)


class QuoteReplay(EvidenceBehaviour):
    """Have the enclave attested once, and show that document for ever."""

    kind: ClassVar[str] = "quote_replay"
    defeats: ClassVar[str] = "evidence whose age nobody checks"
    stopped_by: ClassVar[str] = "the verifier's limit of five minutes; in between, nobody can prove that it is stale"
    shows_in: ClassVar[str] = "accepted_stale_quotes"

    stale_after: Duration = Field(default=60.0, description="age from which a document should not be used any more")
    _first: Attestation | None = PrivateAttr(default=None)
    _made_at: float = PrivateAttr(default=0.0)

    def begin(self) -> None:
        """No document yet."""
        self._first, self._made_at = None, 0.0

    @on(Attest)
    def show_again(self, effect: Attest) -> Steps:
        """The first document, whenever one is asked for."""
        if self._first is None:
            self._made_at = yield Now()
            self._first = yield effect
        return self._first

    @on(SignResponse)
    def keep_count(self, effect: SignResponse) -> Steps:
        """Say of each answer that its document is too old."""
        if self._first is not None and (yield Now()) > self._made_at + self.stale_after:
            yield self.cheated("evidence", effect.task, "stale attestation")
        return (yield effect)


class HeartbeatReplay(EvidenceBehaviour):
    """Show the registry the same heartbeat again and again: the enclave may be long dead."""

    kind: ClassVar[str] = "heartbeat_replay"
    defeats: ClassVar[str] = "OpenGradient's registry, for half an hour after the last true heartbeat"
    stopped_by: ClassVar[str] = "a registry that takes only newer timestamps"
    shows_in: ClassVar[str] = "accepted_stale_heartbeats"

    _last: tuple[int, bytes] | None = PrivateAttr(default=None)

    def begin(self) -> None:
        """No heartbeat yet."""
        self._last = None

    @on(Heartbeat)
    def beat_again(self, effect: Heartbeat) -> Steps:
        """The first heartbeat, whenever one is due."""
        if self._last is None:
            self._last = yield effect
        elif self._last is not None:
            yield self.cheated("heartbeat", self._situation.me.name)
        return self._last


class TlsSwap(EvidenceBehaviour):
    """Register the enclave with a TLS certificate of somebody who sits in between, and reads along."""

    kind: ClassVar[str] = "tls_swap"
    defeats: ClassVar[str] = "clients that take any certificate"
    stopped_by: ClassVar[str] = "attestations that name the certificate, as nitriding's do"
    shows_in: ClassVar[str] = "tasks_unanswered"

    @on(Attest)
    def swap(self, effect: Attest) -> Steps:
        """The enclave's attestation, with another certificate beside it."""
        attested: Attestation | None = yield effect
        own = self.own()
        if attested is None or own is None:
            return attested
        yield self.cheated("registration", self._situation.me.name, "TLS certificate")
        return replace(attested, tls_der=replace(own, seed=own.seed + b"in between").tls.der)
