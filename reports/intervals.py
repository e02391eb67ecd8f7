"""95 % intervals that need no assumption about the shape of a distribution.

They speak of one run: how far its figures may be from those of endlessly many tasks under the same conditions.
How far runs of different seeds differ, a sweep tells.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import bdtr

from simnet.measure.metric import Z95

Interval = tuple[float, float]


def of_quantile(ordered: Sequence[float], share: float) -> Interval | None:
    """Order statistics that enclose a quantile (Conover, Practical Nonparametric Statistics, 3rd ed., 3.2).

    `ordered` ascends. How many values lie below the quantile is binomial; each tail has 2.5 % at the most.
    ``None`` where there are too few values for a bound on both sides.
    """
    n = len(ordered)
    at_most = bdtr(np.arange(n), n, share)
    low, high = int(np.searchsorted(at_most, 0.025, side="right")), int(np.searchsorted(at_most, 0.975))
    return (ordered[low - 1], ordered[high]) if low > 0 and high < n else None


def of_mean(values: Sequence[float]) -> Interval | None:
    """Normal approximation; ``None`` for fewer than two values."""
    n = len(values)
    if n < 2:
        return None
    mean = math.fsum(values) / n
    half = Z95 * math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1) / n)
    return mean - half, mean + half


def of_distribution(n: int) -> float:
    """How far an empirical distribution of n values is from the true one anywhere, at most (Massart 1990)."""
    return math.sqrt(math.log(2 / 0.05) / (2 * n))
