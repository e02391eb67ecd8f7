"""Whether two figures differ by more than noise: one test for each way in which a figure can be noisy.

- Rates: Fisher's exact test, with the interval of the difference after Newcombe (method 10 of "Interval estimation
  for the difference between independent proportions", Statistics in Medicine 17, 1998).
- Percentiles: bootstrap of the difference. Under the same seed both runs have the same tasks, and these are drawn in
  pairs, so that what tasks differ by is no noise. Otherwise, a percentile of a bootstrap sample is an order statistic
  of the original one whose rank follows a beta distribution, so that no sample needs to be drawn.
- Anything over several seeds: Student's t on one value per seed, paired where both sides ran the same seeds, Welch's
  otherwise. The seed is then the unit of replication, which is the safest of the three.

The first two take the tasks of a run for independent. Under different seeds that does not hold for latencies, see
`simnet.studies.comparison.diff`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import stats

from simnet.measure.metric import wilson
from simnet.studies.comparison.estimates import CONFIDENCE, Bounds
from simnet.studies.comparison.evidence import Observations

Floats: TypeAlias = npt.NDArray[np.float64]

ALPHA = 1 - CONFIDENCE

RESAMPLES, RESAMPLES_OF_PAIRS = 20_000, 2_000
"""Draws of a bootstrap; p-values are no finer than two parts in that many."""

CHUNK = 200
"""Samples of pairs that are held in memory at a time."""

MAX_PAIRS = 5_000
"""Above that, samples are so large that pairing would cost more than it gains."""

PAIRABLE = 0.9
"""Share of the larger sample that must have its pair; otherwise there is no telling who is missing."""

BOOTSTRAP_SEED = 0
"""The same two runs get the same verdict every time."""


@dataclass(frozen=True)
class Trial:
    """The outcome of a test."""

    p: float | None
    """``None`` if the test could not have told, whatever the difference."""
    interval: Bounds | None
    """95 % interval of the difference, second less first."""
    method: str
    n: str
    """What it rests on, as in ``33 and 30``."""


def rates(first: tuple[int, int], second: tuple[int, int]) -> Trial:
    """Two rates as successes and n."""
    (k1, n1), (k2, n2) = first, second
    method, n = "Fisher's exact test", f"{n1:,} and {n2:,}"
    if not n1 or not n2 or fisher(0, n1, n2, n2) >= ALPHA:
        return Trial(None, None, method, f"{n}: too few")
    return Trial(fisher(k1, n1, k2, n2), newcombe(first, second), method, n)


def fisher(k1: int, n1: int, k2: int, n2: int) -> float:
    """p-value of Fisher's exact test."""
    return float(stats.fisher_exact([[k1, n1 - k1], [k2, n2 - k2]]).pvalue)


def newcombe(first: tuple[int, int], second: tuple[int, int]) -> tuple[float, float]:
    """95 % interval of the second rate less the first."""
    one, other = first[0] / first[1], second[0] / second[1]
    (low1, high1), (low2, high2) = wilson(*first), wilson(*second)
    middle = other - one
    return middle - math.hypot(other - low2, high1 - one), middle + math.hypot(high2 - other, one - low1)


def percentiles(first: Observations, second: Observations, share: float, *, same_world: bool) -> Trial:
    """The same percentile of two samples; tasks of the same world are paired if there are not too many of them."""
    n, needed = f"{first.size:,} and {second.size:,}", fewest(share)
    if min(first.size, second.size) < needed:
        return Trial(None, None, "bootstrap", f"{n}, and this percentile needs {needed}")
    draws, common = np.random.default_rng(BOOTSTRAP_SEED), first.index.intersection(second.index)
    one, other = (np.asarray(sample, dtype=np.float64) for sample in (first, second))
    if same_world and PAIRABLE * max(first.size, second.size) <= common.size <= MAX_PAIRS:
        one, other = (np.asarray(sample[common], dtype=np.float64) for sample in (first, second))
        differences = resampled_pairs(one, other, share, draws)
        method, n = "paired bootstrap", f"{common.size:,} tasks"
    else:
        differences = resampled(other, share, draws) - resampled(one, share, draws)
        method = "bootstrap"
    tail = min(float((differences <= 0).mean()), float((differences >= 0).mean()))
    low, high = np.quantile(differences, [ALPHA / 2, 1 - ALPHA / 2])
    return Trial(min(1.0, 2 * max(tail, 1 / differences.size)), (float(low), float(high)), method, n)


def fewest(share: float) -> int:
    """Observations that it takes for a percentile to have a value on both sides with enough certainty."""
    return math.ceil(math.log(ALPHA / 2) / math.log(max(share, 1 - share)))


def resampled(sample: Floats, share: float, draws: np.random.Generator) -> Floats:
    """A percentile of many bootstrap samples."""
    n = sample.size
    rank = math.ceil(n * share)
    picked = (n * draws.beta(rank, n - rank + 1, RESAMPLES)).astype(np.int64)
    return np.asarray(np.sort(sample)[np.minimum(picked, n - 1)], dtype=np.float64)


def resampled_pairs(first: Floats, second: Floats, share: float, draws: np.random.Generator) -> Floats:
    """Differences of a percentile over many bootstrap samples of pairs."""
    chunks = []
    for _ in range(RESAMPLES_OF_PAIRS // CHUNK):
        picked = draws.integers(first.size, size=(CHUNK, first.size))
        chunks.append(np.quantile(second[picked], share, axis=1) - np.quantile(first[picked], share, axis=1))
    return np.concatenate(chunks)


def seeds(first: Sequence[float] | Floats, second: Sequence[float] | Floats, *, matched: bool) -> Trial:
    """One value per seed; `matched` if both sides have the same seeds, in the same order."""
    n = f"{len(first)} seeds" if matched else f"{len(first)} and {len(second)} seeds"
    method = "paired t" if matched else "Welch's t"
    if min(len(first), len(second)) < 2:
        return Trial(None, None, method, f"{n}: too few")
    one, other = np.asarray(first), np.asarray(second)
    if matched:
        error, freedom = float((other - one).std(ddof=1)) / math.sqrt(len(one)), len(one) - 1.0
    else:
        error, freedom = welch(one.var(ddof=1) / len(one), len(one), other.var(ddof=1) / len(other), len(other))
    return student(float(other.mean() - one.mean()), error, freedom, method, n)


def welch(v1: float, n1: int, v2: float, n2: int) -> tuple[float, float]:
    """Standard error of a difference of means and its degrees of freedom, from the means' variances."""
    both = float(v1 + v2)
    if not both:
        return 0.0, 1.0
    return math.sqrt(both), both**2 / float(v1**2 / (n1 - 1) + v2**2 / (n2 - 1))


def student(difference: float, error: float, freedom: float, method: str, n: str) -> Trial:
    """Student's t of a difference with this standard error."""
    if not error:
        return Trial(0.0 if difference else 1.0, (difference, difference), method, n)
    reach = error * float(stats.t.ppf(1 - ALPHA / 2, freedom))
    p = 2 * float(stats.t.sf(abs(difference) / error, freedom))
    return Trial(p, (difference - reach, difference + reach), method, n)
