"""What is kept of many values: a distribution, exact or within half a percent, and a course over time."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field

import numpy as np

from simnet.measure.snapshot import Growing

ACCURACY = 0.005
"""Largest relative error of a percentile that is not exact."""

GAMMA = (1 + ACCURACY) / (1 - ACCURACY)
LOG_GAMMA = math.log(GAMMA)

BINS_MAX = 120
"""Bins of a course; when time outgrows them, two become one."""


@dataclass(slots=True)
class Distribution:
    """Values and what they are of.

    An exact one keeps 16 bytes for each: the value, and a key by which two runs can pair theirs. One that is not is
    bounded: it counts in buckets that grow by a constant factor (DDSketch, Masson et al. 2019), where what is not
    positive counts as 0.
    """

    exact: bool = False
    n: int = 0
    total: float = 0.0
    """Sum of the values."""
    values: Growing = field(default_factory=lambda: Growing("d"))
    """In order of arrival; empty unless exact."""
    keys: Growing = field(default_factory=lambda: Growing("Q"))
    """What each value is of."""
    zeros: int = 0
    buckets: dict[int, int] = field(default_factory=dict)

    def add(self, value: float, of: str = "") -> None:
        """Take in one value, of this task or node."""
        self.n += 1
        self.total += value
        if self.exact:
            self.values.append(value)
            self.keys.append(key_of(of))
        elif value <= 0.0:
            self.zeros += 1
        else:
            bucket = math.ceil(math.log(value) / LOG_GAMMA)
            self.buckets[bucket] = self.buckets.get(bucket, 0) + 1

    def quantile(self, share: float) -> float | None:
        """The value below which that share of the values lies, by linear interpolation; ``None`` if there are none."""
        if not self.n:
            return None
        if self.exact:
            return float(np.quantile(np.frombuffer(self.values), share))
        rank = share * (self.n - 1)
        low, high = self._value(math.floor(rank)), self._value(math.ceil(rank))
        return low + (high - low) * (rank % 1)

    def _value(self, rank: int) -> float:
        """The value of that rank, from 0."""
        seen = self.zeros
        if rank < seen:
            return 0.0
        for bucket in sorted(self.buckets):
            seen += self.buckets[bucket]
            if rank < seen:
                break
        return 2 * GAMMA**bucket / (GAMMA + 1)

    def up_to(self, bound: float) -> int:
        """How many values are at most `bound`, where the distribution is not exact within its accuracy."""
        if self.exact:
            return int((np.frombuffer(self.values) <= bound).sum()) if self.n else 0
        last = math.log(bound) / LOG_GAMMA if bound > 0 else -math.inf
        return self.zeros + sum(count for bucket, count in self.buckets.items() if bucket <= last)

    def histogram(self, columns: int) -> tuple[float, float, list[int]]:
        """Smallest value, largest value, and how many lie in each of at most `columns` steps of equal ratio between."""
        if not self.buckets or columns < 1:
            return 0.0, 0.0, [0] * columns
        first, last = min(self.buckets), max(self.buckets)
        steps = min(columns, last - first + 1)  # no more than there are buckets, or some would be empty for that alone
        counts = [0] * steps
        for bucket, count in self.buckets.items():
            counts[(bucket - first) * steps // (last - first + 1)] += count
        return GAMMA ** (first - 1), GAMMA**last, counts


def key_of(name: str) -> int:
    """Eight bytes that stand for a task or node in every run and process."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")


@dataclass(slots=True)
class Course:
    """Number and sum of values by simulated time, from second 0 on."""

    width_s: float = 1.0
    """What one bin spans; a power of two."""
    counts: list[int] = field(default_factory=list)
    totals: list[float] = field(default_factory=list)

    def add(self, time_s: float, value: float = 1.0) -> None:
        """Take in one value."""
        index = int(time_s / self.width_s)
        while index >= BINS_MAX:
            self.counts = [sum(self.counts[i : i + 2]) for i in range(0, len(self.counts), 2)]
            self.totals = [sum(self.totals[i : i + 2]) for i in range(0, len(self.totals), 2)]
            self.width_s *= 2
            index = int(time_s / self.width_s)
        missing = index + 1 - len(self.counts)
        if missing > 0:
            self.counts += [0] * missing
            self.totals += [0.0] * missing
        self.counts[index] += 1
        self.totals[index] += value
