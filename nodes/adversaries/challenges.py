"""Full nodes that dispute what is right.

Catalogue: the griefer of optimistic protocols, whose bond is cheaper than the delay that it causes.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, PrivateAttr

from chain.units import Share
from nodes.adversaries.behaviour import Behaviour, lot, on
from nodes.effects import Check, Steps, Submit, Verdict
from nodes.identity import Role


class FalseChallenger(Behaviour):
    """Challenge claims without looking; vote honestly where duty calls."""

    kind: ClassVar[str] = "false_challenger"
    role: ClassVar[Role] = Role.FULL
    defeats: ClassVar[str] = "cheap bonds: every false challenge delays honest work"
    stopped_by: ClassVar[str] = "a bond that pays for the arbitration, and goes to who was accused"
    shows_in: ClassVar[str] = "finality_latency_s"
    needs: ClassVar[str] = "optimistic, or another strategy in which full nodes challenge of their own accord"

    share: Share = Field(default=1.0, description="share of the claims that it challenges")
    challenges: int = Field(default=100, ge=1, le=10**6, description="transactions with challenges that it pays for")
    _made: int = PrivateAttr(default=0)

    def begin(self) -> None:
        """No challenge made yet."""
        self._made = 0

    @on(Check)
    def accuse(self, effect: Check) -> Steps:
        """Find fault without looking."""
        drawn = lot(f"accuse/{self._situation.me.name}", effect.task) < self.share
        if effect.on_duty or self._made >= self.challenges or not drawn:
            return (yield effect)
        yield self.cheated("check", effect.task)
        return Verdict.INVALID

    @on(Submit)
    def count(self, effect: Submit) -> Steps:
        """Count what it pays for."""
        self._made += effect.call.function == "challenge"
        return (yield effect)
