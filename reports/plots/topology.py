"""Who is where, what passed between the regions, and what broke.

The log knows regions and messages, not cables: a line is the traffic between two regions, not a link.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reports.faults import Fault, faults
from reports.plots.plot import Plot, Trace
from reports.source import Run
from reports.wording import number, plural, with_interval
from simnet.conduct import conduct
from simnet.tables import Tables

GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))
SPACING = 0.1
"""Distance between neighbours in a region, where the regions are 1 from the middle."""

SYMBOLS = {"producer": "diamond", "inference": "circle", "full": "square", "client": "circle-open"}
"""A symbol per role, from the middle of a region outwards."""

FATES = {
    "unharmed": "@soft",
    "slashed": "@blue",
    "refused service": "@sky",
    "not punished": "@orange",
    "got away with it": "@vermillion",
    "slashed although honest": "@purple",
}
"""A colour for each of the fates of `simnet.conduct`."""

MAX_TOLD = 6
"""Faults that the caption names."""

MAX_SIGNS = 6
"""Lines that are labelled."""

Places = dict[str, tuple[float, float]]


def plot(run: Run) -> Plot:
    """The map of a run."""
    tables = run.tables
    regions = list(dict.fromkeys(row["region"] for row in tables.participants.values()))
    centres = around(regions)
    extent = [max(abs(centre[i]) + radius(tables, name) for name, centre in centres.items()) + 0.1 for i in (0, 1)]
    places, found = spread(tables, centres), roads(tables)
    return Plot(
        name="topology",
        title="Topology and faults",
        caption="Participants by region, role (symbol) and fate (colour). A line is the traffic between two regions, "
        f"wider for more messages, dashed if a partition cut it. {incidents(tables)}",
        kind="simulated",
        n=f"{plural(len(places), 'participant')}, {plural(len(tables.of('message_sent')), 'message')}",
        interval=f"share of messages lost {with_interval(run.results.metrics['messages_lost_rate'])}",
        traces=[*traffic(found, centres, tables), *people(run, places), *crashed(tables, places)],
        layout={
            "xaxis": {"visible": False, "range": [-extent[0], extent[0]]},
            "yaxis": {"visible": False, "range": [-extent[1], extent[1]], "scaleanchor": "x"},
            "shapes": [disc(x, y, radius(tables, region)) for region, (x, y) in centres.items()],
            "annotations": [*names(tables, centres), *signs(found, centres)],
            "margin": {"l": 8, "r": 8, "b": 8},
        },
        height=460,
    )


def around(regions: Sequence[str]) -> Places:
    """Regions on a circle; a single one in its middle."""
    n = len(regions)
    if n == 1:
        return {regions[0]: (0.0, 0.0)}
    size = max(1.0, n / 5)
    first = math.pi if n == 2 else math.pi / 2
    turns = {region: first - 2 * math.pi * i / n for i, region in enumerate(regions)}
    return {region: (1.4 * size * math.cos(turn), size * math.sin(turn)) for region, turn in turns.items()}


def radius(tables: Tables, region: str) -> float:
    """How much room the participants of a region take."""
    count = sum(row["region"] == region for row in tables.participants.values())
    return SPACING * shrink(tables) * (math.sqrt(count) + 1)


def disc(x: float, y: float, size: float) -> dict[str, Any]:
    """The ground on which the participants of a region stand."""
    ends = {"x0": x - size, "x1": x + size, "y0": y - size, "y1": y + size}
    return {"type": "circle", **ends, "layer": "below", "fillcolor": "@shade", "line": {"width": 0}}


def shrink(tables: Tables) -> float:
    """Crowds stand closer together."""
    return min(1.0, 10 / math.sqrt(len(tables.participants)))


def spread(tables: Tables, centres: Places) -> Places:
    """Everybody's place: a sunflower's seeds around the middle of the region, by role."""
    roles = list(SYMBOLS)
    ordered = sorted(tables.participants.values(), key=lambda row: roles.index(row["role"]))
    taken = dict.fromkeys(centres, 0)
    places = {}
    for row in ordered:
        seat, (x, y) = taken[row["region"]], centres[row["region"]]
        taken[row["region"]] += 1
        distance, angle = SPACING * shrink(tables) * math.sqrt(seat + 0.3), seat * GOLDEN_ANGLE
        places[row["name"]] = (round(x + distance * math.cos(angle), 4), round(y + distance * math.sin(angle), 4))
    return places


def names(tables: Tables, centres: Places) -> list[dict[str, Any]]:
    """The name of each region, below it."""
    label = {"yshift": -9, "showarrow": False, "bgcolor": "@paper"}
    return [
        {"x": x, "y": y - radius(tables, region), "text": f"<b>{region}</b>", **label}
        for region, (x, y) in centres.items()
    ]


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
    ends = [sorted((region[s], region[r])) for s, r in zip(sent["sender"], sent["receiver"], strict=True)]
    sent["a"], sent["b"] = [a for a, _ in ends], [b for _, b in ends]
    return [
        Road(
            a=str(a),
            b=str(b),
            messages=len(messages),
            delay_s=float(messages.loc[messages["lost"] == "", "delay_s"].median()),
            lost=int((messages["lost"] == "loss").sum()),
            cut=int((messages["lost"] == "partition").sum()),
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


def people(run: Run, places: Places) -> list[Trace]:
    """Everybody, by role and fate."""
    known = {one.name: one for one in conduct(run.figures)}
    groups: dict[tuple[str, str], list[str]] = {}
    for name, row in run.tables.participants.items():
        fate = known[name].fate if name in known else "unharmed"
        groups.setdefault((fate, row["role"]), []).append(name)
    traces = []
    size = 3 + 7 * shrink(run.tables)
    for fate, role in sorted(groups, key=lambda key: (list(FATES).index(key[0]), list(SYMBOLS).index(key[1]))):
        names = groups[fate, role]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": f"{role}, {fate} ({len(names):,})",
                "x": [places[name][0] for name in names],
                "y": [places[name][1] for name in names],
                "text": [": ".join([name, ", ".join(run.tables.participants[name]["behaviours"])]) for name in names],
                "marker": {"symbol": SYMBOLS[role], "size": size, "color": FATES[fate]},
                "hovertemplate": f"%{{text}}<extra>{fate}</extra>",
            }
        )
    return traces


def crashed(tables: Tables, places: Places) -> list[Trace]:
    """A cross over whoever crashed."""
    region = {name: row["region"] for name, row in tables.participants.items()}
    targets = {target for fault in faults(tables) if fault.verb == "crash" for target in fault.targets}
    names = [name for name in places if name in targets or region[name] in targets]
    if not names:
        return []
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": f"crashed ({len(names):,})",
            "x": [places[name][0] for name in names],
            "y": [places[name][1] for name in names],
            "marker": {"symbol": "x-thin-open", "size": 16, "color": "@ink", "line": {"width": 2}},
            "hoverinfo": "skip",
        }
    ]


def incidents(tables: Tables) -> str:
    """The faults in words."""
    found = faults(tables)
    told = [f"{fault.text} at {number(fault.start)} s{lasting(fault)}" for fault in found[:MAX_TOLD]]
    left = f" and {len(found) - MAX_TOLD:,} more" if len(found) > MAX_TOLD else ""
    return f"Faults: {'; '.join(told)}{left}." if told else "No faults."


def lasting(fault: Fault) -> str:
    """For how long, in words."""
    return f" for {number(fault.end - fault.start)} s" if fault.end > fault.start else ""
