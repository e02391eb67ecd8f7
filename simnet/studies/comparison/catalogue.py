"""The figures of a comparison: a run's metrics, and those that only comparing reports."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from simnet.measure.catalogue import COMPARED
from simnet.measure.metric import MetricSpec

CATALOGUE: Mapping[str, MetricSpec] = COMPARED
"""Every figure of a comparison by name."""

READINGS: Mapping[str, MetricSpec] = MappingProxyType(
    {reading: spec for spec in CATALOGUE.values() for reading in spec.readings}
)
"""Every name that a value is read under, such as ``soft_latency_ms.p95``."""

HEADLINE = (
    "detection_rate",
    "integrity_loss",
    "false_slash_rate",
    "time_to_detection_s.p50",
    "time_to_detection_s.p95",
    "soft_latency_ms.p50",
    "soft_latency_ms.p95",
    "finality_latency_s.p50",
    "finality_latency_s.p95",
    "verification_overhead_ratio",
    "gas_per_inference",
    "opg_per_inference",
    "checking_pay_opg_per_inference",
    "attacker_roi",
    "honesty_stake_opg",
)
"""The readings that tables and plots show, in their order."""


def readings_of(name: str) -> tuple[str, ...]:
    """The readings that a metric's name or a reading's means; none if there is no such name."""
    if name in READINGS:
        return (name,)
    return CATALOGUE[name].readings if name in CATALOGUE else ()
