"""How the figures of a comparison are written for people."""

from __future__ import annotations

import math

from reports.wording import UNITS, number
from simnet.studies.comparison.catalogue import READINGS
from simnet.studies.comparison.estimates import Bounds, Estimate

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
    return written(estimate.value, estimate.spec.unit)


def interval_text(estimate: Estimate) -> str:
    """The interval without its unit; nothing where there is none."""
    return bounds_text(estimate.interval, estimate.spec.unit)


def bounds_text(bounds: Bounds | None, unit: str) -> str:
    """An interval, which may be open on a side; nothing where there is none."""
    low, high = bounds or (None, None)
    if low is None:
        return "" if high is None else f"to {written(high, unit)}"
    if high is None:
        return f"from {written(low, unit)}"
    return f"{written(low, unit)}{' to ' if low < 0 else '–'}{written(high, unit)}"


def estimate_text(estimate: Estimate) -> str:
    """Value, interval and unit."""
    interval, unit = interval_text(estimate), unit_of(estimate.spec.unit) if is_finite(estimate) else ""
    parts = (value_text(estimate), unit, f"({interval} {unit}".rstrip() + ")" if interval else "")
    return " ".join(part for part in parts if part)


def cell_text(estimate: Estimate) -> str:
    """Value and interval, where a heading has the unit."""
    interval = interval_text(estimate)
    return f"{value_text(estimate)} ({interval})" if interval else value_text(estimate)


def is_finite(estimate: Estimate) -> bool:
    """Whether there is a number to be shown."""
    return estimate.value is not None and math.isfinite(estimate.value)


def written(value: float | None, unit: str) -> str:
    """A value without its unit; shares in percent."""
    if value is None:
        return "undefined"
    if math.isinf(value):
        return "infinite"
    return number(100 * value, 3) if unit == "share" else number(value)
