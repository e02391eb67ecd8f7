"""Strategies side by side: a panel for each figure, and security against cost."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from reports.estimates import estimate_text, is_finite, unit_of, value_text
from reports.plots.labels import Box, place
from reports.plots.plot import Plot, Trace
from reports.wording import plural
from simnet.studies.comparison.catalogue import CATALOGUE
from simnet.studies.comparison.estimates import COUNTS, MODEL, OBSERVATIONS, SEEDS, Estimate
from simnet.studies.comparison.frontier import Frontier, Point

Estimates = Mapping[str, Mapping[str, Estimate]]

STYLES = (("circle", "@blue"), ("diamond", "@orange"), ("square", "@purple"))
"""Symbol and colour of the first, second and third percentile of a panel."""

ROW_PX = 26
"""Height of a strategy's line in a panel."""

INTERVALS = {
    COUNTS: "Wilson's, from the counts of all seeds",
    OBSERVATIONS: "between order statistics of all observations; open where there are too few",
    SEEDS: "Student's t over seeds; one seed gives none",
    MODEL: "from that of the detection rate",
}
"""What the interval of an estimate is, by how it was pooled."""

FRONTIER_PX = (860.0, 250.0)
"""Width and height of the area in which a frontier is drawn, on a page of full width."""


def panel(estimates: Estimates, readings: Sequence[str]) -> Plot:
    """One metric of every strategy; several readings are percentiles of one distribution."""
    spec = CATALOGUE[readings[0].partition(".")[0]]
    labels = list(estimates)
    better = spec.direction
    figures = [figures[reading] for figures in estimates.values() for reading in readings]
    return Plot(
        name=spec.name.replace("_", "-"),
        title=spec.name,
        caption=f"{spec.name}: {spec.description}." + (f" {better.capitalize()} is better." if better else ""),
        kind=spec.kind,
        n=n_text([figure for figure in figures if figure.value is not None]),
        interval=INTERVALS[figures[0].basis],
        traces=[
            points(estimates, reading, offset, style, named=len(readings) > 1)
            for reading, offset, style in zip(readings, offsets(len(readings)), STYLES, strict=False)
        ],
        layout={
            "xaxis": value_axis(figures, f"{spec.name} ({unit})" if (unit := unit_of(spec.unit)) else spec.name),
            "yaxis": {
                "tickmode": "array",
                "tickvals": list(range(len(labels))),
                "ticktext": labels,
                "range": [len(labels) - 0.5, -0.5],
                "showgrid": False,
                "ticks": "",
            },
            "annotations": [*missing(estimates, readings), *values(estimates, readings)],
            "margin": {"r": 34 + 44 * len(readings)},
            "showlegend": len(readings) > 1,
        },
        height=86 + ROW_PX * len(labels) + (24 if len(readings) > 1 else 0),
    )


def n_text(figures: Sequence[Estimate]) -> str:
    """How much the figures of a panel rest on."""
    if not figures:
        return "0"
    noun = "seed" if figures[0].basis == SEEDS else "observation"
    low, high = min(figure.n for figure in figures), max(figure.n for figure in figures)
    return plural(low, noun) if low == high else f"{low:,} to {plural(high, noun)}"


def offsets(count: int) -> list[float]:
    """How far above and below a strategy's line its percentiles are drawn."""
    return [0.16 * (2 * i - count + 1) for i in range(count)]


def points(estimates: Estimates, reading: str, offset: float, style: tuple[str, str], *, named: bool) -> Trace:
    """A marker with its interval for every strategy that has a value."""
    rows = [(i, label, figures[reading]) for i, (label, figures) in enumerate(estimates.items())]
    shown = [(i + offset, label, figure) for i, label, figure in rows if is_finite(figure)]
    symbol, colour = style
    return {
        "type": "scatter",
        "mode": "markers",
        "name": reading.partition(".")[2] if named else reading,
        "x": [scaled(figure, figure.value) for _, _, figure in shown],
        "y": [row for row, _, _ in shown],
        "error_x": bars([figure for _, _, figure in shown], colour),
        "text": [f"{label}: {estimate_text(figure)}" for _, label, figure in shown],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {"symbol": symbol, "size": 9, "color": colour},
        "cliponaxis": False,
    }


def bars(figures: Sequence[Estimate], colour: str) -> dict[str, Any]:
    """Error bars; nothing on a side where the interval is open."""
    above, below = [], []
    for figure in figures:
        low, high = figure.interval or (None, None)
        middle = scaled(figure, figure.value)
        above.append(0.0 if high is None or not math.isfinite(high) else scaled(figure, high) - middle)
        below.append(0.0 if low is None else middle - scaled(figure, low))
    return {"type": "data", "symmetric": False, "array": above, "arrayminus": below, "color": colour, "width": 4}


def scaled(figure: Estimate, value: float | None) -> float:
    """A value of a figure as axes show it: shares in percent."""
    assert value is not None
    return 100 * value if figure.spec.unit == "share" else value


def value_axis(figures: Sequence[Estimate], title: str, room: float = 0.04) -> dict[str, Any]:
    """An axis that holds all values and intervals, and zero, with a share of it as room at both ends."""
    axis: dict[str, Any] = {"title": {"text": title}, "nticks": 6}
    shown = [figure for figure in figures if is_finite(figure)]
    if not shown:
        return {**axis, "range": [0, 1], "showticklabels": False, "ticks": ""}
    ends = [scaled(f, end) for f in shown for end in (f.value, *(f.interval or ())) if end is not None]
    low, high = min(0.0, *ends), max(0.0, *ends)
    if shown[0].spec.unit == "share" and high > 50:
        high = 100.0
    spare = room * (high - low or 1.0)
    return {**axis, "range": [low - spare, high + spare], "zeroline": low < 0, "zerolinecolor": "@ink"}


def missing(estimates: Estimates, readings: Sequence[str]) -> Iterator[dict[str, Any]]:
    """A word in the place of every value that cannot be drawn, so that no strategy seems forgotten."""
    for i, figures in enumerate(estimates.values()):
        absent = [reading for reading in readings if not is_finite(figures[reading])]
        for reading, offset in zip(readings, offsets(len(readings)), strict=True):
            if reading not in absent[: 1 if len(absent) == len(readings) else None]:
                continue
            infinite = figures[reading].value is not None
            word = "undefined" if len(absent) == len(readings) else f"{reading.partition('.')[2]} undefined"
            yield {
                "text": "infinite →" if infinite else word,
                "x": 0.99 if infinite else 0.01,
                "xref": "x domain",
                "xanchor": "right" if infinite else "left",
                "y": i if len(absent) == len(readings) else i + offset,
                "yref": "y",
                "showarrow": False,
                "font": {"size": 11, "color": "@soft"},
            }


def values(estimates: Estimates, readings: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Every value in a column at the right, for what is too small or too close to be read off."""
    for i, figures in enumerate(estimates.values()):
        shown = [figures[reading] for reading in readings]
        if any(is_finite(figure) for figure in shown):
            yield {
                "text": " · ".join(value_text(figure) for figure in shown),
                "x": 1,
                "xref": "paper",
                "xanchor": "left",
                "xshift": 4,
                "y": i,
                "yref": "y",
                "showarrow": False,
                "font": {"size": 11, "color": "@soft"},
            }


def frontier_plot(frontier: Frontier) -> Plot:
    """Security against cost, with every strategy named."""
    cost, security = CATALOGUE[frontier.cost], CATALOGUE[frontier.security]
    better = security.direction
    best = sorted((point for point in frontier.points if point.efficient), key=lambda point: point.cost.value or 0.0)
    rest = [point for point in frontier.points if not point.efficient]
    across = value_axis([point.cost for point in frontier.points], titled(cost.name, cost.unit))
    up = value_axis([point.security for point in frontier.points], titled(security.name, security.unit), room=0.15)
    left_out = f" Not shown, because undefined: {', '.join(frontier.undefined)}." if frontier.undefined else ""
    return Plot(
        name=f"frontier-{frontier.cost}-{frontier.security}".replace("_", "-"),
        title=f"{frontier.security} against {frontier.cost}",
        caption=f"{frontier.security} against {frontier.cost}. {better.capitalize()} and further left is better; no"
        f" other strategy is better than a filled one on both counts, going by the points.{left_out}",
        kind=security.kind,
        n=plural(len(frontier.points), "strategy").replace("strategys", "strategies"),
        interval="on both axes, as in the panels above",
        traces=[
            scatter(best, "on the frontier", mode="lines+markers", symbol="circle", colour="@blue"),
            scatter(rest, "beaten", mode="markers", symbol="circle-open", colour="@soft"),
        ],
        layout={
            "xaxis": across,
            "yaxis": up,
            "annotations": list(names(frontier.points, across["range"], up["range"])),
        },
        height=330,
    )


def titled(name: str, unit: str) -> str:
    """An axis's title."""
    shown = unit_of(unit)
    return f"{name} ({shown})" if shown else name


def scatter(shown: Sequence[Point], name: str, *, mode: str, symbol: str, colour: str) -> Trace:
    """Strategies as points with intervals on both axes."""
    return {
        "type": "scatter",
        "mode": mode,
        "name": name,
        "x": [scaled(point.cost, point.cost.value) for point in shown],
        "y": [scaled(point.security, point.security.value) for point in shown],
        "error_x": {**bars([point.cost for point in shown], colour), "thickness": 1},
        "error_y": {**bars([point.security for point in shown], colour), "thickness": 1},
        "line": {"dash": "dot", "width": 1, "color": colour},
        "marker": {"symbol": symbol, "size": 10, "color": colour, "line": {"width": 2, "color": colour}},
        "text": [f"{p.label}<br>{estimate_text(p.security)}<br>at {estimate_text(p.cost)}" for p in shown],
        "hovertemplate": "%{text}<extra></extra>",
        "cliponaxis": False,
    }


def names(shown: Sequence[Point], across: Sequence[float], up: Sequence[float]) -> Iterator[dict[str, Any]]:
    """Each point's name beside it; `across` and `up` are the ranges of the axes."""
    width, height = FRONTIER_PX

    def right(figure: Estimate, value: float | None) -> float:
        return width * (scaled(figure, value) - across[0]) / (across[1] - across[0])

    def high(figure: Estimate, value: float | None) -> float:
        return height * (scaled(figure, value) - up[0]) / (up[1] - up[0])

    points = [(p.label, right(p.cost, p.cost.value), high(p.security, p.security.value)) for p in shown]
    lines = []
    for point, (_, x, y) in zip(shown, points, strict=True):
        left, end = (x if at is None else right(point.cost, at) for at in point.cost.interval or (None, None))
        foot, top = (y if at is None else high(point.security, at) for at in point.security.interval or (None, None))
        lines += [Box(left, y - 1, end, y + 1), Box(x - 1, foot, x + 1, top)]
    for point, placed in zip(shown, place(points, lines, width, height), strict=True):
        yield {
            "text": point.label,
            "x": scaled(point.cost, point.cost.value),
            "y": scaled(point.security, point.security.value),
            "xanchor": "left" if placed.begins else "right",
            "font": {"size": 11},
            **(
                {"showarrow": True, "ax": placed.x_shift, "ay": -placed.y_shift, "arrowhead": 0, "arrowwidth": 0.7}
                | {"arrowcolor": "@soft", "standoff": 6}
                if placed.is_far
                else {"showarrow": False, "xshift": placed.x_shift, "yshift": placed.y_shift}
            ),
        }
