"""Which strategy of a comparison won, and by how much, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from reports.estimates import estimate_text
from reports.wording import number
from simnet.studies.comparison.comparison import Comparison
from simnet.studies.comparison.estimates import Estimate

SECURITY, COST = "integrity_loss", "gas_per_inference"
"""What decides first, and what decides among those that cannot be told apart by it: the less, the better."""


def winner(comparison: Comparison) -> str:
    """Who lost least to fraud, who cannot be told apart from it, and which of these is cheapest; empty for one."""
    found = {label: figures[SECURITY] for label, figures in comparison.estimates.items()}
    known = {label: one for label, one in found.items() if one.value is not None}
    if len(known) < 2:
        return ""
    ranked = sorted(known, key=lambda label: known[label].value or 0.0)
    best, worst = ranked[0], ranked[-1]
    alike = [label for label in ranked if overlap(known[best], known[label])]
    text = f"Least fraud among final answers: {best}, {estimate_text(known[best])}"
    text += "." if worst in alike else f"; most: {worst}, {estimate_text(known[worst])}."
    if len(alike) > 1:
        text += f" Not to be told apart from {best} by that: {', '.join(alike[1:])}."
    return " ".join(filter(None, (text, cheapest(comparison, alike))))


def overlap(one: Estimate, other: Estimate) -> bool:
    """Whether two intervals of 95 % have a value in common; values where there is no interval."""
    (low, high), (their_low, their_high) = bounds(one), bounds(other)
    return low <= their_high and their_low <= high


def bounds(estimate: Estimate) -> tuple[float, float]:
    """The interval, or the value twice."""
    value = estimate.value or 0.0
    low, high = estimate.interval or (value, value)
    return (value if low is None else low), (value if high is None else high)


def cheapest(comparison: Comparison, labels: Sequence[str]) -> str:
    """Which of these costs least gas, and how much less than the next."""
    costs = {label: comparison.estimates[label][COST].value for label in labels}
    ranked = sorted((cost, label) for label, cost in costs.items() if cost)
    if len(ranked) < 2:
        return ""
    (least, label), (second, other) = ranked[:2]
    less = f"{number(100 * (1 - least / second), 2)} % less than {other}"
    return f"Of these, {label} costs least: {number(least)} gas per inference, {less}."
