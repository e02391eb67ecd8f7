"""A figure before and after, and what can be said of the difference."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from simnet.measure.metric import MetricSpec
from simnet.studies.comparison.catalogue import HEADLINE, READINGS
from simnet.studies.comparison.estimates import Bounds

BEYOND, EXACT, UNKNOWN, WITHIN, SAME = "beyond noise", "exact change", "cannot tell", "within noise", "no change"
VERDICTS = (BEYOND, EXACT, UNKNOWN, WITHIN, SAME)
"""What can be said of a figure, the most relevant first."""

WORSE, IMPROVED = "worse", "better"


@dataclass(frozen=True)
class Change:
    """A figure on both sides."""

    label: str
    reading: str
    before: float | None
    after: float | None
    verdict: str
    why: str
    """How the verdict was reached."""
    p: float | None = None
    """Of the test, before all tests are judged together."""
    interval: Bounds | None = None
    """95 % interval of the difference."""

    @property
    def spec(self) -> MetricSpec:
        """The figure's metric."""
        return READINGS[self.reading]

    @property
    def difference(self) -> float | None:
        """`after` less `before`, where both are numbers."""
        if self.before is None or self.after is None or not math.isfinite(self.before) or not math.isfinite(self.after):
            return None
        return self.after - self.before

    @property
    def direction(self) -> str:
        """Whether it became better or worse; empty if neither."""
        if self.before is None or self.after is None:
            return ""
        improved = self.spec.improves(self.before, self.after)
        return "" if improved is None else IMPROVED if improved else WORSE

    @property
    def is_real(self) -> bool:
        """Whether it changed by more than noise."""
        return self.verdict in (BEYOND, EXACT)

    @property
    def is_worse(self) -> bool:
        """Whether it changed by more than noise, and not for the better."""
        return self.is_real and self.direction != IMPROVED

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "label": self.label,
            "figure": self.reading,
            "unit": self.spec.unit,
            "kind": self.spec.kind,
            "a": finite(self.before),
            "b": finite(self.after),
            "difference": self.difference,
            "ci95": self.interval,
            "p": self.p,
            "verdict": self.verdict,
            "direction": self.direction,
            "why": self.why,
        }


def relevance(change: Change) -> tuple[int, bool, int, str]:
    """What to sort by: verdict, worse before better, figures that tables lead with first."""
    order = [*HEADLINE, *(reading for reading in READINGS if reading not in HEADLINE)]
    return VERDICTS.index(change.verdict), change.direction != WORSE, order.index(change.reading), change.label


def finite(value: float | None) -> float | str | None:
    """A value as JSON can hold it."""
    return "infinite" if value is not None and math.isinf(value) else value
