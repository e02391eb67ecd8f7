"""Rational participants: they cheat, shirk or join a cartel when their own experience says that it pays.

A fixed script cannot show an equilibrium: below PoSP's threshold (arXiv 2405.00295) a best-responding node learns to
cheat and above it to be honest, and unpaid checking dies out where fraud is rare (Felten 2019). Costs come from the
scenario's price of compute, income and slashes from chain events; every choice is recorded.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, PrivateAttr

from chain.quantities import OPG, TaskId
from chain.units import Amount
from nodes.adversaries.inference.moments import Cheaper
from nodes.adversaries.learning.accounts import CHECK, HONEST, NOTHING, SKIP, AnswerAccounts, CheckAccounts, context_of
from nodes.adversaries.learning.experience import Bandit
from nodes.effects import Check, Steps

JOIN = "join"
"""The action of a full node that takes a cartel's offer."""


class BestResponse(Bandit, AnswerAccounts):
    """Answer each task in the way that has paid best so far: honestly, with a cheaper variant, or with noise."""

    kind: ClassVar[str] = "best_response"
    defeats: ClassVar[str] = "whatever makes fraud pay, such as sampling below its threshold"
    stopped_by: ClassVar[str] = "an expected slash above what fraud saves: p (1 - r)(R + S) > C"
    shows_in: ClassVar[str] = "dishonest_answer_payoff_opg"

    ways: tuple[Cheaper | Literal["nothing"], ...] = Field(
        default=("small",), min_length=1, description="variants that it may cheat with; nothing: noise for no work"
    )

    def variants(self) -> tuple[str, ...]:
        """Its ways, but for the one that takes no model."""
        return tuple(way for way in self.ways if way != NOTHING)

    def pick(self, task: TaskId) -> Steps:
        """What pays best."""
        return (yield from self.choose((HONEST, *self.ways), task))

    def learn(self, action: str, payoff: float, rejected: bool) -> Steps:
        """Remember it."""
        yield from self.remember(action, payoff)


class AdaptiveCheat(AnswerAccounts):
    """Cheat in the boldest way until it is slashed, then in the next; give up when there is none left."""

    kind: ClassVar[str] = "adaptive_cheat"
    defeats: ClassVar[str] = "comparators that miss one of its ways"
    stopped_by: ClassVar[str] = "a comparator that tells every way from honest noise"
    shows_in: ClassVar[str] = "fraud_finalised"

    ways: tuple[Cheaper, ...] = Field(
        default=("small", "early_exit", "int4", "int8", "fp16"), min_length=1, description="variants, boldest first"
    )
    _tried: int = PrivateAttr(default=0)

    def begin(self) -> None:
        """Begin with the boldest."""
        super().begin()
        self._tried = 0

    @property
    def way(self) -> str:
        """How it answers now."""
        return self.ways[self._tried] if self._tried < len(self.ways) else HONEST

    def variants(self) -> tuple[str, ...]:
        """Its ways."""
        return self.ways

    def pick(self, task: TaskId) -> Steps:
        """The way of the moment."""
        yield from ()
        return self.way

    def learn(self, action: str, payoff: float, rejected: bool) -> Steps:
        """Move on when the present way was detected; what earlier ways still cost teaches nothing new."""
        if rejected and action == self.way:
            self._tried += 1
            yield self.decided("", self.way, {action: payoff})


class DiligentIfPaid(Bandit, CheckAccounts):
    """Check if checking has paid better than saying "valid" without looking; by duty and voluntarily apart."""

    kind: ClassVar[str] = "diligent_if_paid"
    defeats: ClassVar[str] = "verification that does not pay for itself: the verifier's dilemma"
    stopped_by: ClassVar[str] = "pay for checks, slashes for wrong votes, forced errors, attention challenges"
    shows_in: ClassVar[str] = "verification_work_ratio"

    def pick(self, effect: Check) -> Steps:
        """What pays better."""
        return (yield from self.choose((CHECK, SKIP), effect.task, context_of(effect)))

    def learn(self, context: str, action: str, payoff: float) -> Steps:
        """Remember it."""
        yield from self.remember(action, payoff, context)


class CartelRecruit(Bandit, CheckAccounts):
    """Take a cartel's offer to accept what accomplices claim, if that has paid better than checking them.

    The cartel pays for each claim accepted, whatever becomes of it. Everybody else is checked honestly.
    """

    kind: ClassVar[str] = "cartel_recruit"
    defeats: ClassVar[str] = "votes in which joining the majority pays, once the cartel has enough members"
    stopped_by: ClassVar[str] = "a slash for wrong votes above the offer, while the honest hold the quorum"
    shows_in: ClassVar[str] = "side_payments_opg"

    offer: Amount = Field(default=OPG // 10, description="paid by the accomplice for each of its claims (assumption)")

    def pick(self, effect: Check) -> Steps:
        """Join or check; whoever is no accomplice is checked."""
        if effect.node not in self._situation.accomplices:
            return CHECK
        action = yield from self.choose((CHECK, JOIN), effect.task)
        if action == JOIN:
            yield self.paid(effect.node, self._situation.me.name, self.offer, "cartel", effect.task)
            self._aside[effect.task] = self.offer / OPG
        return action

    def learn(self, context: str, action: str, payoff: float) -> Steps:
        """Remember it."""
        yield from self.remember(action, payoff)
