"""Whether full nodes did the duties that they were drawn for."""

from __future__ import annotations

from reports.plots.plot import Plot, clock_of
from reports.source import Run
from reports.wording import between
from simnet.log.tables import Tables
from simnet.measure.metric import wilson

BINS = 30
"""Columns of the plot."""

MAX_ROWS = 40
"""Full nodes shown one by one: those that did the smallest share of their duties."""

Duty = tuple[str, float, bool]
"""A full node, when it was drawn, whether it voted in a way that counts."""


def duties(tables: Tables) -> list[Duty]:
    """Every seat on a committee whose vote is over."""
    names = tables.names
    over = {row["batch"] for row in tables.event("Resolved")}
    voted = {
        (row["batch"], row["member"]) for row in tables.event("Revealed") + tables.event("Voted") if "member" in row
    }
    return [
        (names[member], row["t"], (row["batch"], member) in voted)
        for row in tables.event("CommitteeDrawn")
        if row["batch"] in over
        for member in row["members"]
    ]


def plot(run: Run) -> Plot | None:
    """Share of duties done, by full node and over time; ``None`` for a strategy that draws no committees."""
    found, clock = duties(run.tables), clock_of(run.tables)
    if not found:
        return None
    width = clock.end_s / BINS
    seats: dict[str, list[list[int]]] = {}
    for name, at, done in found:
        cell = seats.setdefault(name, [[0, 0] for _ in range(BINS)])[min(BINS - 1, int(at / width))]
        cell[0] += done
        cell[1] += 1
    share = {name: sum(d for d, _ in row) / sum(n for _, n in row) for name, row in seats.items()}
    shown = sorted(sorted(seats, key=share.__getitem__)[:MAX_ROWS], key=lambda name: (len(name), name))
    kept, n = sum(done for _, _, done in found), len(found)
    left_out = f" Shown are the {MAX_ROWS} that did least of {len(seats):,}." if len(seats) > MAX_ROWS else ""
    people = run.tables.participants
    return Plot(
        name="participation",
        title="Committee participation",
        caption="Share of the duties done by each full node, by the time that its committee was drawn; empty where it "
        f"was not drawn.{left_out}",
        kind="simulated",
        n=f"{n:,} seats on committees",
        interval=f"done in all {100 * kept / n:.4g} %, 95 % interval {between(wilson(kept, n), 'share')}",
        traces=[
            {
                "type": "heatmap",
                "x": [clock((i + 0.5) * width) for i in range(BINS)],
                "y": [", ".join([name, *people[name]["behaviours"]]) for name in shown],
                "z": [[round(100 * d / n, 1) if n else None for d, n in seats[name]] for name in shown],
                "customdata": [[f"{d} of {n}" for d, n in seats[name]] for name in shown],
                "zmin": 0,
                "zmax": 100,
                "colorscale": [[0, "@vermillion"], [1, "@pale"]],
                "colorbar": {"title": {"text": "done (%)", "side": "right"}, "thickness": 10, "outlinewidth": 0},
                "xgap": 1,
                "ygap": 1,
                "hoverongaps": False,
                "hovertemplate": "%{y}<br>%{customdata} duties done<extra></extra>",
            }
        ],
        layout={"xaxis": clock.axis, "yaxis": {"autorange": "reversed", "showgrid": False, "ticks": ""}},
        height=120 + (24 if len(shown) <= 12 else 15) * len(shown),
    )
