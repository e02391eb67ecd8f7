"""Inference nodes that supply the facts of their own punishment: what they were paid, and who found them out.

By themselves they have nothing to hide: give these nodes a behaviour that falsifies answers as well.

Catalogue: found by attacking this repository's contracts with calls that no behaviour made.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from pydantic import PrivateAttr

from chain.formats.claims import Claim, open_claims
from chain.formats.signing import answer_digest
from chain.hashing import keccak
from chain.quantities import BatchId, Wei
from chain.seam import Call
from nodes.adversaries.behaviour import Behaviour, on
from nodes.effects import Arrange, Sign, Spawn, Steps, Submit
from nodes.identity import Role

POST = "postBatch"


class ZeroFee(Behaviour):
    """Claim that answers were for nothing, so that there is nothing to refund."""

    kind: ClassVar[str] = "zero_fee"
    role: ClassVar[Role] = Role.INFERENCE
    defeats: ClassVar[str] = "refunds of what the claim says that its client paid"
    stopped_by: ClassVar[str] = "vouchers that name the least that an inference costs, which is refunded"
    shows_in: ClassVar[str] = "attacker_roi"

    @on(Arrange)
    def deny(self, effect: Arrange) -> Steps:
        """Write a fee of nothing into each claim."""
        claims = yield effect
        yield self.cheated("batch", effect.subject, "fees of 0")
        return tuple(replace(claim, fee=Wei(0)) for claim in claims)


class SelfDenunciation(Behaviour):
    """Prove one's own wrong claims before anybody else does, by signing another answer to each task."""

    kind: ClassVar[str] = "self_denunciation"
    role: ClassVar[Role] = Role.INFERENCE
    defeats: ClassVar[str] = "bounties for whoever comes first, and verdicts that forget what was proven before"
    stopped_by: ClassVar[str] = "bounties that are the verifier's if it finds the same, and a share burned in any case"
    shows_in: ClassVar[str] = "attacker_roi"

    _arranged: tuple[Claim, ...] = PrivateAttr(default=())

    @on(Arrange)
    def keep(self, effect: Arrange) -> Steps:
        """Keep the claims of the batch that is built."""
        self._arranged = yield effect
        return self._arranged

    @on(Submit)
    def post(self, effect: Submit) -> Steps:
        """Post, and denounce what was posted."""
        claims = self._arranged
        receipt = yield effect
        if effect.call.function == POST and receipt is not None and receipt.ok:
            yield self.cheated("batch", effect.subject, "denounced by its node")
            yield Spawn(self.denounce(BatchId(effect.subject), claims))
        return receipt

    def denounce(self, batch: BatchId, claims: tuple[Claim, ...]) -> Steps:
        """Prove every claim of a batch an equivocation."""
        me, domain = self._situation.me.address, self._situation.domain
        for claim in claims:
            other = keccak(claim.output_hash)
            signature = yield Sign(answer_digest(domain, claim.task, claim.model, claim.input_hash, other))
            (opened,) = open_claims(claims, [claim.index])
            args = (bytes.fromhex(batch[2:]), opened, other, signature)
            yield Submit(Call(me, "Settlement", "proveEquivocation", args), subject=batch)
