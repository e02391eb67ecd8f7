"""How long clients waited: for the answer, and for its finality."""

from __future__ import annotations

import pandas as pd

from reports.intervals import of_distribution, of_quantile
from reports.plots.plot import Plot, Trace, empty
from reports.source import Run
from reports.wording import between, plural, quantity
from simnet.measure.catalogue import METRICS
from simnet.measure.metric import MetricSpec

MAX_POINTS = 400
"""Points of a curve: more cannot be told apart at this size."""


def plots(run: Run) -> list[Plot]:
    """Soft latency, and finality latency."""
    claims = run.figures.claims
    soft = (claims["answered"] - claims["sent"]) * 1000
    final = claims["final"] - claims["sent"]
    return [
        distribution("soft-latency", "Soft latency", METRICS["soft_latency_ms"], soft),
        distribution("finality-latency", "Finality latency", METRICS["finality_latency_s"], final),
    ]


def distribution(name: str, title: str, spec: MetricSpec, values: pd.Series[float]) -> Plot:
    """The share of tasks done within a time, with its band, and the percentiles with theirs."""
    ordered = [float(value) for value in values.dropna().sort_values()]
    n = len(ordered)
    traces: list[Trace] = []
    interval, note, end = "no interval: no task got that far", "", 1.0
    if n:
        traces = [*curve(ordered, spec.unit), *percentiles(ordered, spec)]
        interval = f"95 % interval of the curve ±{100 * of_distribution(n):.2g} points, of percentiles as bars"
        end = min(1.05 * ordered[-1], 1.5 * ordered[round(0.99 * (n - 1))])
    if n and end < ordered[-1]:
        note += f" The axis leaves out the slowest; the last took {quantity(ordered[-1], spec.unit)}."
    if n > MAX_POINTS:
        note += f" Drawn are {MAX_POINTS} of {n:,} points."
    return Plot(
        name=name,
        title=title,
        caption=f"{title}: share of tasks done within a time, {spec.description}.{note}",
        kind=spec.kind,
        n=plural(n, "task"),
        interval=interval,
        traces=traces,
        layout={
            "xaxis": {"title": {"text": f"{title.lower()} ({spec.unit})"}, "range": [0, end]},
            "yaxis": {"title": {"text": "share of tasks (%)"}, "range": [0, 102]},
            **({} if n else empty("no task got that far")),
        },
        height=300,
    )


def curve(ordered: list[float], unit: str, name: str = "", colour: str = "@blue") -> list[Trace]:
    """The empirical distribution, and the band in which the true one lies (Dvoretzky, Kiefer, Wolfowitz).

    It is in the legend if it has a name.
    """
    n = len(ordered)
    steps = min(n, MAX_POINTS)
    ranks = [round(i * (n - 1) / max(1, steps - 1)) for i in range(steps)]
    x = [round(ordered[rank], 4) for rank in ranks]
    y = [100 * (rank + 1) / n for rank in ranks]
    half = 100 * of_distribution(n)
    line = {"shape": "hv", "color": colour, "width": 2}
    edge = {"type": "scatter", "mode": "lines", "x": x, "hoverinfo": "skip", "showlegend": False}
    edge["line"] = {"shape": "hv", "width": 0, "color": colour}
    return [
        {**edge, "y": [max(0.0, share - half) for share in y]},
        {**edge, "y": [min(100.0, share + half) for share in y], "fill": "tonexty", "fillcolor": f"{colour}/0.15"},
        {
            "type": "scatter",
            "mode": "lines",
            "name": name or "tasks",
            "x": x,
            "y": y,
            "line": line,
            "hovertemplate": f"{name} %{{y:.1f}} % within %{{x:,.4g}} {unit}<extra></extra>".lstrip(),
            "showlegend": bool(name),
        },
    ]


def percentiles(ordered: list[float], spec: MetricSpec) -> list[Trace]:
    """The percentiles that the run reports, each with its interval where there are tasks enough for one."""
    traces = []
    series = pd.Series(ordered)
    for statistic, symbol in zip(spec.statistics, ("circle", "square", "diamond"), strict=False):
        share = int(statistic[1:]) / 100
        value, interval = float(series.quantile(share)), of_quantile(ordered, share)
        low, high = interval or (value, value)
        text = quantity(value, spec.unit) + (f" ({between(interval, spec.unit)})" if interval else "")
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": f"{statistic} {text}",
                "x": [value],
                "y": [100 * share],
                "marker": {"symbol": symbol, "size": 9, "color": "@ink"},
                "error_x": {"type": "data", "array": [high - value], "arrayminus": [value - low], "color": "@ink"},
                "hovertemplate": f"{statistic}: {text}<extra></extra>",
            }
        )
    return traces
