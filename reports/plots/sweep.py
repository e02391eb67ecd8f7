"""A figure over what was varied: a line for each value of the second axis, or a map where these are many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reports.estimates import estimate_text, is_finite, unit_of
from reports.plots.comparison import INTERVALS, bars, n_text, scaled, titled
from reports.plots.plot import SERIES, Plot, Trace
from simnet.studies.comparison.catalogue import READINGS
from simnet.studies.comparison.estimates import Estimate
from simnet.studies.sweep.axis import Axis
from simnet.studies.sweep.sweep import Reached, Sweep

MAX_LINES = len(SERIES)
"""More would have no colour of their own."""

LOGARITHMIC = 20
"""A positive axis whose ends are further apart than by this factor has equal ratios as equal lengths."""


def plots(found: Sweep, readings: Sequence[str]) -> dict[str, Plot]:
    """A plot of each of these figures by its name; none where neither lines nor a map can show them."""
    made = [one for reading in readings if (one := plot(found, reading)) is not None]
    return {one.name: one for one in made}


def plot(found: Sweep, reading: str) -> Plot | None:
    """One figure over the first axis."""
    axes = found.plan.axes
    lines = lines_of(found)
    if len(lines) > MAX_LINES and len(axes) != 2:
        return None
    figures = [one.estimates[reading] for one in found.reached]
    spec = READINGS[reading]
    better = f" {spec.direction.capitalize()} is better." if spec.direction else ""
    absent = sum(not is_finite(figure) for figure in figures)
    left_out = f" Not shown, because undefined or infinite: {absent} of {len(figures)} points." if absent else ""
    as_map = len(lines) > MAX_LINES
    title = titled(reading, spec.unit)
    return Plot(
        name=reading.replace("_", "-").replace(".", "-"),
        title=f"{reading} over {' and '.join(axis.path for axis in axes)}",
        caption=f"{reading}: {spec.description}.{better}{left_out}",
        kind=spec.kind,
        n=n_text([figure for figure in figures if figure.value is not None]) + " a point",
        interval="intervals are in the table" if as_map else INTERVALS[figures[0].basis],
        traces=[heat(found, reading, title)]
        if as_map
        else [
            line(axes[0], name, reached, reading, colour)
            for (name, reached), colour in zip(lines.items(), SERIES, strict=False)
        ],
        layout={
            "xaxis": axis_layout(axes[0]),
            "yaxis": axis_layout(axes[1]) if as_map else {"title": {"text": title}, "nticks": 6},
            "showlegend": not as_map and len(lines) > 1,
        },
        height=330,
    )


def lines_of(found: Sweep) -> dict[str, list[Reached]]:
    """The points by their values on all axes but the first."""
    lines: dict[str, list[Reached]] = {}
    for one in found.reached:
        others = zip(found.plan.axes[1:], one.point.values[1:], strict=True)
        lines.setdefault(", ".join(f"{axis.path} = {value}" for axis, value in others), []).append(one)
    return lines


def places(axis: Axis) -> list[float] | list[str]:
    """Where the values of an axis are drawn: numbers where they are numbers, otherwise side by side."""
    quantities = axis.quantities
    return list(quantities[0]) if quantities else list(axis.values)


def axis_layout(axis: Axis) -> dict[str, Any]:
    """An axis with its path and unit."""
    quantities = axis.quantities
    if quantities is None:
        return {"title": {"text": axis.path}, "type": "category"}
    values, unit = quantities
    wide = min(values) > 0 and max(values) / min(values) > LOGARITHMIC
    title = {"text": f"{axis.path} ({unit})" if unit else axis.path}
    if wide:
        return {"title": title, "type": "log", "tickmode": "array", "tickvals": list(values), "ticktext": axis.values}
    return {"title": title, "type": "linear", "nticks": 8}


def line(axis: Axis, name: str, reached: Sequence[Reached], reading: str, colour: str) -> Trace:
    """The points of one combination of the other axes, with their intervals."""
    where = dict(zip(axis.values, places(axis), strict=True))
    shown = [one for one in reached if is_finite(one.estimates[reading])]
    figures = [one.estimates[reading] for one in shown]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name or reading,
        "x": [where[one.point.values[0]] for one in shown],
        "y": [scaled(figure, figure.value) for figure in figures],
        "error_y": {**bars(figures, colour), "thickness": 1},
        "line": {"color": colour, "width": 1.5},
        "marker": {"size": 7, "color": colour},
        "text": [f"{one.point.values[0]}{f', {name}' if name else ''}: {told(one, reading)}" for one in shown],
        "hovertemplate": "%{text}<extra></extra>",
        "cliponaxis": False,
    }


def heat(found: Sweep, reading: str, title: str) -> Trace:
    """Every point of two axes as a field of its own."""
    first, second = found.plan.axes
    values = {one.point.values: one for one in found.reached}
    rows = [[values[across, up] for across in first.values] for up in second.values]
    return {
        "type": "heatmap",
        "x": places(first),
        "y": places(second),
        "z": [[height(one.estimates[reading]) for one in row] for row in rows],
        "text": [[f"{found.named(one.point)}: {told(one, reading)}" for one in row] for row in rows],
        "hovertemplate": "%{text}<extra></extra>",
        "colorscale": [[0, "@sky/0.15"], [1, "@blue"]],
        "colorbar": {"title": {"text": unit_of(READINGS[reading].unit) or title}, "thickness": 12},
    }


def height(figure: Estimate) -> float | None:
    """A value on a map; nothing where there is no number."""
    return scaled(figure, figure.value) if is_finite(figure) else None


def told(one: Reached, reading: str) -> str:
    """A figure of a point, with its interval."""
    return estimate_text(one.estimates[reading])
