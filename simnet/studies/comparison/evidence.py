"""What one run says, in the form that pooling and testing need: counts and observations besides the figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd

from simnet.measure.catalogue import COMPARED, distributions, figure
from simnet.measure.distribution import Distribution
from simnet.measure.metric import Metric
from simnet.measure.stakes import StakeTerms, stake_terms
from simnet.measure.state import State

Observations: TypeAlias = "pd.Series[float]"
"""One value per task, by a key of the task that all runs share."""


@dataclass(frozen=True)
class Evidence:
    """One run's figures and what they rest on. Small enough to be sent between processes."""

    seed: int
    metrics: Mapping[str, Metric]
    """Those of the run, and those that comparing adds."""
    observations: Mapping[str, Observations]
    """Of each distribution, in the metric's unit."""
    stake: StakeTerms

    def counts(self, name: str) -> tuple[int, int]:
        """Numerator and denominator of a rate."""
        metric = self.metrics[name]
        assert metric.value is None or isinstance(metric.value, int | float), name
        return round((metric.value or 0.0) * metric.n), metric.n

    def reading(self, name: str) -> float | None:
        """The value under a name such as ``soft_latency_ms.p95``."""
        return self.metrics[name.partition(".")[0]].readings[name]


def gather(state: State, seed: int) -> Evidence:
    """The evidence of a run by its state at the end of its log."""
    metrics = {name: figure(name, state) for name in COMPARED}
    observations = {name: observed(found) for name, found in distributions(state).items()}
    return Evidence(seed, metrics, observations, stake_terms(state))


def observed(found: Distribution) -> Observations:
    """The values of an exact distribution by the keys of what they are of."""
    return pd.Series(np.array(found.values, dtype=float), index=np.array(found.keys, dtype=np.uint64))
