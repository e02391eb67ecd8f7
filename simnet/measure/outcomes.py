"""Participant outcomes: what each did, by the ground truth, and what the protocol did about it."""

from __future__ import annotations

from dataclasses import dataclass

from chain.quantities import OPG
from simnet.measure.state import State
from simnet.measure.subjects import Node


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
    voided: int
    slashes: int
    slashed_opg: float
    refused: int
    """Requests that nodes refused for want of payment."""

    @property
    def open(self) -> int:
        """Frauds that were not decided at the end."""
        return self.committed - self.detected - self.finalised - self.voided

    @property
    def verdict(self) -> str:
        """The outcome in a few words, one of `VERDICTS`."""
        if self.finalised:
            return "slashed, frauds final" if self.slashes else "frauds final, not slashed"
        if self.slashes:
            return "slashed" if self.dishonest else "slashed although honest"
        if self.refused:
            return "refused service" if self.dishonest else "refused although honest"
        return "not punished" if self.dishonest else "unharmed"


VERDICTS = (
    "unharmed",
    "slashed",
    "refused service",
    "not punished",
    "slashed, frauds final",
    "frauds final, not slashed",
    "slashed although honest",
    "refused although honest",
)
"""Every outcome in words, from what ought to be to what ought not."""


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
        voided=node.voided,
        slashes=node.slashes,
        slashed_opg=node.slashed / OPG,
        refused=node.refused,
    )
