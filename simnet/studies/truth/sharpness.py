"""How small a bias a check would notice: tests at a stated level, their minimum detectable effect at a stated power.

A row is tested at `ALPHA`, which is 5 % divided by the number of rows that a suite may have (Bonferroni), so that a
suite in which everything is true is red once in twenty at the most. Its minimum detectable effect is the true value,
on either side of the expected one, from which on the test fails with probability `POWER`. Counts are tested exactly
(binomial, both tails alike); means by the normal distribution.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from simnet.studies.truth.values import AS_IT_IS, Amounts, Frequency, Mean, Observation, Ratio, Shares

FAMILY = 0.05
"""Probability that a suite of true statements is red."""

ROWS = 100
"""Tested rows that a suite may have at that level."""

ALPHA = FAMILY / ROWS
POWER = 0.8

BLUNT = 0.5
"""A row that would not notice a bias of half of what is expected is inconclusive."""

ROUNDING = 1e-9
"""How far out of [0, 1] floating point may put a share that is 0 or 1."""

STEPS = 60
"""Of each bisection: a share to 1e-18."""


@dataclass(frozen=True)
class Sharpness:
    """What a row would notice."""

    below: float | None
    """The largest smaller true value that it would notice, on the row's scale; ``None`` if it cannot fail low."""
    above: float | None
    """The smallest larger one; ``None`` if it cannot fail high."""
    bias: float
    """The larger of both deviations, relative to the expected value; for a share, to that of the rarer outcome, and
    for a value that is inverse to a share, to the share."""
    events: float | None = None
    """Expected number of the rarer outcome, for counts."""

    @property
    def is_blunt(self) -> bool:
        """Whether the row says too little to hold."""
        return not self.bias <= BLUNT


def sharpness_of(observed: Observation, expected: float) -> Sharpness | None:
    """What a row with so many observations would notice; ``None`` for amounts, where any deviation is noticed."""
    match observed:
        case Frequency():
            return of_frequency(observed, expected, ALPHA)
        case Shares():
            parts = [of_frequency(part, expected, ALPHA / len(observed.parts)) for part in observed.parts]
            return max(parts, key=lambda part: part.bias, default=Sharpness(None, None, math.inf))
        case Mean():
            return of_mean(observed, expected)
        case Amounts():
            return None


def share_of(observed: Frequency, expected: float) -> float | None:
    """The share that gives the expected value; ``None`` where none does."""
    share = observed.scale.share(expected)
    within = min(1.0, max(0.0, share))
    return within if abs(share - within) <= ROUNDING else None


def of_frequency(observed: Frequency, expected: float, alpha: float) -> Sharpness:
    """What the exact test of a count would notice."""
    share, n = share_of(observed, expected), observed.n
    if not n or share is None:
        return Sharpness(None, None, math.inf)
    lowest, highest = accepted(share, n, alpha)
    less, more = (bisect(lambda p: power(p, n, lowest, highest), share, end) for end in (0.0, 1.0))
    below, above = (None if side is None else observed.scale.value(side) for side in (less, more))
    blind = (less is None and share > 0) or (more is None and share < 1)
    deviations = [deviation(observed, expected, side) for side in (less, more) if side is not None]
    if observed.scale.value(0.0) > observed.scale.value(1.0):
        below, above = above, below
    return Sharpness(below, above, math.inf if blind else max(deviations), n * min(share, 1 - share))


def deviation(observed: Frequency, expected: float, share: float) -> float:
    """How far a true share is from the expected one, as `Sharpness.bias` has it."""
    due, scale = share_of(observed, expected) or 0.0, observed.scale
    if isinstance(scale, Ratio):
        return abs(share - due) / due
    if scale is AS_IT_IS or not expected:
        return abs(share - due) / (min(due, 1 - due) or 1.0)
    return abs(scale.value(share) - expected) / abs(expected)


def of_mean(observed: Mean, expected: float) -> Sharpness:
    """What the test of a mean would notice; inconclusive where nothing is expected that it could be relative to."""
    least = (critical() + quantile(POWER)) * observed.error
    bias = least / abs(expected) if expected and math.isfinite(least) else math.inf
    return Sharpness(expected - least, expected + least, bias)


def accepted(share: float, n: int, alpha: float) -> tuple[int, int]:
    """Least and greatest count that the exact two-sided test accepts: less than alpha / 2 lies beyond each."""
    from scipy.stats import binom

    return int(binom.ppf(alpha / 2, n, share)), int(binom.ppf(1 - alpha / 2, n, share))


def power(share: float, n: int, lowest: int, highest: int) -> float:
    """Probability of a count outside of these bounds at a true share."""
    return below(lowest, n, share) + above(highest, n, share)


def below(count: int, n: int, share: float) -> float:
    """Probability of fewer successes than so many."""
    from scipy.special import bdtr

    return float(bdtr(count - 1, n, share)) if count > 0 else 0.0


def above(count: int, n: int, share: float) -> float:
    """Probability of more successes than so many."""
    from scipy.special import bdtrc

    return float(bdtrc(count, n, share)) if count < n else 0.0


def bisect(power_at: Callable[[float], float], expected: float, end: float) -> float | None:
    """The share nearest to the expected one, towards an end, at which a test has `POWER`; ``None`` if none has."""
    if expected == end or power_at(end) < POWER:
        return None
    near, far = expected, end
    for _ in range(STEPS):
        middle = (near + far) / 2
        near, far = (near, middle) if power_at(middle) >= POWER else (middle, far)
    return far


def binomial_p(observed: Frequency, expected: float) -> float:
    """Exact two-sided p-value, twice the smaller tail; for an expected share of 0 or 1, whether there is no exception.

    0 where no share can give the expected value.
    """
    share = share_of(observed, expected)
    if not observed.n or share is None:
        return 0.0
    low = below(observed.successes + 1, observed.n, share)
    high = above(observed.successes - 1, observed.n, share) if observed.successes else 1.0
    return min(1.0, 2 * min(low, high))


def p_value(observed: Observation, expected: float) -> float | None:
    """Two-sided p-value of an observation, for several shares corrected for their number; ``None`` for amounts."""
    match observed:
        case Frequency():
            return binomial_p(observed, expected)
        case Shares():
            parts = [binomial_p(part, expected) for part in observed.parts]
            return min(1.0, len(parts) * min(parts, default=0.0))
        case Mean():
            return mean_p(observed, expected)
        case Amounts():
            return None


def mean_p(observed: Mean, expected: float) -> float:
    """By the normal distribution; 0 for a mean that is none or has no error."""
    if not math.isfinite(observed.value) or not observed.error > 0:
        return 0.0
    return math.erfc(abs(observed.value - expected) / observed.error / math.sqrt(2))


def critical() -> float:
    """Standard errors beyond which a mean fails."""
    return quantile(1 - ALPHA / 2)


def quantile(probability: float) -> float:
    """Of the standard normal distribution."""
    from statistics import NormalDist

    return NormalDist().inv_cdf(probability)
