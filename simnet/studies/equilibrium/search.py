"""Looks for a indifference threshold: first over the whole range, then again and again where it may be.

Nothing here knows the formula that the result is held against. Each round spreads its runs by equal factors: the
first over the range of the scenario, each later one over the interval of what is known by then, and the curve's width
beyond it on both sides, where a participant's choice still says something.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np

from simnet.batch.batch import Batch, carry_out
from simnet.scenario import equilibrium as section
from simnet.studies.equilibrium.fit import Chosen, Threshold, fit
from simnet.studies.equilibrium.probe import Probed, probe, probed, statement_of
from simnet.theory.formulas import FORMULAS


@dataclass(frozen=True)
class Effort:
    """How hard to look."""

    rounds: int = 3
    runs: int = 6
    """In each round."""

    @property
    def total(self) -> int:
        """Runs in all."""
        return self.rounds * self.runs


@dataclass(frozen=True)
class Found:
    """A statement, and what participants chose."""

    file: Path
    statement: section.Indifference
    probed: tuple[Probed, ...]
    """In the order of the rounds."""

    @property
    def choices(self) -> list[Chosen]:
        """Who chose what, from the least value to the largest."""
        return sorted((one.chosen for one in self.probed), key=lambda chosen: chosen.value)

    @property
    def threshold(self) -> Threshold:
        """Where their best response switches."""
        return fit(self.choices, self.statement.between)

    @property
    def expected(self) -> float:
        """Where theory says that they do."""
        return float(FORMULAS[self.statement.formula](**self.statement.with_))

    @property
    def is_bounded(self) -> bool:
        """Whether the interval ends before the range that was searched does; one that does not says little."""
        low, high = self.statement.between
        return low * (1 + 1e-9) < self.threshold.low and self.threshold.high < high * (1 - 1e-9)

    @property
    def held(self) -> bool:
        """Whether theory is within the interval, and the interval is one."""
        return self.is_bounded and self.threshold.low <= self.expected <= self.threshold.high


Tell: TypeAlias = Callable[[section.Indifference, Probed, bool], None]
"""Hears of each run that is over, and whether it was known before."""


def search(
    files: Sequence[Path], overrides: tuple[str, ...], effort: Effort, batch: Batch, tell: Tell = lambda *_: None
) -> list[Found]:
    """Search the thresholds of scenario files. Raises `SimnetError` for a bad file or a run that failed."""
    found = [Found(file, statement_of(file, overrides), ()) for file in files]
    for _ in range(effort.rounds):
        found = look_closer(found, overrides, effort.runs, batch, tell)
    return found


def look_closer(found: Sequence[Found], overrides: tuple[str, ...], runs: int, batch: Batch, tell: Tell) -> list[Found]:
    """One round more, of all cases at once: what was found before, and so many runs of each."""
    asked = [
        (one, value, len(one.probed) + i)
        for one in found
        for i, value in enumerate(spread(one.choices, one.statement.between, runs))
    ]
    works = [probe(one.file, overrides, value, number) for one, value, number in asked]
    shown: dict[int, Probed] = {}
    for over in carry_out(works, batch):
        one, value, _ = asked[over.number]
        shown[over.number] = probed(over.work, value, over.summary)
        tell(one.statement, shown[over.number], over.was_known)
    in_order = [shown[number] for number in range(len(works))]
    return [replace(one, probed=(*one.probed, *in_order[runs * i : runs * (i + 1)])) for i, one in enumerate(found)]


def spread(choices: Sequence[Chosen], between: tuple[float, float], count: int) -> list[float]:
    """The values of the next round, given what was chosen so far."""
    low, high = between
    if choices:
        now = fit(choices, between)
        low, high = max(low, now.low * math.exp(-now.width)), min(high, now.high * math.exp(now.width))
    return [float(value) for value in np.geomspace(low, high, count)]
