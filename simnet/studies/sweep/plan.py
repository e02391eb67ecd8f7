"""What a sweep runs: every combination of the values, each over every seed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from nodes.parameters import ParameterError
from simnet.batch.work import Work
from simnet.scenario.errors import Problem, ScenarioErrors
from simnet.scenario.load import load_scenario
from simnet.scenario.schema import Scenario
from simnet.studies.comparison.evidence import Evidence
from simnet.studies.comparison.ran import read_evidence
from simnet.studies.sweep.axis import Axis

MAX_RUNS = 10_000

UNJUDGED = ("expect=[]", "sometimes=[]", "compare={}")
"""What is changed at every point: expectations were written for the scenario's own values."""


@dataclass(frozen=True)
class Point:
    """A combination of values, one of each axis, and the scenario that it makes."""

    values: tuple[str, ...]
    scenario: Scenario


@dataclass(frozen=True)
class Plan:
    """Everything that is run."""

    name: str
    """Of the scenario."""
    axes: tuple[Axis, ...]
    points: tuple[Point, ...]
    """In the order of the axes: the last one changes fastest."""
    seeds: tuple[int, ...]

    def works(self) -> Iterator[tuple[Point, Work[Evidence]]]:
        """Every run. One seed after the other, so that what is cut short has something of every point."""
        for seed in self.seeds:
            for point in self.points:
                yield point, Work(point.scenario, seed, None, read_evidence, keeps=False)


def make_plan(file: Path, axes: Sequence[Axis], overrides: Sequence[str], seeds: Sequence[int]) -> Plan:
    """The plan for a scenario. Raises `ParameterError`, or `ScenarioErrors` with what is wrong at any point."""
    paths = [axis.path for axis in axes]
    for path in paths:
        if paths.count(path) > 1:
            raise ParameterError(f"'{path}' is varied twice", "put all its values into one --vary")
    count = math.prod(len(axis.values) for axis in axes)
    if count * len(seeds) > MAX_RUNS:
        message = f"{count:,} points, each over {len(seeds):,} seeds, are more than {MAX_RUNS:,} runs"
        raise ParameterError(message, "name fewer values, or fewer seeds")
    points = tuple(_points(file, axes, overrides))
    return Plan(points[0].scenario.name, tuple(axes), points, tuple(seeds))


def _points(file: Path, axes: Sequence[Axis], overrides: Sequence[str]) -> list[Point]:
    """Each point's scenario."""
    points: list[Point] = []
    problems: list[Problem] = []
    for values in itertools.product(*(axis.values for axis in axes)):
        changes = [axis.assignment(value) for axis, value in zip(axes, values, strict=True)]
        try:
            scenario = load_scenario(file, (*UNJUDGED, *overrides, *changes), to_run=True)
        except ScenarioErrors as errors:
            problems += errors.problems
            continue
        points.append(Point(values, scenario))
    if problems:
        once = {(one.message, str(one.place).partition("=")[0]): one for one in reversed(problems)}
        raise ScenarioErrors(str(file), once.values())
    return points
