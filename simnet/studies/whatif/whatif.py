"""Two parameter sets on the same scenarios and seeds, and what differs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from chain.errors import SimnetError
from simnet.batch.batch import Batch, Over, carry_out
from simnet.batch.work import Work
from simnet.scenario.load import load_scenario
from simnet.scenario.schema import Scenario
from simnet.studies.comparison.change import Change
from simnet.studies.comparison.diff import Difference, Side, diff
from simnet.studies.whatif.idle import idle
from simnet.studies.whatif.parameters import ParameterSet
from simnet.studies.whatif.punished import Witnessed, witness

LETTERS = ("A", "B")


class RunFailed(SimnetError):
    """A run of a what-if did not finish."""


@dataclass(frozen=True)
class Subject:
    """A scenario under both sets."""

    file: Path
    sides: tuple[Scenario, Scenario]
    idle: tuple[tuple[str, ...], tuple[str, ...]]
    """What can never act, on each side."""

    @property
    def name(self) -> str:
        """Of the scenario."""
        return self.sides[0].name


@dataclass(frozen=True)
class Slashings:
    """How often a participant was slashed on one side, over all seeds, and for how much."""

    seeds: int
    """In which it was slashed."""
    first_s: float | None
    """When for the first time: median over these seeds."""
    opg: float
    """What it lost: mean over all seeds."""
    wrongly: int
    """Slashes of it, over all seeds, before which it had done nothing dishonest."""
    slashes: int


@dataclass(frozen=True)
class Seen:
    """A subject, and what its runs showed."""

    subject: Subject
    runs: tuple[tuple[Witnessed, ...], tuple[Witnessed, ...]]
    """Of each side, by seed."""
    digests: tuple[tuple[str, ...], tuple[str, ...]]

    @cached_property
    def difference(self) -> Difference:
        """Every figure, and whether its change is beyond noise."""
        both = [
            Side(
                path=self.subject.file,
                about=f"{self.subject.name}, {letter}",
                scenario=scenario.model_dump(mode="json", by_alias=True),
                manifest={},
                evidence={"": tuple(run.evidence for run in runs)},
                logs=digests,
            )
            for letter, scenario, runs, digests in zip(
                LETTERS, self.subject.sides, self.runs, self.digests, strict=True
            )
        ]
        return diff(both[0], both[1])

    @property
    def real(self) -> list[Change]:
        """Changes that are more than noise."""
        return [change for change in self.difference.changes if change.is_real]

    @cached_property
    def slashings(self) -> Mapping[str, tuple[Slashings, Slashings]]:
        """Of everybody who was slashed on either side, by name."""
        names = sorted({one.who for runs in self.runs for run in runs for one in run.punishments})
        return {name: (slashings_of(name, self.runs[0]), slashings_of(name, self.runs[1])) for name in names}

    def logs(self) -> Iterator[tuple[str, str]]:
        """Letter and digest of every run."""
        for letter, digests in zip(LETTERS, self.digests, strict=True):
            yield from ((letter, digest) for digest in digests)

    def slashed_opg(self, side: int, *, rightly: bool) -> float:
        """What was taken rightly, or wrongly, on average over the seeds."""
        runs = self.runs[side]
        return float(np.mean([sum(one.opg for one in run.punishments if one.rightly is rightly) for run in runs]))

    def wrongly_slashed_share(self, side: int) -> float:
        """Share of the participants with a stake that were slashed wrongly, on average over the seeds."""
        shares = [
            len({one.who for one in run.punishments if not one.rightly}) / max(run.participants, 1)
            for run in self.runs[side]
        ]
        return float(np.mean(shares))


@dataclass(frozen=True)
class WhatIf:
    """The whole comparison."""

    sets: tuple[ParameterSet, ParameterSet]
    seeds: tuple[int, ...]
    seen: tuple[Seen, ...]

    @property
    def digest(self) -> str:
        """SHA-256 over both sets and the digests of all logs, as hex."""
        lines = [one.model_dump_json(by_alias=True) for one in self.sets]
        lines += [f"{one.subject.name} {letter} {digest}" for one in self.seen for letter, digest in one.logs()]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "sets": [one.model_dump(mode="json", by_alias=True) for one in self.sets],
            "seeds": list(self.seeds),
            "digest": self.digest,
            "scenarios": [
                {
                    "name": one.subject.name,
                    "never_acts": dict(zip(LETTERS, map(list, one.subject.idle), strict=True)),
                    "rightly_slashed_opg": {
                        letter: one.slashed_opg(i, rightly=True) for i, letter in enumerate(LETTERS)
                    },
                    "wrongly_slashed_opg": {
                        letter: one.slashed_opg(i, rightly=False) for i, letter in enumerate(LETTERS)
                    },
                    "wrongly_slashed_share": {letter: one.wrongly_slashed_share(i) for i, letter in enumerate(LETTERS)},
                    "punished": {
                        name: {letter: vars(found) for letter, found in zip(LETTERS, both, strict=True)}
                        for name, both in one.slashings.items()
                    },
                    "changes": [change.as_json() for change in one.real],
                    "logs": [[letter, digest] for letter, digest in one.logs()],
                }
                for one in self.seen
            ],
        }

    def tidy(self) -> pd.DataFrame:
        """A row for each slash of each run."""
        rows = [
            (one.subject.name, letter, seed, *vars(slash).values())
            for one in self.seen
            for letter, runs in zip(LETTERS, one.runs, strict=True)
            for seed, run in zip(self.seeds, runs, strict=True)
            for slash in run.punishments
        ]
        return pd.DataFrame(rows, columns=["scenario", "set", "seed", "who", "at_s", "opg", "reason", "rightly"])


def slashings_of(name: str, runs: Sequence[Witnessed]) -> Slashings:
    """A participant's on one side."""
    of_each = [[one for one in run.punishments if one.who == name] for run in runs]
    struck = [found for found in of_each if found]
    return Slashings(
        seeds=len(struck),
        first_s=float(np.median([found[0].at_s for found in struck])) if struck else None,
        opg=sum(one.opg for found in of_each for one in found) / len(runs),
        wrongly=sum(not one.rightly for found in of_each for one in found),
        slashes=sum(map(len, of_each)),
    )


def subject(file: Path, sets: tuple[ParameterSet, ParameterSet], overrides: Sequence[str]) -> Subject:
    """A scenario under both sets. Raises `ScenarioErrors`."""
    before = load_scenario(file, tuple(overrides))
    first, second = (load_scenario(file, (*overrides, *one.assignments()), to_run=True) for one in sets)
    never = tuple(
        tuple(idle(scenario, one.assignments(), before)) for scenario, one in zip((first, second), sets, strict=True)
    )
    return Subject(file, (first, second), (never[0], never[1]))


def what_if(
    sets: tuple[ParameterSet, ParameterSet],
    subjects: Sequence[Subject],
    seeds: Sequence[int],
    batch: Batch,
    tell: Callable[[Over[Witnessed]], None] = lambda _: None,
) -> WhatIf:
    """Run everything. Raises `RunFailed` where a run did not finish."""
    works = [
        Work(scenario.model_copy(update={"expect": (), "sometimes": ()}), seed, None, witness, keeps=False)
        for one in subjects
        for scenario in one.sides
        for seed in seeds
    ]
    overs: dict[int, Over[Witnessed]] = {}
    for over in carry_out(works, batch):
        tell(over)
        if over.summary.found is None:
            name = over.work.scenario.name
            raise RunFailed(f"{name}, seed {over.work.seed}: {over.summary.state}: {over.summary.reason}")
        overs[over.number] = over
    in_order = iter([overs[number] for number in range(len(works))])
    return WhatIf(sets, tuple(seeds), tuple(_seen(one, in_order, len(seeds)) for one in subjects))


def _seen(one: Subject, overs: Iterator[Over[Witnessed]], seeds: int) -> Seen:
    sides = [[next(overs) for _ in range(seeds)] for _ in LETTERS]
    runs = [tuple(over.summary.found for over in side if over.summary.found is not None) for side in sides]
    logs = [tuple(over.summary.results.digest for over in side if over.summary.results) for side in sides]
    return Seen(one, (runs[0], runs[1]), (logs[0], logs[1]))
