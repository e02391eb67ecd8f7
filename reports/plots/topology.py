"""Who is where, what became of them, what passed between the regions, and what broke."""

from __future__ import annotations

from typing import Any

from reports.faults import Fault, faults
from reports.plots.places import ROLES, Places, around, radius, rank, shrink, spread
from reports.plots.plot import Plot, Trace
from reports.plots.traffic import roads, signs, traffic
from reports.source import Run
from reports.wording import number, plural, with_interval
from simnet.log.tables import Tables
from simnet.measure.outcomes import VERDICTS, outcome

SYMBOLS = dict(zip(ROLES, ("diamond", "circle", "square", "circle-open"), strict=True))
"""A symbol per role."""

COLOURS = dict(
    zip(
        VERDICTS,
        ("@soft", "@blue", "@sky", "@orange", "@deepred", "@vermillion", "@purple", "@green"),
        strict=True,
    )
)
"""A colour for each outcome."""

MAX_TOLD = 6
"""Faults that the caption names."""


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
        caption="Participants by region, role (symbol) and outcome (colour). A line is the traffic between two "
        f"regions, wider for more messages, dashed if a partition cut it. {incidents(tables)}",
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


def disc(x: float, y: float, size: float) -> dict[str, Any]:
    """The ground on which the participants of a region stand."""
    ends = {"x0": x - size, "x1": x + size, "y0": y - size, "y1": y + size}
    return {"type": "circle", **ends, "layer": "below", "fillcolor": "@shade", "line": {"width": 0}}


def names(tables: Tables, centres: Places) -> list[dict[str, Any]]:
    """The name of each region, below it."""
    label = {"yshift": -9, "showarrow": False, "bgcolor": "@paper"}
    return [
        {"x": x, "y": y - radius(tables, region), "text": f"<b>{region}</b>", **label}
        for region, (x, y) in centres.items()
    ]


def people(run: Run, places: Places) -> list[Trace]:
    """Everybody, by role and outcome."""
    nodes = run.state.nodes
    groups: dict[tuple[str, str], list[str]] = {}
    for name, row in run.tables.participants.items():
        verdict = outcome(nodes[name]).verdict
        groups.setdefault((verdict, row["role"]), []).append(name)
    traces = []
    size = 3 + 7 * shrink(run.tables)
    for verdict, role in sorted(groups, key=lambda key: (rank(key[0], COLOURS), rank(key[1], SYMBOLS))):
        names = groups[verdict, role]
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": f"{role}, {verdict} ({len(names):,})",
                "x": [places[name][0] for name in names],
                "y": [places[name][1] for name in names],
                "text": [": ".join([name, ", ".join(run.tables.participants[name]["behaviours"])]) for name in names],
                "marker": {"symbol": SYMBOLS.get(role, "star"), "size": size, "color": COLOURS.get(verdict, "@soft")},
                "hovertemplate": f"%{{text}}<extra>{verdict}</extra>",
            }
        )
    return traces


def crashed(tables: Tables, places: Places) -> list[Trace]:
    """A cross over whoever crashed."""
    region = {name: row["region"] for name, row in tables.participants.items()}
    targets = {target for fault in faults(tables) if fault.condition == "down" for target in fault.targets}
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
