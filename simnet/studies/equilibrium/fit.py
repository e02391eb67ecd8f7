"""Where best responses switch: a logistic curve through what participants chose, and how sure its middle is.

Each participant that met a value of the quantity under test prefers the one action or the other. The share that
prefers the second grows from 0 to 1 around the indifference threshold T; in the logarithm of the quantity x it follows

    P(x) = 1 / (1 + exp(-ln(x / T) / w))

with a width w that says how much experience scatters. T is found by maximum likelihood, and its interval holds every
T that a likelihood-ratio test does not refuse, whatever w is (the profile likelihood). Other than the formula of
Wald, that holds when all who met less chose one way and all who met more the other: then T is anywhere in between.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

CHI2_95 = 3.841458820694124
"""95 % point of the chi-squared distribution with one degree of freedom."""

POINTS = 801
"""Values of T that are tried."""

WIDTHS = np.geomspace(0.01, 2.0, 40)
"""Values of w that are tried: from a hundredth of T to more than all of it."""


@dataclass(frozen=True)
class Chosen:
    """What participants chose who met one value of the quantity."""

    value: float
    turned: int
    """How many prefer the second action."""
    n: int


@dataclass(frozen=True)
class Threshold:
    """A indifference threshold."""

    value: float
    low: float
    high: float
    """95 % interval."""
    width: float
    """w: the curve goes from a quarter to three quarters while the logarithm grows by about twice as much."""

    def share_at(self, value: float) -> float:
        """Share of participants that the curve says prefer the second action."""
        return 1 / (1 + math.exp(-math.log(value / self.value) / self.width))


def fit(choices: Sequence[Chosen], between: tuple[float, float]) -> Threshold:
    """The indifference threshold between two values; an interval that reaches one of them is open on that side."""
    points = np.linspace(math.log(between[0]), math.log(between[1]), POINTS)
    likelihood = log_likelihood(choices, points, WIDTHS)
    best_width = likelihood.argmax(axis=1)
    profile = likelihood.max(axis=1)
    plausible = points[2 * (profile.max() - profile) <= CHI2_95]
    best = points[profile >= profile.max() - 1e-9]
    middle = int(np.abs(points - best.mean()).argmin())
    value, low, high = (math.exp(x) for x in (points[middle], plausible[0], plausible[-1]))
    return Threshold(value, low, high, float(WIDTHS[best_width[middle]]))


def log_likelihood(choices: Sequence[Chosen], points: np.ndarray, widths: np.ndarray) -> np.ndarray:
    """Of every T (its logarithm) with every w: an array with a row for each T."""
    total = np.zeros((len(points), len(widths)))
    for one in choices:
        z = (math.log(one.value) - points[:, None]) / widths[None, :]
        total -= one.turned * np.logaddexp(0, -z) + (one.n - one.turned) * np.logaddexp(0, z)
    return total
