"""What passed between regions. The log knows messages, not cables: a line is traffic, not a link."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reports.plots.places import Places, radius
from reports.plots.plot import Trace
from reports.wording import plural
from simnet.log.events import CUT, ON_THE_WAY
from simnet.log.tables import Tables

MAX_SIGNS = 6
"""Lines that are labelled."""


@dataclass(frozen=True)
class Road:
    """The traffic between two regions, both ways."""

    a: str
    b: str
    messages: int
    delay_s: float
    """Median of those that arrived."""
    lost: int
    cut: int
    """Messages that a partition stopped."""

    @property
    def text(self) -> str:
        """What hovering over it says."""
        return (
            f"{self.a} – {self.b}: {plural(self.messages, 'message')}, median {1000 * self.delay_s:.0f} ms<br>"
            f"lost: {self.lost:,} on the way, {self.cut:,} by partitions"
        )


def roads(tables: Tables) -> list[Road]:
    """Every pair of regions that talked."""
    region = {name: row["region"] for name, row in tables.participants.items()}
    sent = tables.frame("message_sent", ("sender", "receiver", "delay_s", "lost"))
    one, other = sent["sender"].map(region), sent["receiver"].map(region)
    sent["a"], sent["b"] = one.where(one < other, other), other.where(one < other, one)
    return [
        Road(
            a=str(a),
            b=str(b),
            messages=len(messages),
            delay_s=float(messages.loc[messages["lost"] == "", "delay_s"].median()),
            lost=int((messages["lost"] == ON_THE_WAY).sum()),
            cut=int((messages["lost"] == CUT).sum()),
        )
        for (a, b), messages in sent[sent["a"] != sent["b"]].groupby(["a", "b"])
    ]


def between(road: Road, centres: Places, tables: Tables) -> tuple[tuple[float, float], tuple[float, float]]:
    """Where the road leaves one region's ground and enters the other's."""
    (x0, y0), (x1, y1) = centres[road.a], centres[road.b]
    length = math.dist(centres[road.a], centres[road.b])
    start, end = radius(tables, road.a) / length, 1 - radius(tables, road.b) / length
    return (x0 + start * (x1 - x0), x0 + end * (x1 - x0)), (y0 + start * (y1 - y0), y0 + end * (y1 - y0))


def traffic(found: Sequence[Road], centres: Places, tables: Tables) -> list[Trace]:
    """A line for each road."""
    busiest = max((road.messages for road in found), default=1)
    traces = []
    for road in found:
        (x0, x1), (y0, y1) = between(road, centres, tables)
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": [x0, (x0 + x1) / 2, x1],
                "y": [y0, (y0 + y1) / 2, y1],
                "text": road.text,
                "hoverinfo": "text",
                "line": {
                    "color": "@vermillion" if road.cut else "@rule",
                    "dash": "dash" if road.cut else "solid",
                    "width": round(1 + 4 * math.sqrt(road.messages / busiest), 2),
                },
                "showlegend": False,
            }
        )
    return traces


def signs(found: Sequence[Road], centres: Places) -> list[dict[str, Any]]:
    """The median delay of each road, half way; none where there are too many roads to read them."""
    if len(found) > MAX_SIGNS:
        return []
    return [
        {
            "x": (centres[road.a][0] + centres[road.b][0]) / 2,
            "y": (centres[road.a][1] + centres[road.b][1]) / 2,
            "text": f"{1000 * road.delay_s:.0f} ms",
            "showarrow": False,
            "bgcolor": "@paper",
        }
        for road in found
    ]
