"""An economy over its months: medians and 95 % bands of all paths, and the one that the contracts lived through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from reports.plots.plot import SERIES, Plot, Trace
from simnet.economy.model import EPOCHS
from simnet.economy.sensitivity import Effect
from simnet.economy.study import Study

PANELS: tuple[tuple[str, str, str, tuple[tuple[str, str], ...], bool], ...] = (
    ("opg_price", "Price of OPG", "dollars", (("price_usd", "one OPG"),), True),
    (
        "security",
        "Corruption: what it costs, what it brings",
        "dollars",
        (
            ("corruption_cost_usd", "cost: a third of the stake"),
            ("corruption_profit_usd", "profit: a window's answers"),
        ),
        True,
    ),
    ("stake", "Stake", "OPG", (("bonded_opg", "bonded"),), False),
    ("people", "Who is left", "participants", (("working", "validators"), ("delegators", "delegators")), False),
    ("income", "Validators, a month", "dollars", (("income_usd", "fees and rewards"), ("cost_usd", "costs")), False),
    (
        "rewards",
        "Rewards, a month",
        "OPG",
        (("rewards_opg", "paid"), ("held_opg", "held back by the cap")),
        False,
    ),
    ("gini", "Concentration: Gini coefficient of stake", "", (("gini", "Gini"),), False),
    ("nakamoto", "Concentration: Nakamoto coefficient", "validators", (("nakamoto", "hold a third"),), False),
)
"""Name, title, unit, columns with their words, and whether the axis is logarithmic."""


def plots(study: Study, effects: Sequence[Effect]) -> dict[str, Plot]:
    """Every plot by its name, in the order of the page."""
    found = [panel(study, *one) for one in PANELS]
    outcomes = dict.fromkeys(effect.outcome for effect in effects)
    found += [bars(effects, outcome, number) for number, outcome in enumerate(outcomes, start=1)]
    return {plot.name: plot for plot in found}


def panel(
    study: Study, name: str, title: str, unit: str, columns: Sequence[tuple[str, str]], logarithmic: bool
) -> Plot:
    """Some columns over the months."""
    traces: list[Trace] = []
    for (column, words), colour in zip(columns, SERIES, strict=False):
        traces += fan(study, column, words, colour)
    described = ", ".join(words for _, words in columns)
    return Plot(
        name=name,
        title=title,
        caption=f"{described}. Lines are medians and bands hold 95 % of the paths, by the model; dots are the first"
        " path, as the contracts lived through it. The dashed line is the end of emission.",
        kind="modelled",
        n=f"{study.scenario.paths:,} paths, {len(study.measured.paths):,} of them measured on the contracts",
        interval="2.5 % to 97.5 % of the paths",
        traces=traces,
        layout={
            "xaxis": {"title": {"text": "month"}},
            "yaxis": {"title": {"text": unit}, "type": "log" if logarithmic else "linear", "rangemode": "tozero"},
            "legend": {"orientation": "h", "y": 1.18},
            "shapes": [end_of_emission()] if study.scenario.months > EPOCHS else [],
        },
        height=280,
    )


def fan(study: Study, column: str, words: str, colour: str) -> list[Trace]:
    """Median, band, and the path of the contracts."""
    values = study.modelled[column]
    months = list(range(1, values.shape[1] + 1))
    low, middle, high = np.quantile(values, [0.025, 0.5, 0.975], axis=0)
    line: Trace = {"type": "scatter", "mode": "lines", "x": months, "hoverinfo": "skip", "showlegend": False}
    return [
        {**line, "y": low.tolist(), "line": {"width": 0}},
        {**line, "y": high.tolist(), "line": {"width": 0}, "fill": "tonexty", "fillcolor": f"{colour}/0.18"},
        {
            **line,
            "y": middle.tolist(),
            "name": words,
            "line": {"color": colour, "width": 2},
            "hoverinfo": "all",
            "showlegend": True,
        },
        {
            **line,
            "mode": "markers",
            "y": study.measured.figures[column][0].tolist(),
            "name": f"{words}, on the contracts",
            "marker": {"color": colour, "size": 3.5},
            "hoverinfo": "all",
        },
    ]


def end_of_emission() -> dict[str, Any]:
    """A line after the last month that has rewards."""
    upright = {"type": "line", "x0": EPOCHS + 0.5, "x1": EPOCHS + 0.5, "y0": 0, "y1": 1, "yref": "paper"}
    return {**upright, "line": {"color": "@vermillion", "width": 1.5, "dash": "dash"}}


def bars(effects: Sequence[Effect], outcome: str, number: int) -> Plot:
    """What an outcome hangs on, the most at the top."""
    traces: list[Trace] = []
    for method, words, colour, axis in (
        ("morris", "Morris: mean absolute effect", "@blue", "x"),
        ("sobol", "Sobol: total share of the variance", "@orange", "x2"),
    ):
        chosen = sorted(
            (one for one in effects if one.outcome == outcome and one.method == method), key=lambda one: one.value
        )
        traces.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": words,
                "x": [one.value for one in chosen],
                "y": [one.path for one in chosen],
                "xaxis": axis,
                "error_x": {"type": "data", "array": [one.half_width for one in chosen], "color": colour, "width": 0},
                "marker": {"color": colour, "size": 8, "symbol": "circle" if axis == "x" else "diamond"},
            }
        )
    return Plot(
        name=f"sensitivity-{number}",
        title=f"What it hangs on: {outcome}",
        caption=f"{outcome}: mean absolute elementary effect (Morris, below) and total Sobol index of those that matter"
        " most (above). A quantity whose interval reaches 0 has shown no effect.",
        kind="modelled",
        n=f"{len({one.path for one in effects})} quantities",
        interval="95 %, by bootstrap",
        traces=traces,
        layout={
            "xaxis": {"title": {"text": "Morris"}, "rangemode": "tozero"},
            "xaxis2": {"title": {"text": "Sobol"}, "overlaying": "x", "side": "top", "rangemode": "tozero"},
            "yaxis": {"automargin": True},
            "legend": {"orientation": "h", "y": -0.25},
        },
        height=380,
    )
