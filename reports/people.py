"""Participants, for the report: what became of those who cheated, and who gained what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from reports.wording import plural
from simnet.log.tables import Tables
from simnet.measure.conduct import Conduct, conduct
from simnet.measure.metrics import Figures, accounts

NOUNS = {"inference": "inference node", "full": "full node", "client": "client", "producer": "block producer"}


@dataclass(frozen=True)
class Group:
    """The books of nodes of one role, honest or not: sums in OPG."""

    name: str
    nodes: int
    stake: float
    income: float
    compute: float
    slashed: float

    @property
    def profit(self) -> float:
        """Of all of them together."""
        return self.income - self.compute - self.slashed


def of_note(figures: Figures) -> list[Conduct]:
    """Everybody who was told to misbehave or was slashed: who won first, then who lost most."""
    return sorted(conduct(figures), key=lambda one: (-one.finalised, -one.slashed_opg))


def times_jailed(tables: Tables) -> Counter[str]:
    """How often each participant was jailed."""
    names = tables.names
    return Counter(names[row["node"]] for row in tables.event("Jailed"))


def others(tables: Tables, known: Sequence[Conduct]) -> str:
    """How many there are besides these, by role."""
    named = [one.name for one in known]
    roles = Counter(row["role"] for name, row in tables.participants.items() if name not in named)
    return ", ".join(plural(count, NOUNS.get(role, role)) for role, count in roles.items())


def groups(figures: Figures) -> list[Group]:
    """The books by role and honesty."""
    books = accounts(figures)
    people = figures.tables.participants
    keys = [
        f"{people[str(name)]['role']}, {'dishonest' if lied else 'honest'}" for name, lied in books["dishonest"].items()
    ]
    sizes, sums = Counter(keys), books.groupby(keys, sort=False)[["stake", "income", "compute", "slashed"]].sum()
    return [Group(str(key), sizes[str(key)], *sums.loc[key].map(float)) for key in sums.index]
