"""Who prefers what at each value of a quantity: the indifference threshold, its interval, and where theory has it."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from reports.plots.plot import Plot, Trace
from simnet.measure.metric import wilson
from simnet.studies.equilibrium.search import Found

CURVE_POINTS = 161


def plot(found: Found) -> Plot:
    """The share of participants who prefer the second action, over the values tried."""
    statement, threshold = found.statement, found.threshold
    unit = f" ({statement.unit})" if statement.unit else ""
    low, high = shown_range(found)
    return Plot(
        name=re.sub(r"\W+", "-", statement.id.lower()),
        title=f"{statement.id}: {statement.vary}",
        caption=f"{statement.id}: share of the participants ({statement.who}) that prefer “{statement.turns_to}” once"
        f" they have seen what it pays, over {statement.vary}. The curve is the logistic fit; the band holds the"
        f" indifference threshold, {threshold.value:.4g}, with 95 % confidence; the dashed line is theory's"
        f" {found.expected:.4g}.",
        kind="simulated",
        n=f"{sum(chosen.n for chosen in found.choices):,} participants in {len(found.probed)} runs",
        interval=f"{threshold.low:.4g} to {threshold.high:.4g}, by profile likelihood; bars are Wilson's",
        traces=[curve(found, low, high), points(found)],
        layout={
            "xaxis": {
                "type": "log",
                "title": {"text": f"{statement.vary}{unit}"},
                "range": [math.log10(low), math.log10(high)],
                **ticks(low, high),
            },
            "yaxis": {"title": {"text": f"prefer “{statement.turns_to}” (%)"}, "range": [-4, 104]},
            "shapes": [band(found), theory(found)],
            "legend": {"orientation": "h", "y": 1.16},
        },
        height=300,
    )


def shown_range(found: Found) -> tuple[float, float]:
    """The values that were tried, with a little room."""
    values = [chosen.value for chosen in found.choices]
    return min(values) / 1.1, max(values) * 1.1


def ticks(low: float, high: float) -> dict[str, Any]:
    """Round values on a logarithmic axis, as many as there is room for."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    steps = (1, 2, 5) if math.log10(high / low) < 3 else (1,)
    values = [step * 10.0**decade for decade in decades for step in steps]
    kept = [value for value in values if low <= value <= high]
    return {"tickmode": "array", "tickvals": kept, "ticktext": [f"{value:g}" for value in kept]}


def curve(found: Found, low: float, high: float) -> Trace:
    """The fit."""
    values = np.geomspace(low, high, CURVE_POINTS)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "logistic fit",
        "x": [float(value) for value in values],
        "y": [100 * found.threshold.share_at(float(value)) for value in values],
        "line": {"color": "@blue", "width": 1.5},
        "hoverinfo": "skip",
    }


def points(found: Found) -> Trace:
    """What was chosen at each value, with its interval."""
    choices = found.choices
    shares = [chosen.turned / chosen.n for chosen in choices]
    bounds = [wilson(chosen.turned, chosen.n) for chosen in choices]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "one run",
        "x": [chosen.value for chosen in choices],
        "y": [100 * share for share in shares],
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [100 * (high - share) for (_, high), share in zip(bounds, shares, strict=True)],
            "arrayminus": [100 * (share - low) for (low, _), share in zip(bounds, shares, strict=True)],
            "color": "@soft",
            "width": 0,
            "thickness": 1,
        },
        "text": [f"{chosen.turned} of {chosen.n} at {chosen.value:.4g}" for chosen in choices],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {"symbol": "circle", "size": 7, "color": "@blue"},
    }


def band(found: Found) -> dict[str, Any]:
    """The interval of the indifference threshold."""
    across = {"type": "rect", "x0": found.threshold.low, "x1": found.threshold.high, "y0": 0, "y1": 1, "yref": "paper"}
    return {**across, "layer": "below", "fillcolor": "@blue/0.15", "line": {"width": 0}}


def theory(found: Found) -> dict[str, Any]:
    """Where the formula has it."""
    upright = {"type": "line", "x0": found.expected, "x1": found.expected, "y0": 0, "y1": 1, "yref": "paper"}
    return {**upright, "line": {"color": "@vermillion", "width": 1.5, "dash": "dash"}}
