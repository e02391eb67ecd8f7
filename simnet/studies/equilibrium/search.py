"""Looks for a tipping point: first over the whole range, then again and again where it may be.

Nothing here knows the formula that the result is held against. Each round spreads its runs by equal factors: the
first over the range of the scenario, each later one over the interval of what is known by then, and the curve's width
beyond it on both sides, where a participant's choice still says something.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, wait
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simnet.scenario import equilibrium as section
from simnet.studies.equilibrium.fit import Chosen, Tipping, fit
from simnet.studies.equilibrium.probe import Probe, Probed, carry_out, tipping_of
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
    statement: section.Tipping
    probed: tuple[Probed, ...]
    """In the order of the rounds."""

    @property
    def choices(self) -> list[Chosen]:
        """Who chose what, from the least value to the largest."""
        return sorted((one.chosen for one in self.probed), key=lambda chosen: chosen.value)

    @property
    def tipping(self) -> Tipping:
        """Where they change their minds."""
        return fit(self.choices, self.statement.between)

    @property
    def expected(self) -> float:
        """Where theory says that they do."""
        return float(FORMULAS[self.statement.formula](**self.statement.with_))

    @property
    def is_bounded(self) -> bool:
        """Whether the interval ends before the range that was searched does; one that does not says little."""
        low, high = self.statement.between
        return low * (1 + 1e-9) < self.tipping.low and self.tipping.high < high * (1 - 1e-9)

    @property
    def held(self) -> bool:
        """Whether theory is within the interval, and the interval is one."""
        return self.is_bounded and self.tipping.low <= self.expected <= self.tipping.high


def search(
    file: Path,
    overrides: tuple[str, ...],
    effort: Effort,
    executor: Executor,
    tell: Callable[[Probed], None] = lambda _: None,
) -> Found:
    """Look for the tipping point of a scenario file. Raises `SimnetError` for a bad file or a run that failed."""
    statement = tipping_of(file, overrides)
    probed: list[Probed] = []
    for _ in range(effort.rounds):
        values = spread([one.chosen for one in probed], statement.between, effort.runs)
        probes = [Probe(file, overrides, value, len(probed) + i) for i, value in enumerate(values)]
        probed += carry_out_all(probes, executor, tell)
    return Found(file, statement, tuple(probed))


def spread(choices: Sequence[Chosen], between: tuple[float, float], count: int) -> list[float]:
    """The values of the next round, given what was chosen so far."""
    low, high = between
    if choices:
        now = fit(choices, between)
        low, high = max(low, now.low * math.exp(-now.width)), min(high, now.high * math.exp(now.width))
    return [float(value) for value in np.geomspace(low, high, count)]


def carry_out_all(probes: Sequence[Probe], executor: Executor, tell: Callable[[Probed], None]) -> list[Probed]:
    """Carry runs out, telling of each when it is over; returns them in order. If one fails, the rest is taken back."""
    pending = {executor.submit(carry_out, probe) for probe in probes}
    probed: list[Probed] = []
    try:
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            probed += [future.result() for future in done]
            for one in probed[-len(done) :]:
                tell(one)
    finally:
        for future in pending:
            future.cancel()
    return sorted(probed, key=lambda one: one.probe.number)
