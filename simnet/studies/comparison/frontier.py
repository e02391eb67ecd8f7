"""Security against cost: which strategies no other beats on both counts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from simnet.studies.comparison.catalogue import CATALOGUE
from simnet.studies.comparison.estimates import Estimate

AXES = (
    ("verification_overhead_ratio", "detection_rate"),
    ("verification_overhead_ratio", "integrity_loss"),
    ("gas_per_inference", "detection_rate"),
    ("gas_per_inference", "integrity_loss"),
)
"""Cost and security of each frontier."""


@dataclass(frozen=True)
class Point:
    """A strategy on a frontier's plane."""

    label: str
    cost: Estimate
    security: Estimate
    efficient: bool
    """Whether no other strategy is at least as good on both axes and better on one. By the values alone:
    intervals may overlap."""


@dataclass(frozen=True)
class Frontier:
    """Security against cost."""

    cost: str
    security: str
    points: tuple[Point, ...]
    """Strategies for which both are defined."""
    undefined: tuple[str, ...]
    """Labels of those for which one is not."""


def frontiers(estimates: Mapping[str, Mapping[str, Estimate]]) -> tuple[Frontier, ...]:
    """Every frontier; `estimates` are by label and reading."""
    return tuple(frontier(estimates, cost, security) for cost, security in AXES)


def frontier(estimates: Mapping[str, Mapping[str, Estimate]], cost: str, security: str) -> Frontier:
    """One frontier."""
    placed = {}
    for label, figures in estimates.items():
        price, danger = badness(figures[cost], cost), badness(figures[security], security)
        if price is not None and danger is not None:
            placed[label] = (price, danger)
    points = tuple(
        Point(
            label,
            estimates[label][cost],
            estimates[label][security],
            not any(dominates(other, loss) for other in placed.values()),
        )
        for label, loss in placed.items()
    )
    return Frontier(cost, security, points, tuple(label for label in estimates if label not in placed))


def dominates(one: tuple[float, float], other: tuple[float, float]) -> bool:
    """Whether `one` is nowhere worse and somewhere better; less is better."""
    return one != other and one[0] <= other[0] and one[1] <= other[1]


def badness(estimate: Estimate, reading: str) -> float | None:
    """The value such that less is better."""
    if estimate.value is None or not math.isfinite(estimate.value):
        return None
    return -estimate.value if CATALOGUE[reading].direction == "higher" else estimate.value
