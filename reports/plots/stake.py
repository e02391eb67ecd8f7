"""What each node has left of its stake."""

from __future__ import annotations

from chain.quantities import OPG
from reports.plots.plot import SERIES, Clock, Plot, Trace, clock_of, marks
from reports.source import Run
from reports.wording import number, plural
from simnet.measure.rows import as_text

MAX_LINES = 8
"""Nodes with a line of their own; more could not be told apart."""

DASHES = ("solid", "dash")


def plot(run: Run) -> Plot:
    """Stake over time: lines for honest nodes that lost some, then for those that lost most, one for all others."""
    clock, people = clock_of(run.tables), run.tables.participants
    losses: dict[str, list[tuple[float, float, str]]] = {}
    for slash in run.figures.slashes:
        loss = (slash["t"], int(slash["amount"]) / OPG, as_text(slash["reason"]))
        losses.setdefault(slash["name"], []).append(loss)
    ranked = sorted(losses, key=lambda name: (len(people[name]["behaviours"]) > 0, -lost(losses[name])))
    traces = [
        line(name, people[name]["behaviours"], int(people[name]["stake"]) / OPG, losses[name], clock, i)
        for i, name in enumerate(ranked[:MAX_LINES])
    ]
    staked = [name for name, row in people.items() if row["role"] in ("inference", "full")]
    untouched = [int(people[name]["stake"]) / OPG for name in staked if name not in losses]
    traces += [unchanged(untouched, clock)] if untouched else []
    hidden = len(ranked) - MAX_LINES
    return Plot(
        name="stake",
        title="Stake over time",
        caption="Stake of each node, as the chain's slashes left it."
        + (f" Left out: {plural(hidden, 'node')} that lost less." if hidden > 0 else ""),
        kind="simulated",
        n=f"{plural(len(staked), 'node')}, slashed {plural(len(run.figures.slashes), 'time')}",
        interval="no interval: amounts on chain, not estimates",
        traces=traces,
        layout={
            "xaxis": clock.axis,
            "yaxis": {"title": {"text": "stake (OPG)"}, "rangemode": "tozero"},
            **marks(run.tables, clock),
        },
        height=380,
    )


def lost(losses: list[tuple[float, float, str]]) -> float:
    """What these losses add up to, in OPG."""
    return sum(loss for _, loss, _ in losses)


def line(
    name: str, behaviours: list[str], stake: float, losses: list[tuple[float, float, str]], clock: Clock, turn: int
) -> Trace:
    """A node's stake as a step at each slash."""
    x, y, text = [0.0], [stake], [f"{number(stake)} OPG put up"]
    for at, loss, reason in losses:
        x.append(clock(at))
        y.append(y[-1] - loss)
        text.append(f"−{number(loss)} OPG: {reason}")
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": f"{name}: {', '.join(behaviours) or 'honest'}, −{number(stake - y[-1])} OPG",
        "x": [*x, clock(clock.end_s)],
        "y": [*y, y[-1]],
        "text": [*text, f"{number(y[-1])} OPG left"],
        "line": {
            "shape": "hv",
            "color": SERIES[turn % len(SERIES)],
            "dash": DASHES[turn // len(SERIES) % len(DASHES)],
            "width": 2,
        },
        "marker": {"symbol": turn, "size": 6},
        "hovertemplate": f"{name}, %{{x}}<br>%{{text}}<br>%{{y:,.1f}} OPG<extra></extra>",
    }


def unchanged(stakes: list[float], clock: Clock) -> Trace:
    """Every amount that somebody put up and kept, as a thin line."""
    x: list[float | None] = []
    y: list[float | None] = []
    for stake in sorted(dict.fromkeys(stakes)):
        x += [0, clock(clock.end_s), None]
        y += [stake, stake, None]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": f"{plural(len(stakes), 'node')} that lost nothing",
        "x": x,
        "y": y,
        "line": {"color": "@soft", "width": 1},
        "hovertemplate": "%{y:,.0f} OPG<extra>lost nothing</extra>",
    }
