"""One figure for each strategy out of several seeds, with a 95 % interval and the way it was pooled.

- A rate is pooled from the counts of all seeds, with Wilson's interval.
- A percentile is that of all observations of all seeds together, not a mean of percentiles; its interval is
  between order statistics and needs no assumption about the distribution.
- Anything else is the mean over seeds with Student's interval; one seed gives none.
- The stake at which honesty pays comes from the sums over all seeds, see `simnet.measure.stakes`.

The first two take tasks of one run for independent, which they are only nearly: how much runs themselves differ,
the rows of each seed in the tidy output show.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy import stats

from simnet.measure.metric import MetricSpec, wilson
from simnet.measure.stakes import honesty_stake, total
from simnet.studies.comparison.catalogue import CATALOGUE
from simnet.studies.comparison.evidence import Evidence, Observations

CONFIDENCE = 0.95

Bounds: TypeAlias = tuple[float | None, float | None]
"""An interval that may be open on a side where there are too few observations."""

COUNTS, OBSERVATIONS, SEEDS, MODEL = (
    "pooled counts",
    "pooled observations",
    "mean over seeds",
    "pooled counts, modelled",
)
"""How an estimate is pooled."""


NEVER_NEGATIVE = ("verification_overhead_ratio", "opg_per_inference", "slashed_opg")
"""Metrics that are at least zero without their unit saying so."""


@dataclass(frozen=True)
class Estimate:
    """A figure of one strategy over all its seeds."""

    spec: MetricSpec
    statistic: str
    """``rate``, ``mean``, ``value``, or a percentile such as ``p95``."""
    value: float | None
    """``None`` where no run defines it; may be infinite."""
    n: int
    """How many observations, or seeds, it rests on."""
    interval: Bounds | None
    basis: str


def pool(evidence: Sequence[Evidence]) -> dict[str, Estimate]:
    """Every figure by the name it is read under; of no evidence, every figure undefined."""
    found = {}
    for spec in CATALOGUE.values():
        for reading in spec.readings:
            found[reading] = estimate(spec, reading, evidence)
    return found


def estimate(spec: MetricSpec, reading: str, evidence: Sequence[Evidence]) -> Estimate:
    """One figure."""
    if spec.statistics:
        statistic = reading.removeprefix(f"{spec.name}.")
        return percentile(spec, statistic, [one.observations[spec.name] for one in evidence])
    if spec.name == "honesty_stake_opg":
        terms = total(one.stake for one in evidence)
        stake, interval = honesty_stake(terms)
        return Estimate(spec, "value", stake, terms.decided, interval, MODEL)
    if spec.unit == "share":
        counts = [one.counts(spec.name) for one in evidence]
        return pooled_rate(spec, sum(k for k, _ in counts), sum(n for _, n in counts))
    values = [one.reading(reading) for one in evidence]
    return mean(spec, [value for value in values if value is not None])


def pooled_rate(spec: MetricSpec, successes: int, n: int) -> Estimate:
    """A rate from counts."""
    value, interval = (successes / n, wilson(successes, n)) if n else (None, None)
    return Estimate(spec, "rate", value, n, interval, COUNTS)


def percentile(spec: MetricSpec, statistic: str, samples: Sequence[Observations]) -> Estimate:
    """A percentile of all samples together."""
    values = np.concatenate([np.empty(0), *samples])
    if not values.size:
        return Estimate(spec, statistic, None, 0, None, OBSERVATIONS)
    share = int(statistic[1:]) / 100
    found = stats.quantile_test(values, q=0.0, p=share).confidence_interval(CONFIDENCE)
    low, high = (None if math.isnan(bound) else float(bound) for bound in (found.low, found.high))
    return Estimate(spec, statistic, float(np.quantile(values, share)), values.size, (low, high), OBSERVATIONS)


def is_never_negative(spec: MetricSpec) -> bool:
    """Whether a quantity cannot be below zero, so that no interval of it can."""
    return spec.unit in ("count", "share", "s", "ms", "gas") or spec.name in NEVER_NEGATIVE


def mean(spec: MetricSpec, values: Sequence[float]) -> Estimate:
    """The mean over seeds."""
    n = len(values)
    if not n:
        return Estimate(spec, "mean", None, 0, None, SEEDS)
    middle = math.fsum(values) / n
    interval = None
    if n > 1 and math.isfinite(middle):
        spread = math.sqrt(math.fsum((value - middle) ** 2 for value in values) / (n - 1))
        half = float(stats.t.ppf((1 + CONFIDENCE) / 2, n - 1)) * spread / math.sqrt(n)
        low = max(0.0, middle - half) if is_never_negative(spec) else middle - half
        interval = (low, middle + half)
    return Estimate(spec, "mean", middle, n, interval, SEEDS)
