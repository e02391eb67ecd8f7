"""How figures are written for people."""

from __future__ import annotations

from collections.abc import Mapping

from simnet.measure.metric import Metric

UNDEFINED = "–"
SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
UNITS = {"count": "", "ratio": "", "share": "%"}
"""How units are written, where it is not as they are named."""


def number(value: float | None, digits: int = 4) -> str:
    """A number, with thousands separated and no more digits than matter."""
    if value is None:
        return UNDEFINED
    text = f"{value:,.0f}" if value == 0 or abs(value) >= 10 ** (digits - 1) else f"{value:.{digits}g}"
    if "e-" in text:
        digits_of_it, _, power = text.partition("e-")
        text = f"{digits_of_it}×10⁻{power.lstrip('0').translate(SUPERSCRIPT)}"
    return text.replace("-", "\N{MINUS SIGN}", 1) if value < 0 else text


def quantity(value: float | None, unit: str) -> str:
    """A number with its unit; shares as percentages."""
    if value is None:
        return UNDEFINED
    text = number(100 * value, 3) if unit == "share" else number(value)
    return f"{text} {UNITS.get(unit, unit)}".rstrip()


def between(interval: tuple[float, float] | None, unit: str) -> str:
    """An interval with its unit."""
    if interval is None:
        return UNDEFINED
    scale = 100 if unit == "share" else 1
    low, high = (number(scale * bound, 3 if unit == "share" else 4) for bound in interval)
    return f"{low}–{high} {UNITS.get(unit, unit)}".rstrip()


def metric_text(metric: Metric) -> str:
    """A metric's value, or its percentiles."""
    if isinstance(metric.value, Mapping):
        return ", ".join(f"{name} {quantity(value, metric.spec.unit)}" for name, value in metric.value.items())
    return quantity(metric.value, metric.spec.unit)


def with_interval(metric: Metric) -> str:
    """A metric's value with its n and its interval, as prose has it."""
    interval = f", 95 % interval {between(metric.ci95, metric.spec.unit)}" if metric.ci95 else ""
    return f"{metric_text(metric)} (n = {metric.n:,}{interval})"


def plural(count: int, noun: str) -> str:
    """A count and what it counts."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def duration(seconds: float) -> str:
    """A time span as people say it."""
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{number(seconds / size, 3)} {unit}"
    return f"{number(seconds, 3)} s"
