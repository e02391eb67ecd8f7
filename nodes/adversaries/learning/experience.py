"""What rational participants learn from: running means of what each of their actions paid them.

Choosing is an epsilon-greedy bandit's: each action is tried a few times, then the one with the best mean is taken,
and now and then another, to find out whether the world has changed. All of it hangs on the participant's own random
stream and on what it sees on chain, nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import Field, PrivateAttr

from chain.units import Share
from nodes.adversaries.behaviour import Behaviour
from nodes.effects import Steps


@dataclass
class Experience:
    """Means of the payoffs of some actions."""

    recency: float = 0.0
    """Least weight of the newest payoff; 0 for the plain mean."""
    chosen: dict[str, int] = field(default_factory=dict)
    """How often each action was chosen."""
    paid: dict[str, int] = field(default_factory=dict)
    """How many payoffs of each action are in its mean."""
    expected: dict[str, float] = field(default_factory=dict)
    """Mean payoff of each action, in OPG."""

    def book(self, action: str, payoff: float) -> None:
        """Take a payoff into an action's mean."""
        n = self.paid[action] = self.paid.get(action, 0) + 1
        before = self.expected.get(action, 0.0)
        self.expected[action] = before + (payoff - before) * max(1 / n, self.recency)

    @property
    def favourite(self) -> str:
        """The action that has paid best so far; empty if none has paid yet."""
        return max(self.expected, key=self.expected.__getitem__, default="")

    def best(self, actions: Sequence[str]) -> str:
        """The action that pays best as far as is known; the first of them if nothing is."""
        known = [action for action in actions if action in self.expected]
        return max(known, key=lambda action: self.expected[action]) if known else actions[0]


class Bandit(Behaviour):
    """Base of participants that choose what has paid best so far."""

    explore: Share = Field(default=0.1, description="share of decisions that are made at random, to find out")
    trials: int = Field(default=3, ge=1, le=1000, description="how often it tries each action first")
    recency: Share = Field(default=0.0, description="least weight of the newest payoff in a mean; 0: the plain mean")
    _known: dict[str, Experience] = PrivateAttr(default_factory=dict)

    def begin(self) -> None:
        """Nothing known yet."""
        super().begin()
        self._known = {}

    def experience(self, context: str) -> Experience:
        """What it knows of one kind of decision."""
        return self._known.setdefault(context, Experience(self.recency))

    def choose(self, actions: Sequence[str], subject: str, context: str = "") -> Steps:
        """Decide between actions, and record the decision; answers the action."""
        known, rng = self.experience(context), self._situation.rng
        untried = next((action for action in actions if known.chosen.get(action, 0) < self.trials), None)
        dice, other = rng.random(), actions[int(rng.random() * len(actions))]
        explored = untried is not None or dice < self.explore
        action = (untried or other) if explored else known.best(actions)
        known.chosen[action] = known.chosen.get(action, 0) + 1
        yield self.decided(subject, action, known.expected, explored)
        return action

    def remember(self, action: str, payoff: float, context: str = "") -> Steps:
        """Take in what an action paid, and record it if another pays best now: a change of mind about a context."""
        known = self.experience(context)
        before = known.favourite
        known.book(action, payoff)
        if known.favourite != before:
            yield self.decided(context, known.favourite, known.expected)
