"""Participants, for the report: what became of those who cheated, and who gained what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from chain.quantities import OPG
from reports.wording import plural
from simnet.measure.outcomes import Outcome, outcomes
from simnet.measure.state import State
from simnet.measure.subjects import Node

NOUNS = {"inference": "inference node", "full": "full node", "client": "client", "producer": "block producer"}


@dataclass(frozen=True)
class Group:
    """The accounts of nodes of one role, honest or not: sums in OPG."""

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


@dataclass(frozen=True)
class Balance:
    """What a party of the payments outside has more or less than before, in OPG."""

    name: str
    answers: int
    worth: float
    """Of what it was answered, or did answer, by the gateway's list."""
    got: float
    gave: float
    in_channels: float
    net: float
    acts: str
    """What it did dishonestly, and how often."""


def balances(state: State) -> list[Balance]:
    """External clients, gateways and whoever else had money from or to one of them: who lost most comes first."""
    return [
        Balance(
            name=party.name or address,
            answers=party.answers,
            worth=party.worth / OPG,
            got=party.got / OPG,
            gave=party.gave / OPG,
            in_channels=party.in_channels / OPG,
            net=party.net / OPG,
            acts=", ".join(f"{act} ×{count:,}" for act, count in party.acts.items()),
        )
        for address, party in state.external.ranked
        if party.took_part or party.acts
    ]


def of_note(state: State) -> list[Outcome]:
    """Participants that were told to misbehave or were slashed: who won first, then who lost most."""
    return sorted(outcomes(state), key=lambda one: (-one.finalised, -one.slashed_opg))


def times_jailed(state: State) -> dict[str, int]:
    """How often each participant was jailed."""
    return {node.name: node.times_jailed for node in state.nodes.values()}


def others(state: State, known: Sequence[Outcome]) -> str:
    """How many there are besides these, by role; honest all of them, and unharmed but for those refused service."""
    named = frozenset(one.name for one in known)
    rest = [node for node in state.nodes.values() if node.name not in named]
    parts = {"honest and unharmed": False, "refused service although honest": True}
    counts = {text: Counter(node.role for node in rest if bool(node.refused) == was) for text, was in parts.items()}
    return "; ".join(
        f"{', '.join(plural(count, NOUNS.get(role, role)) for role, count in roles.items())} {text}"
        for text, roles in counts.items()
        if roles
    )


def groups(state: State) -> list[Group]:
    """The accounts by role and honesty."""
    found: dict[str, list[Node]] = {}
    for node in state.stakers:
        found.setdefault(f"{node.role}, {'dishonest' if node.lies else 'honest'}", []).append(node)
    return [
        Group(
            name=name,
            nodes=len(nodes),
            stake=sum(node.put_up for node in nodes) / OPG,
            income=sum(node.fees + node.rewards for node in nodes) / OPG,
            compute=sum(node.macs for node in nodes) * state.mac_price,
            slashed=sum(node.slashed for node in nodes) / OPG,
        )
        for name, nodes in found.items()
    ]
