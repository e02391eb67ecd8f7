"""Full nodes that dispute what is right, or what they have not looked at.

Catalogue: the griefer of optimistic protocols, whose bond is cheaper than the delay that it causes; the copier of
others' challenges, whom Truebit's verifiers hide theirs from (arXiv 1908.04756 [S]).
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, PrivateAttr

from chain.seam import Call, Log
from chain.units import Share
from nodes.adversaries.behaviour import Behaviour, hash_draw, on
from nodes.adversaries.observer import ChainObserver
from nodes.effects import Check, Spawn, Steps, Submit, Verdict
from nodes.identity import Role


class FalseChallenger(Behaviour):
    """Challenge claims without looking; vote honestly where duty calls."""

    kind: ClassVar[str] = "false_challenger"
    role: ClassVar[Role] = Role.FULL
    defeats: ClassVar[str] = "cheap bonds: every false challenge delays honest work"
    stopped_by: ClassVar[str] = "a bond that pays for the arbitration, and goes to who was accused"
    shows_in: ClassVar[str] = "finality_latency_s"
    needs: ClassVar[str] = "optimistic, or another strategy in which full nodes challenge voluntarily"

    share: Share = Field(default=1.0, description="share of the claims that it challenges")
    challenges: int = Field(default=100, ge=1, le=10**6, description="transactions with challenges that it pays for")
    _made: int = PrivateAttr(default=0)

    def begin(self) -> None:
        """No challenge made yet."""
        self._made = 0

    @on(Check)
    def accuse(self, effect: Check) -> Steps:
        """Find fault without looking."""
        drawn = hash_draw(f"accuse/{self._situation.me.name}", effect.task) < self.share
        if effect.assigned or self._made >= self.challenges or not drawn:
            return (yield effect)
        yield self.cheated("check", effect.task)
        return Verdict.INVALID

    @on(Submit)
    def count(self, effect: Submit) -> Steps:
        """Count what it pays for."""
        self._made += effect.call.function in ("challenge", "sealChallenge")
        return (yield effect)


class ChallengeCopier(ChainObserver):
    """Check nothing voluntarily; challenge what somebody else challenges, and share the reward."""

    kind: ClassVar[str] = "challenge_copier"
    role: ClassVar[Role] = Role.FULL
    defeats: ClassVar[str] = "open challenges: it shares rewards for work that it has not done"
    stopped_by: ClassVar[str] = "challenges that are sealed until no more are taken"
    shows_in: ClassVar[str] = "attacker_roi"
    needs: ClassVar[str] = "optimistic, or another strategy in which full nodes challenge voluntarily"
    watches: ClassVar[tuple[str, ...]] = ("Challenged",)

    _copied: dict[bytes, bool] = PrivateAttr(default_factory=dict)

    def begin(self) -> None:
        """Nothing copied yet."""
        super().begin()
        self._copied = {}

    @on(Check)
    def skip(self, effect: Check) -> Steps:
        """Leave the looking to others."""
        if effect.assigned:
            return (yield effect)
        yield self.cheated("check", effect.task)
        return Verdict.VALID

    def on_event(self, log: Log) -> Steps:
        """Join the first challenge of each batch."""
        if log.args["batch"] not in self._copied:
            self._copied[log.args["batch"]] = True
            args = (log.args["batch"], log.args["claims"])
            yield Spawn(self.send(Call(self._situation.me.address, log.contract, "challenge", args)))

    def send(self, call: Call) -> Steps:
        """Submit a copy."""
        yield self.cheated("challenge", "0x" + call.args[0].hex())
        yield Submit(call, subject="0x" + call.args[0].hex())
