"""What happened over the time of a run, as a curve of characters on the scale of the whole run."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

from dashboards.text import spark
from simnet.measure.distribution import Course

Reading: TypeAlias = Callable[[Sequence[int], Sequence[float]], float | None]
"""The value of a column, from the numbers and the sums of values in its bins."""


def number(counts: Sequence[int], totals: Sequence[float]) -> float | None:
    """How many values there were, a bin: peaks survive."""
    return max(counts, default=0)


def amount(counts: Sequence[int], totals: Sequence[float]) -> float | None:
    """What they add up to, a bin: peaks survive."""
    return max(totals, default=0.0)


def mean(counts: Sequence[int], totals: Sequence[float]) -> float | None:
    """Their mean; ``None`` where there were none, which is not zero."""
    return sum(totals) / sum(counts) if sum(counts) else None


def columns(course: Course, read: Reading, width: int, span_s: float, now_s: float) -> list[float | None]:
    """The values of `width` columns that stand for `span_s` seconds, up to the one that holds `now_s`."""
    bins = max(1, math.ceil(span_s / course.width_s))
    found = []
    for x in range(max(width, 0)):
        first = x * bins // width
        last = max((x + 1) * bins // width, first + 1)
        if x and first * course.width_s > now_s:
            break
        found.append(read(course.counts[first:last], course.totals[first:last]))
    return found


def curve(course: Course, read: Reading, width: int, span_s: float, now_s: float) -> str:
    """These columns drawn, and blanks for what has not come yet."""
    return spark(columns(course, read, width, span_s, now_s)).ljust(width)
