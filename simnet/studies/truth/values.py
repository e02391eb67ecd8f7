"""What an observation of a run can be: counts, tested exactly; a mean, by its standard error; amounts, to the wei."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

Z_95 = 1.959963984540054


@dataclass(frozen=True)
class Line:
    """A value that is linear in a share: a + b * share."""

    a: float = 0.0
    b: float = 1.0

    def value(self, share: float) -> float:
        """The value at a share."""
        return self.a + self.b * share

    def share(self, value: float) -> float:
        """The share at a value; NaN where none or every share gives it."""
        return (value - self.a) / self.b if self.b else math.nan


@dataclass(frozen=True)
class Ratio:
    """A value that is inverse to a share: k / share."""

    k: float

    def value(self, share: float) -> float:
        """The value at a share; infinite at 0."""
        return self.k / share if share else math.inf

    def share(self, value: float) -> float:
        """The share at a value; NaN at 0."""
        return self.k / value if value else math.nan


AS_IT_IS = Line()


@dataclass(frozen=True)
class Frequency:
    """So many of so many, read on a scale: as the share itself, or as a value that follows from it."""

    successes: int
    n: int
    scale: Line | Ratio = AS_IT_IS

    @property
    def share(self) -> float:
        """The share; NaN of nothing."""
        return self.successes / self.n if self.n else math.nan

    @property
    def value(self) -> float:
        """The share on its scale."""
        return self.scale.value(self.share)

    @property
    def interval(self) -> tuple[float, float]:
        """95 %, Wilson, on the same scale."""
        if not self.n:
            return math.nan, math.nan
        low, high = sorted(self.scale.value(share) for share in wilson(self.successes, self.n))
        return low, high


@dataclass(frozen=True)
class Shares:
    """Several frequencies of which each must be the expected one, such as that of each member of a panel."""

    parts: tuple[Frequency, ...]

    @property
    def n(self) -> int:
        """The trials of all of them."""
        return sum(part.n for part in self.parts)

    @property
    def value(self) -> float:
        """The one that is furthest from the share of all of them together."""
        if not self.n:
            return math.nan
        together = sum(part.successes for part in self.parts) / self.n
        return max((part.share for part in self.parts if part.n), key=lambda share: abs(share - together))

    @property
    def interval(self) -> tuple[float, float]:
        """From the least to the greatest."""
        shares = [part.share for part in self.parts if part.n]
        return (min(shares), max(shares)) if shares else (math.nan, math.nan)


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
        return self.value - Z_95 * self.error, self.value + Z_95 * self.error


@dataclass(frozen=True)
class Amounts:
    """Amounts that contracts computed or that follow from the log, each of which must be the expected one."""

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


Observation: TypeAlias = Frequency | Shares | Mean | Amounts


def wilson(successes: int, n: int) -> tuple[float, float]:
    """95 % interval of a share, Wilson's."""
    share, spread = successes / n, Z_95**2 / n
    middle = share + spread / 2
    half = Z_95 * math.sqrt(share * (1 - share) / n + spread / (4 * n))
    return max(0.0, (middle - half) / (1 + spread)), min(1.0, (middle + half) / (1 + spread))


def mean_of(values: Sequence[float]) -> Mean:
    """The mean of a sample with its standard error."""
    n = len(values)
    if n < 2:
        return Mean(values[0] if values else math.nan, math.inf, n)
    middle = math.fsum(values) / n
    spread = math.fsum((value - middle) ** 2 for value in values) / (n - 1)
    return Mean(middle, math.sqrt(spread / n), n)


def mean(values: Sequence[float]) -> float:
    """The mean; NaN of nothing."""
    return math.fsum(values) / len(values) if values else math.nan
