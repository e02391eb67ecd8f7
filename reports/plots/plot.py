"""What a plot is, and what all plots share: colours, time axes, marks for faults.

Traces and layout are plotly.js's own (https://plotly.com/javascript/reference/). A colour is written as a token,
``@name`` or ``@name/opacity``, which the page resolves against its style sheet, so that a plot follows the page
from light to dark. The palette is Okabe and Ito's ("Color Universal Design", 2008), which colour-blind people
can tell apart; nothing is told by colour alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from reports.faults import faults
from simnet.log.contract_events import of_event
from simnet.log.tables import Tables
from simnet.measure.metric import Origin

Trace = dict[str, Any]

SERIES = ("@blue", "@orange", "@green", "@purple", "@vermillion", "@sky")
"""Colours of things that differ in nothing but their names."""

CAUGHT, MISSED, VOIDED, UNDECIDED, HONEST = "@blue", "@vermillion", "@purple", "@orange", "@soft"
"""Colours that mean something."""

MAX_LABELLED = 8
"""Beyond that, labels of faults and of acts of governance would overlap."""

BANDS = ("@orange/0.18", "@orange/0.3")
"""Faults that follow one another, told apart."""

PLACEHOLDER = re.compile(r"\[[^]]*\]|\{[^}]*\}")
"""What a description fills in."""


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


def marks(tables: Tables, clock: Clock) -> dict[str, Any]:
    """The part of a layout over time that shows faults as bands and acts of governance as lines."""
    broken, acts = faults(tables), governance(tables)
    band = {"type": "rect", "y0": 0, "y1": 1, "yref": "paper", "layer": "below"}
    edge = {"color": "@orange", "width": 1, "dash": "dot"}
    shapes = [
        {**band, "x0": clock(fault.start), "x1": clock(fault.end), "line": edge, "fillcolor": BANDS[i % len(BANDS)]}
        for i, fault in enumerate(broken)
    ]
    line = {"color": "@green", "width": 1.5, "dash": "dash"}
    shapes += [{**band, "type": "line", "x0": clock(at), "x1": clock(at), "line": line} for at, _ in acts]
    named = [(fault.start, fault.text) for fault in broken] + acts
    label = {"y": 1, "yref": "paper", "yanchor": "top", "xshift": 9, "textangle": 90, "showarrow": False}
    label |= {"font": {"size": 10, "color": "@soft"}, "bgcolor": "@paper/0.8", "borderpad": 0}
    return {
        "shapes": shapes,
        "annotations": [{**label, "x": clock(at), "text": text} for at, text in named if len(named) <= MAX_LABELLED],
    }


def governance(tables: Tables) -> list[tuple[float, str]]:
    """When roles or parameters changed after the start, and what happened, without what it was about.

    What happens again and again, such as votes, is left out.
    """
    found = []
    for name, rows in tables.chain.items():
        description = of_event("", name)
        if description is not None and description.group == "governance" and len(rows) <= MAX_LABELLED:
            found += [(row["t"], PLACEHOLDER.sub("…", description.says)) for row in rows if row["t"] > 0]
    return sorted(found)
