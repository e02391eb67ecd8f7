"""What an observation of a run can be: a frequency, tested exactly; a mean, by its error; amounts, to the wei."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from simnet.measure.metric import wilson


@dataclass(frozen=True)
class Frequency:
    """So many of so many."""

    successes: int
    n: int

    @property
    def value(self) -> float:
        """The share; NaN of nothing."""
        return self.successes / self.n if self.n else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """95 %, Wilson."""
        return wilson(self.successes, self.n) if self.n else (0.0, 1.0)


@dataclass(frozen=True)
class Mean:
    """The mean of independent values."""

    value: float
    error: float
    """Its standard error."""
    n: int

    @property
    def interval(self) -> tuple[float, float]:
        """95 %, normal."""
        return self.value - 1.96 * self.error, self.value + 1.96 * self.error


@dataclass(frozen=True)
class Amounts:
    """Amounts that contracts computed, each of which must be the expected one."""

    values: tuple[float, ...]

    @property
    def n(self) -> int:
        """How many."""
        return len(self.values)

    @property
    def value(self) -> float:
        """The one that is furthest from the first, so that a single odd one shows."""
        return max(self.values, key=lambda value: abs(value - self.values[0])) if self.values else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """From the least to the greatest."""
        return (min(self.values), max(self.values)) if self.values else (math.nan, math.nan)


Observation: TypeAlias = Frequency | Mean | Amounts


def mean_of(values: Sequence[float]) -> Mean:
    """The mean of a sample with its standard error."""
    n = len(values)
    if n < 2:
        return Mean(values[0] if values else math.nan, math.inf, n)
    middle = math.fsum(values) / n
    spread = math.fsum((value - middle) ** 2 for value in values) / (n - 1)
    return Mean(middle, math.sqrt(spread / n), n)
