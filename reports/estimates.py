"""How the figures of a comparison are written for people."""

from __future__ import annotations

import math

from reports.wording import UNITS, number
from simnet.comparison.catalogue import READINGS
from simnet.comparison.estimates import Estimate

IN_NAMES = ("_s", "_ms", "_opg", "_opg_per_inference")
"""Ends of names that say the unit already."""


def heading(reading: str) -> str:
    """A figure's name, with its unit where the name does not say it."""
    spec = READINGS[reading]
    unit = unit_of(spec.unit)
    return reading if not unit or spec.name.endswith(IN_NAMES) or unit == "gas" else f"{reading} ({unit})"


def unit_of(unit: str) -> str:
    """How a unit is written; nothing for counts and ratios."""
    return UNITS.get(unit, unit)


def value_text(estimate: Estimate) -> str:
    """The value without its unit; a word where there is no number."""
    if estimate.value is None:
        return "undefined"
    return "infinite" if math.isinf(estimate.value) else written(estimate, estimate.value)


def interval_text(estimate: Estimate) -> str:
    """The interval without its unit; nothing where there is none."""
    low, high = estimate.interval or (None, None)
    if low is None and high is None:
        return ""
    if low is None or high is None:
        return f"from {written(estimate, low)}" if high is None else f"to {written(estimate, high)}"
    return f"{written(estimate, low)}{' to ' if low < 0 else '–'}{written(estimate, high)}"


def estimate_text(estimate: Estimate) -> str:
    """Value, interval and unit."""
    interval = interval_text(estimate)
    text = f"{value_text(estimate)} {unit_of(estimate.spec.unit)}" if is_finite(estimate) else value_text(estimate)
    return f"{text} ({interval})" if interval else text


def cell_text(estimate: Estimate) -> str:
    """Value and interval, where a heading has the unit."""
    interval = interval_text(estimate)
    return f"{value_text(estimate)} ({interval})" if interval else value_text(estimate)


def is_finite(estimate: Estimate) -> bool:
    """Whether there is a number to be shown."""
    return estimate.value is not None and math.isfinite(estimate.value)


def written(estimate: Estimate, value: float | None) -> str:
    """A value of the estimate's unit; shares in percent."""
    assert value is not None
    return number(100 * value, 3) if estimate.spec.unit == "share" else number(value)
