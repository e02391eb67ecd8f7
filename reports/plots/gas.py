"""What gas was used for."""

from __future__ import annotations

from dataclasses import dataclass

from reports.intervals import Interval, of_mean
from reports.plots.plot import Plot
from reports.source import Run
from reports.wording import number, plural
from simnet.log.tables import Tables

MAX_BARS = 16
"""Actions shown one by one."""


@dataclass(frozen=True)
class Action:
    """Everything that one function of one contract used."""

    name: str
    transactions: int
    reverted: int
    total: int
    share: float
    """Of all gas used."""
    mean: float
    interval: Interval | None
    """Of the mean."""


def actions(tables: Tables) -> list[Action]:
    """What was called, most gas first; without what reorgs took back."""
    used: dict[str, list[int]] = {}
    reverted: dict[str, int] = {}
    for row in tables.transactions:
        name = f"{row['contract']}.{row['function']}"
        used.setdefault(name, []).append(row["gas_used"])
        reverted[name] = reverted.get(name, 0) + bool(row["revert"])
    everything = sum(map(sum, used.values())) or 1
    found = [
        Action(name, len(gas), reverted[name], sum(gas), sum(gas) / everything, sum(gas) / len(gas), of_mean(gas))
        for name, gas in used.items()
    ]
    return sorted(found, key=lambda action: -action.total)


def plot(run: Run) -> Plot:
    """Gas by action."""
    found = actions(run.tables)
    shown = found[:MAX_BARS][::-1]
    most = max((action.total for action in shown), default=1)
    hidden = len(found) - len(shown)
    per_inference = run.results.metrics["gas_per_inference"]
    return Plot(
        name="gas",
        title="Gas by action",
        caption="Gas that each kind of transaction used in all, as the EVM counted it."
        + (f" Left out: {plural(hidden, 'action')} that used less." if hidden else ""),
        kind=per_inference.spec.kind,
        n=plural(sum(action.transactions for action in found), "transaction"),
        interval="no interval: totals are counted; for 95 % intervals of the means see the table",
        traces=[
            {
                "type": "bar",
                "orientation": "h",
                "x": [action.total for action in shown],
                "y": [action.name for action in shown],
                "text": [f"{100 * action.share:.1f} %" for action in shown],
                "textposition": "outside",
                "cliponaxis": False,
                "customdata": [[f"{action.transactions:,}", number(action.mean)] for action in shown],
                "marker": {"color": "@blue"},
                "hovertemplate": "%{y}<br>%{x:,} gas<br>%{customdata[0]} transactions, "
                "%{customdata[1]} each<extra></extra>",
            }
        ],
        layout={
            "xaxis": {"title": {"text": "gas"}, "range": [0, most], "nticks": 4, "tickformat": "~s"},
            "yaxis": {"showgrid": False, "ticks": ""},
            "margin": {"r": 52},
            "showlegend": False,
        },
        height=110 + 28 * len(shown),
    )
