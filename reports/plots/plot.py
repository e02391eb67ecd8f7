"""What a plot is, and what all plots share: colours, time axes, marks for faults.

Traces and layout are plotly.js's own (https://plotly.com/javascript/reference/). A colour is written as a token,
``@name`` or ``@name/opacity``, which the page resolves against its style sheet, so that a plot follows the page
from light to dark. The palette is Okabe and Ito's ("Color Universal Design", 2008), which colour-blind people
can tell apart; nothing is told by colour alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from reports.faults import faults
from simnet.log.tables import Tables
from simnet.measure.metric import Origin

Trace = dict[str, Any]

SERIES = ("@blue", "@orange", "@green", "@purple", "@vermillion", "@sky")
"""Colours of things that differ in nothing but their names."""

CAUGHT, MISSED, VOIDED, UNDECIDED, HONEST = "@blue", "@vermillion", "@purple", "@orange", "@soft"
"""Colours that mean something."""

MAX_LABELLED_FAULTS = 8
"""Beyond that, labels of faults would overlap."""


@dataclass(frozen=True)
class Plot:
    """A figure of the report, ready to be drawn."""

    name: str
    """Its anchor in the page."""
    title: str
    caption: str
    """What is to be seen, and what was left out."""
    kind: Origin
    n: str
    """How many of what it rests on."""
    interval: str
    """What the 95 % interval is of and where it lies, or why there is none."""
    traces: list[Trace]
    layout: dict[str, Any] = field(default_factory=dict)
    height: int = 320
    """Of the drawing, in CSS pixels."""


def empty(text: str) -> dict[str, Any]:
    """The part of a layout that says why there is nothing to be seen."""
    middle = {"x": 0.5, "y": 0.5, "xref": "paper", "yref": "paper", "showarrow": False}
    return {"annotations": [{**middle, "text": text, "font": {"color": "@soft"}}]}


@dataclass(frozen=True)
class Clock:
    """Simulated time on an axis, in a unit that suits the run's length."""

    end_s: float

    @property
    def _unit(self) -> tuple[str, float]:
        for unit, size in (("d", 86_400.0), ("h", 3600.0), ("min", 60.0)):
            if self.end_s > 3 * size:
                return unit, size
        return "s", 1.0

    def __call__(self, seconds: float) -> float:
        """`seconds` in the axis's unit."""
        return round(seconds / self._unit[1], 4)

    @property
    def axis(self) -> dict[str, Any]:
        """The axis, from the beginning of the run to its end."""
        return {"title": {"text": f"simulated time ({self._unit[0]})"}, "range": [0, self(self.end_s)]}


def clock_of(tables: Tables) -> Clock:
    """The clock of a run."""
    return Clock(tables.end_s or 1.0)


def fault_marks(tables: Tables, clock: Clock) -> dict[str, Any]:
    """The part of a layout over time that shows faults: bands, or lines for those that were over at once."""
    found = faults(tables)
    band = {"type": "rect", "y0": 0, "y1": 1, "yref": "paper", "layer": "below", "fillcolor": "@orange/0.18"}
    line = {"color": "@orange", "width": 1, "dash": "dot"}
    label = {"y": 1, "yref": "paper", "yanchor": "top", "xshift": 7, "textangle": 90, "showarrow": False}
    font = {"size": 10, "color": "@soft"}
    labelled = found if len(found) <= MAX_LABELLED_FAULTS else []
    return {
        "shapes": [{**band, "x0": clock(fault.start), "x1": clock(fault.end), "line": line} for fault in found],
        "annotations": [{**label, "x": clock(fault.start), "text": fault.text, "font": font} for fault in labelled],
    }
