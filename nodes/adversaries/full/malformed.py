"""Full nodes that make calls which no honest full node would make, to be paid for nothing, or to stop the others.

Catalogue: found by attacking this repository's contracts with calls that no behaviour made.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, PrivateAttr

from chain.formats.claims import vote_commitment
from chain.seam import Log
from nodes.adversaries.behaviour import on
from nodes.adversaries.watching import Watchful
from nodes.effects import Check, Sleep, Steps, Submit, Verdict
from nodes.identity import Role

NO_SALT = bytes(32)


class FreeRiderCommittee(Watchful):
    """Execute nothing; commit to what the node claims once enough others are seen to have, and never alone."""

    kind: ClassVar[str] = "free_rider_committee"
    role: ClassVar[Role] = Role.FULL
    defeats: ClassVar[str] = "commitments that can be told by who knows the claims, such as those without a salt"
    stopped_by: ClassVar[str] = "a salt in each commitment, and a slash for one that is not opened"
    shows_in: ClassVar[str] = "adversary_reward_share"
    needs: ClassVar[str] = "indexed_commitment"
    hears: ClassVar[tuple[str, ...]] = ("BatchPosted", "Submitted", "BatchFinal")

    joins: int = Field(default=3, ge=1, le=127, description="how many others it waits for")
    patience_s: float = Field(default=15.0, gt=0, le=3600, description="how long it waits for them")
    _agreeing: dict[str, int] = PrivateAttr(default_factory=dict)
    _roots: dict[str, bytes] = PrivateAttr(default_factory=dict)

    def begin(self) -> None:
        """Nothing seen yet."""
        super().begin()
        self._agreeing, self._roots = {}, {}

    def heard(self, log: Log) -> Steps:
        """Count the commitments of each batch that are what its root and no salt make."""
        yield from ()
        batch = "0x" + log.args["batch"].hex()
        if log.event == "BatchPosted":
            self._roots[batch] = log.args["root"]
        elif log.event == "BatchFinal":
            self._roots.pop(batch, None)
            self._agreeing.pop(batch, None)
        elif batch in self._roots:
            guess = vote_commitment(log.args["batch"], log.args["member"], int.from_bytes(self._roots[batch]), NO_SALT)
            self._agreeing[batch] = self._agreeing.get(batch, 0) + (log.args["commitment"] == guess)

    @on(Check)
    def believe(self, effect: Check) -> Steps:
        """Take a claim for right without executing anything."""
        yield self.cheated("check", effect.task)
        return Verdict.VALID

    @on(Submit)
    def join(self, effect: Submit) -> Steps:
        """Commit when enough others are seen to agree; otherwise leave it."""
        if effect.call.function != "submit":
            return (yield effect)
        waited = 0.0
        while self._agreeing.get(effect.subject, 0) < self.joins:
            if waited >= self.patience_s:
                return None
            yield Sleep(1.0)
            waited += 1.0
        yield self.cheated("vote", effect.subject)
        return (yield effect)
