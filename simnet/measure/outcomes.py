"""Participant outcomes: what each did, by the ground truth, and what the protocol did about it."""

from __future__ import annotations

from dataclasses import dataclass

from chain.quantities import OPG
from simnet.measure.state import Node, State


@dataclass(frozen=True)
class Outcome:
    """A participant's record in a run."""

    name: str
    role: str
    behaviours: tuple[str, ...]
    """Ground truth: how it was told to behave; empty for honest."""
    dishonest: bool
    """Whether it acted on a dishonest one."""
    acts: int
    """Dishonest acts: answers, checks, votes, reveals, payments, inclusions."""
    committed: int
    """Frauds in posted batches."""
    detected: int
    finalised: int
    slashes: int
    slashed_opg: float
    refused: int
    """Requests that nodes refused for want of payment."""

    @property
    def fate(self) -> str:
        """What became of it, in a word or two."""
        if self.finalised:
            return "got away with some" if self.slashes else "got away with it"
        if self.slashes:
            return "slashed" if self.dishonest else "slashed although honest"
        if self.refused:
            return "refused service"
        if self.dishonest:
            return "not punished"
        return "unharmed"


def outcomes(state: State) -> list[Outcome]:
    """Participants that were told to misbehave or were slashed, in order of joining."""
    return [outcome(node) for node in state.nodes.values() if node.behaviours or node.slashes]


def outcome(node: Node) -> Outcome:
    """What became of one."""
    return Outcome(
        name=node.name,
        role=node.role,
        behaviours=tuple(node.behaviours),
        dishonest=node.lies > 0,
        acts=node.lies,
        committed=node.committed,
        detected=node.detected,
        finalised=node.finalised,
        slashes=node.slashes,
        slashed_opg=node.slashed / OPG,
        refused=node.refused,
    )
