"""Participants that imitate: those that earn more are copied, with a probability that grows with the difference.

Pairwise proportional imitation (Schlag, "Why imitate, and if so, how?", JET 78, 1998, cited from memory): once in an
update period each member is compared with another of its coalition, and takes over its action with a probability
proportional to what that earned more. In a large population this is the replicator dynamics. Members tell each other
out of band what they earn; it is what their own accounts say.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from pydantic import Field, PrivateAttr

from chain.quantities import TaskId
from chain.units import Duration, Share
from nodes.adversaries.behaviour import Behaviour
from nodes.adversaries.inference.moments import Cheaper
from nodes.adversaries.learning.accounts import CHECK, HONEST, SKIP, AnswerAccounts, CheckAccounts
from nodes.adversaries.learning.experience import Experience
from nodes.effects import Check, Now, Steps


@dataclass
class Population:
    """What the members of a coalition know of each other."""

    actions: dict[str, str] = field(default_factory=dict)
    earned: dict[str, float] = field(default_factory=dict)
    """Mean payoff of each member's action in its last update period that brought any, in OPG."""
    widest: float = 0.0
    """The largest difference of payoffs seen: what differences are measured by."""


class Imitator(Behaviour):
    """Base of participants that imitate."""

    update_period: Duration = Field(default=60.0, gt=0, description="time between two pairwise comparisons")
    rate: Share = Field(default=0.5, description="probability of imitating whoever earned the most more")
    mutation: Share = Field(default=0.0, description="probability of taking any action instead, each update period")
    deviating: Share = Field(default=0.5, description="share of the members that begin with the dishonest action")
    _recent: Experience = PrivateAttr(default_factory=Experience)
    _until: float = PrivateAttr(default=0.0)

    def begin(self) -> None:
        """Begin with the action that falls to this member."""
        super().begin()
        self._recent, self._until = Experience(), self.update_period
        members, me = self._situation.coalition.members, self._situation.me.name
        first = members.index(me) < round(self.deviating * len(members))
        self.population.actions[me] = self.repertoire()[1 if first else 0]

    def repertoire(self) -> tuple[str, str]:
        """The honest action and the other."""
        raise NotImplementedError

    @property
    def population(self) -> Population:
        """What all members share."""
        shared = self._situation.coalition.shared
        found = shared.setdefault("population", Population())
        assert isinstance(found, Population)
        return found

    def act(self) -> Steps:
        """Answers the action of the moment, after a pairwise comparison if one is due."""
        now = yield Now()
        if now >= self._until:
            self._until = now - now % self.update_period + self.update_period
            yield from self.compare()
        return self.population.actions[self._situation.me.name]

    def compare(self) -> Steps:
        """Compare with another member, and perhaps do as it does."""
        population, me, rng = self.population, self._situation.me.name, self._situation.rng
        others = [name for name in self._situation.coalition.members if name != me] or [me]
        other = others[int(rng.random() * len(others))]
        for mean in self._recent.expected.values():
            population.earned[me] = mean
        self._recent = Experience()
        before = population.actions[me]
        after = self.imitated(other, rng.random())
        if (mutant := rng.random()) < self.mutation:
            after = self.repertoire()[int(2 * mutant / self.mutation)]
        expected = {
            population.actions[name]: population.earned[name] for name in (other, me) if name in population.earned
        }
        yield self.decided(f"comparison with {other}", after, expected)
        if after != before:
            population.actions[me] = after
            population.earned.pop(me, None)  # that was the old action's

    def imitated(self, other: str, draw: float) -> str:
        """The action after the comparison."""
        population, me = self.population, self._situation.me.name
        if me not in population.earned or other not in population.earned:
            return population.actions[me]
        more = population.earned[other] - population.earned[me]
        population.widest = max(population.widest, abs(more))
        copies = population.widest > 0 and draw < self.rate * more / population.widest
        return population.actions[other if copies else me]


class Replicator(Imitator, AnswerAccounts):
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

    def pick(self, task: TaskId) -> Steps:
        """As those members do that earn well."""
        return (yield from self.act())

    def learn(self, action: str, payoff: float, rejected: bool) -> Steps:
        """Payoffs of this update period; what an earlier action still brings is not counted."""
        yield from ()
        if action == self.population.actions[self._situation.me.name]:
            self._recent.book("", payoff)


class ReplicatorVerifier(Imitator, CheckAccounts):
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
        """As those members do that earn well."""
        return (yield from self.act())

    def learn(self, context: str, action: str, payoff: float) -> Steps:
        """Payoffs of this update period; what an earlier action still brings is not counted."""
        yield from ()
        if action == self.population.actions[self._situation.me.name]:
            self._recent.book("", payoff)
