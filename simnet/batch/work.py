"""One run of a study and what it came to. Both can be sent from process to process.

A unit of work is known by the digest of its resolved scenario, by its seed, and by what is read from its run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from simnet.run import Finished
from simnet.scenario.schema import Scenario
from simnet.verdict.results import Results

FINISHED, FAILED, INTERRUPTED = "finished", "failed", "interrupted"
"""How a run can end."""

T = TypeVar("T")

Read: TypeAlias = Callable[[Scenario, Finished], T]
"""Reads from a finished run, while its directory is there, what its study needs. A function that can be pickled."""


class Unit(Protocol):
    """Something to be done whose result can be kept."""

    @property
    def key(self) -> str:
        """A name that no other unit has."""
        ...

    @property
    def keeps(self) -> bool:
        """Whether it leaves a run directory."""
        ...

    @property
    def out(self) -> Path | None:
        """Where that is to be, if that is not left open."""
        ...


@dataclass(frozen=True)
class Work(Generic[T]):
    """One run to be done, by whichever process."""

    scenario: Scenario
    seed: int
    """In place of the scenario's own."""
    out: Path | None
    """The run directory; by default one of its own below `simnet.run.RUNS`."""
    read: Read[T]
    keeps: bool = True
    """Whether the run directory stays. If not, it is a temporary one that is gone once it has been read."""
    command: str = ""
    """What the user typed, for the manifest."""

    @property
    def resolved(self) -> Scenario:
        """What is run."""
        return self.scenario.model_copy(update={"seed": self.seed})

    @property
    def key(self) -> str:
        """A name that no other unit has."""
        scenario = self.scenario.model_copy(update={"seed": 0}).resolved_yaml()
        identity = f"{self.read.__module__}.{self.read.__qualname__}\n{scenario}"
        return f"{hashlib.sha256(identity.encode()).hexdigest()[:32]}-{self.seed}"


@dataclass(frozen=True)
class RunSummary(Generic[T]):
    """What became of a run."""

    state: str
    reason: str = ""
    """Why it did not finish."""
    wall_s: float = 0.0
    """Reading included."""
    results: Results | None = None
    """Its verdict, if it got as far; a run whose chain died has one and failed all the same."""
    directory: Path | None = None
    """The run directory, if it was kept."""
    found: T | None = None
    """What was read from it, if it finished."""

    @property
    def digest(self) -> str:
        """Of its log, if it finished; otherwise empty."""
        return self.results.digest if self.results is not None and self.found is not None else ""

    @property
    def broken(self) -> tuple[str, ...]:
        """Invariants that do not hold."""
        return tuple(one.name for one in self.results.invariants if not one.held) if self.results else ()


def exit_code(summaries: Iterable[RunSummary[Any]]) -> int:
    """How a study of these runs ends: 4 if one failed, 1 if an invariant broke, 3 if one was interrupted, else 0."""
    states, broken = set(), False
    for summary in summaries:
        states.add(summary.state)
        broken = broken or bool(summary.broken)
    if FAILED in states:
        return 4
    if broken:
        return 1
    return 3 if INTERRUPTED in states else 0
