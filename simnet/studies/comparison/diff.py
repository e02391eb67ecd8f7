"""What changed between two runs, or between two comparisons, and whether it is beyond noise.

Two runs of one seed live in the same world, so that counts and sums differ for no other reason than what was changed:
such a difference is exact, for that seed. Rates and percentiles are tested. Two runs of different seeds differ in
all that a seed draws, the network included: with a seed each there is no telling how much of a latency's difference
that is. Where there are several seeds on either side, values per seed are compared, over the seeds that both have if
they share any. All tests of a diff are judged together, so that no more than 5 % of what is said to be beyond noise
is expected not to be (Benjamini, Hochberg 1995).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from scipy import stats

from simnet.measure.timings import Courses
from simnet.studies.comparison import noise
from simnet.studies.comparison.catalogue import READINGS
from simnet.studies.comparison.change import BEYOND, EXACT, SAME, UNKNOWN, WITHIN, Change, relevance
from simnet.studies.comparison.estimates import pool
from simnet.studies.comparison.evidence import Evidence
from simnet.studies.comparison.fields import Field, fields
from simnet.studies.comparison.noise import ALPHA, Trial

ROUNDING = 1e-12
"""Share of a sum of many floating-point numbers that their order may change."""

SEEDS_DIFFER = "the seeds differ, and so does the network they draw"


@dataclass(frozen=True)
class Side:
    """One of two runs, or one of two comparisons."""

    path: Path
    about: str
    """What it is, in a few words."""
    scenario: Mapping[str, Any]
    """As resolved; in a comparison with the strategies by label."""
    manifest: Mapping[str, Any]
    evidence: Mapping[str, Sequence[Evidence]]
    """By label; a run's label is empty."""
    logs: tuple[str, ...]
    """Digests of the logs."""
    courses: Courses | None = None
    """What happened over the time of a run; a comparison has several."""
    inexact: str = ""
    """Why something other than scenario and seed went into it, such as times of a machine; empty if nothing did."""


@dataclass(frozen=True)
class Difference:
    """Everything that changed from the first side to the second."""

    first: Side
    second: Side
    scenario: list[Field]
    """Fields of the scenario, but for strategies that only one side has."""
    versions: list[Field]
    """Fields of the manifests."""
    changes: list[Change]
    """Every figure of every label that both sides have, the most relevant first."""

    @property
    def alone(self) -> dict[str, list[str]]:
        """Labels that only one side has, by its letter; sides without any are left out."""
        labels = {"A": list(self.first.evidence), "B": list(self.second.evidence)}
        both = self.first.evidence.keys() & self.second.evidence.keys()
        found = {letter: [label for label in one if label not in both] for letter, one in labels.items()}
        return {letter: one for letter, one in found.items() if one}

    @property
    def is_none(self) -> bool:
        """Whether the logs are the same, byte for byte."""
        return self.first.logs == self.second.logs

    def as_json(self) -> dict[str, Any]:
        """For scripts. JSON has no infinity: there is a word instead."""
        return {
            "a": str(self.first.path),
            "b": str(self.second.path),
            "same_logs": self.is_none,
            "scenario": [{"path": path, "a": one, "b": other} for path, one, other in self.scenario],
            "versions": [{"path": path, "a": one, "b": other} for path, one, other in self.versions],
            "figures": [change.as_json() for change in self.changes],
        }


def diff(first: Side, second: Side) -> Difference:
    """Hold two sides against each other."""
    inexact = first.inexact or second.inexact
    found = [
        change
        for label in first.evidence
        if label in second.evidence
        for change in compare(label, *alike(first.evidence[label], second.evidence[label]), inexact)
    ]
    return Difference(
        first=first,
        second=second,
        scenario=scenario_changes(first, second),
        versions=fields(first.manifest, second.manifest),
        changes=sorted(judged(found), key=relevance),
    )


def alike(first: Sequence[Evidence], second: Sequence[Evidence]) -> tuple[Sequence[Evidence], Sequence[Evidence]]:
    """The seeds that both sides have; all of them if they share none."""
    seeds = {one.seed for one in first} & {one.seed for one in second}
    if not seeds:
        return first, second
    return [one for one in first if one.seed in seeds], [one for one in second if one.seed in seeds]


def scenario_changes(first: Side, second: Side) -> list[Field]:
    """Every field of the scenario that differs, but for strategies that only one side has."""
    alone = tuple(f"compare.strategies.{label}." for label in first.evidence.keys() ^ second.evidence.keys())
    return [field for field in fields(first.scenario, second.scenario) if not field[0].startswith(alone)]


def compare(label: str, first: Sequence[Evidence], second: Sequence[Evidence], inexact: str) -> Iterator[Change]:
    """Every figure of one label, with the p-values of its tests but no verdict on them yet."""
    before, after = pool(first), pool(second)
    for reading in READINGS:
        change = Change(label, reading, before[reading].value, after[reading].value, SAME, "")
        if change.before == change.after or differ_by_rounding(change.before, change.after):
            yield change
        elif change.before is None or change.after is None:
            undefined = "before" if change.before is None else "after"
            yield replace(change, verdict=UNKNOWN, why=f"undefined {undefined}: n = 0")
        elif len(first) == len(second) == 1:
            yield of_runs(change, first[0], second[0], inexact)
        else:
            yield tested(change, over_seeds(reading, first, second))


def differ_by_rounding(before: float | None, after: float | None) -> bool:
    """Whether two numbers differ by no more than adding up the same amounts in another order may make them differ."""
    return before is not None and after is not None and math.isclose(before, after, rel_tol=ROUNDING)


def of_runs(change: Change, first: Evidence, second: Evidence, inexact: str) -> Change:
    """A figure of two runs."""
    spec, same_seed = change.spec, first.seed == second.seed
    if spec.statistics:
        share = int(change.reading.rpartition(".p")[2]) / 100
        before, after = first.observations[spec.name], second.observations[spec.name]
        found = tested(change, noise.percentiles(before, after, share, same_world=same_seed))
        if not same_seed and found.p is not None and found.p < ALPHA:
            return replace(found, p=None, verdict=UNKNOWN, why=f"n = 1 seed each: {SEEDS_DIFFER}")
        return found
    if spec.unit == "share":
        return tested(change, noise.rates(first.counts(spec.name), second.counts(spec.name)))
    if same_seed and not inexact:
        return replace(change, verdict=EXACT, why="counted under the same seed")
    why = inexact if same_seed else SEEDS_DIFFER
    return replace(change, verdict=UNKNOWN, why=f"n = 1 seed each: {why}")


def over_seeds(reading: str, first: Sequence[Evidence], second: Sequence[Evidence]) -> Trial:
    """A figure over several seeds, paired where they are the same."""
    before, after = values(reading, first), values(reading, second)
    if common := sorted(before.keys() & after.keys()):
        return noise.seeds([before[seed] for seed in common], [after[seed] for seed in common], matched=True)
    return noise.seeds(list(before.values()), list(after.values()), matched=False)


def values(reading: str, evidence: Sequence[Evidence]) -> dict[int, float]:
    """The value of each seed that has one."""
    found = ((one.seed, one.reading(reading)) for one in evidence)
    return {seed: value for seed, value in found if value is not None and math.isfinite(value)}


def tested(change: Change, trial: Trial) -> Change:
    """A change with the outcome of its test."""
    if trial.p is None:
        return replace(change, verdict=UNKNOWN, why=f"n = {trial.n}")
    why = f"{trial.method}, p = {trial.p:.2g}, n = {trial.n}"
    return replace(change, verdict=WITHIN, why=why, p=trial.p, interval=trial.interval)


def judged(changes: Sequence[Change]) -> list[Change]:
    """The changes with a verdict on every test, all of them taken together."""
    tests = [change.p for change in changes if change.p is not None]
    adjusted = iter(stats.false_discovery_control(tests).tolist() if tests else [])
    return [change if change.p is None else ruled(change, next(adjusted), len(tests)) for change in changes]


def ruled(change: Change, adjusted: float, tests: int) -> Change:
    """A tested change with its verdict."""
    if adjusted < ALPHA:
        return replace(change, verdict=BEYOND)
    assert change.p is not None
    among = f", no rarity among {tests} tests" if change.p < ALPHA else ""
    return replace(change, verdict=WITHIN, why=change.why + among)
