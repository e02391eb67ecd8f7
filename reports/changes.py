"""How a figure that changed is written, whatever it is written into."""

from __future__ import annotations

from reports.estimates import bounds_text, heading, written
from simnet.studies.comparison.change import Change


def name_of(change: Change) -> str:
    """The figure, and in a comparison whose."""
    return f"{change.label}: {heading(change.reading)}" if change.label else heading(change.reading)


def difference_text(change: Change) -> str:
    """By how much it changed, with the interval where there is one; nothing where there are no two numbers."""
    if change.difference is None:
        return ""
    interval = bounds_text(change.interval, change.spec.unit)
    sign = "+" if change.difference > 0 else ""
    return sign + written(change.difference, change.spec.unit) + (f" ({interval})" if interval else "")


def verdict_of(change: Change) -> str:
    """The verdict, and whether it is good news."""
    return f"{change.verdict}, {change.direction}" if change.is_real and change.direction else change.verdict


def cells(change: Change) -> tuple[str, ...]:
    """A line of a table: figure, both values, difference, verdict, and how it was reached."""
    before, after = written(change.before, change.spec.unit), written(change.after, change.spec.unit)
    return name_of(change), before, after, difference_text(change), verdict_of(change), change.why
