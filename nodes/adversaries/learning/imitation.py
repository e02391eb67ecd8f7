"""Participants that imitate: whoever earns more is copied, the more readily the more it earns.

Pairwise proportional imitation (Schlag, "Why imitate, and if so, how?", JET 78, 1998, cited from memory): once a
season each member meets another of its coalition and takes over its action with a probability proportional to what
that earned more. In a large population this is the replicator dynamics. What members earn they tell each other out of
band; it is what their own books say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from pydantic import Field, PrivateAttr

from chain.units import Duration, Share
from nodes.adversaries.behaviour import Behaviour
from nodes.adversaries.inference.moments import Cheaper
from nodes.adversaries.learning.books import CHECK, HONEST, SKIP, AnswerBooks, CheckBooks
from nodes.adversaries.learning.experience import Experience
from nodes.effects import Check, Now, Steps


@dataclass
class Village:
    """What the members of a coalition know of each other."""

    actions: dict[str, str] = field(default_factory=dict)
    earned: dict[str, float] = field(default_factory=dict)
    """Mean payoff of each member's action in its last season that brought any, in OPG."""
    widest: float = 0.0
    """The largest difference of payoffs seen: what differences are measured by."""


class Imitator(Behaviour):
    """Base of participants that imitate."""

    season: Duration = Field(default=60.0, gt=0, description="time between two meetings")
    rate: Share = Field(default=0.5, description="probability of imitating whoever earned the most more")
    mutation: Share = Field(default=0.0, description="probability of taking any action instead, each season")
    deviating: Share = Field(default=0.5, description="share of the members that begin with the dishonest action")
    _season: Experience = PrivateAttr(default_factory=Experience)
    _until: float = PrivateAttr(default=0.0)

    def begin(self) -> None:
        """Begin with the action that falls to this member."""
        super().begin()
        self._season, self._until = Experience(), self.season
        members, me = self._situation.coalition.members, self._situation.me.name
        first = members.index(me) < round(self.deviating * len(members))
        self.village.actions[me] = self.repertoire()[1 if first else 0]

    def repertoire(self) -> tuple[str, str]:
        """The honest action and the other."""
        raise NotImplementedError

    @property
    def village(self) -> Village:
        """What all members share."""
        shared = self._situation.coalition.shared
        found = shared.setdefault("village", Village())
        assert isinstance(found, Village)
        return found

    def act(self) -> Steps:
        """Answers the action of the moment, after the meeting if one is due."""
        now = yield Now()
        if now >= self._until:
            self._until = now - now % self.season + self.season
            yield from self.meet()
        return self.village.actions[self._situation.me.name]

    def meet(self) -> Steps:
        """Compare with another member, and perhaps do as it does."""
        village, me, rng = self.village, self._situation.me.name, self._situation.rng
        others = [name for name in self._situation.coalition.members if name != me] or [me]
        other = others[int(rng.random() * len(others))]
        for mean in self._season.expected.values():
            village.earned[me] = mean
        self._season = Experience()
        before = village.actions[me]
        after = self.imitated(other, rng.random())
        if (mutant := rng.random()) < self.mutation:
            after = self.repertoire()[int(2 * mutant / self.mutation)]
        expected = {village.actions[name]: village.earned[name] for name in (other, me) if name in village.earned}
        yield self.decided(f"meeting with {other}", after, expected)
        if after != before:
            village.actions[me] = after
            village.earned.pop(me, None)  # that was the old action's

    def imitated(self, other: str, fate: float) -> str:
        """The action after the meeting."""
        village, me = self.village, self._situation.me.name
        if me not in village.earned or other not in village.earned:
            return village.actions[me]
        more = village.earned[other] - village.earned[me]
        village.widest = max(village.widest, abs(more))
        copies = village.widest > 0 and fate < self.rate * more / village.widest
        return village.actions[other if copies else me]


class Replicator(Imitator, AnswerBooks):
    """Answer honestly or with a cheaper variant, and imitate nodes of the coalition that earn more."""

    kind: ClassVar[str] = "replicator"
    defeats: ClassVar[str] = "whatever makes fraud pay on average"
    stopped_by: ClassVar[str] = "an expected slash above what fraud saves: cheats die out"
    shows_in: ClassVar[str] = "fraud_committed"
    at_least: ClassVar[int] = 4

    variant: Cheaper = Field(default="small", description="what it runs when it cheats")

    def repertoire(self) -> tuple[str, str]:
        """The right model, or the cheaper one."""
        return HONEST, self.variant

    def variants(self) -> tuple[str, ...]:
        """The cheaper one."""
        return (self.variant,)

    def pick(self, task: str) -> Steps:
        """As everybody does who earns well."""
        return (yield from self.act())

    def learn(self, action: str, payoff: float, rejected: bool) -> Steps:
        """What the season has brought; what an earlier action still brings is not counted."""
        yield from ()
        if action == self.village.actions[self._situation.me.name]:
            self._season.book("", payoff)


class ReplicatorVerifier(Imitator, CheckBooks):
    """Check or say "valid" without looking, and imitate full nodes of the coalition that earn more."""

    kind: ClassVar[str] = "replicator_verifier"
    defeats: ClassVar[str] = "verification that does not pay for itself"
    stopped_by: ClassVar[str] = "pay for checks, slashes for wrong votes: the lazy die out while there is fraud"
    shows_in: ClassVar[str] = "verification_work_ratio"
    at_least: ClassVar[int] = 4

    def repertoire(self) -> tuple[str, str]:
        """Look, or do not."""
        return CHECK, SKIP

    def pick(self, effect: Check) -> Steps:
        """As everybody does who earns well."""
        return (yield from self.act())

    def learn(self, context: str, action: str, payoff: float) -> Steps:
        """What the season has brought; what an earlier action still brings is not counted."""
        yield from ()
        if action == self.village.actions[self._situation.me.name]:
            self._season.book("", payoff)
