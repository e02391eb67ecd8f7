"""Whether full nodes checked what they were drawn to check, by the ground truth of what they executed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from reports.plots.plot import Plot, Trace, clock_of, empty
from reports.source import Run
from reports.wording import between
from simnet.log.tables import Tables
from simnet.measure.metric import wilson

BINS = 30
"""Columns of the plot."""

MAX_ROWS = 40
"""Full nodes shown one by one: those that checked the smallest share."""

Cells: TypeAlias = Mapping[str, Sequence[Sequence[int]]]
"""By full node and bin: claims checked, and claims due."""


@dataclass(frozen=True)
class Seat:
    """A place on a committee whose vote is over."""

    member: str
    drawn_s: float
    due: int
    """Claims to be checked: those it gave a verdict on, or the whole batch if it gave none."""
    checked: int
    """Of these, claims that it executed again or whose evidence it judged."""


def seats(tables: Tables) -> list[Seat]:
    """Every seat on a committee whose vote is over."""
    names = tables.names
    over = {row["batch"] for row in tables.event("Resolved")}
    tasks = {row["batch"]: row["tasks"] for row in tables.of("batch_built")}
    executed = [row for row in tables.of("executed") if row["purpose"] == "check"]
    looked = {(row["node"], row["task"]) for row in executed + tables.of("evidence_checked")}
    reported: dict[tuple[str, str], dict[str, bool]] = {}
    for row in tables.of("claim_checked"):  # twice where a reorg had the committee drawn again
        reported.setdefault((row["node"], row["batch"]), {})[row["task"]] = (row["node"], row["task"]) in looked
    found = []
    for row in tables.event("CommitteeDrawn"):
        for member in [names[address] for address in row["members"]] if row["batch"] in over else []:
            due = reported.get((member, row["batch"])) or dict.fromkeys(tasks.get(row["batch"], []), False)
            found.append(Seat(member, row["t"], len(due), sum(due.values())))
    return found


def plot(run: Run) -> Plot | None:
    """Share of claims checked, by full node and over time; ``None`` for a strategy that draws no committees."""
    found, clock = seats(run.tables), clock_of(run.tables)
    if not found:
        return None
    width = clock.end_s / BINS
    cells: dict[str, list[list[int]]] = {}
    for seat in found:
        row = cells.setdefault(seat.member, [[0, 0] for _ in range(BINS)])
        cell = row[min(BINS - 1, int(seat.drawn_s / width))]
        cell[0] += seat.checked
        cell[1] += seat.due
    share = {name: sum(d for d, _ in row) / (sum(n for _, n in row) or 1) for name, row in cells.items()}
    ranked = sorted(cells, key=share.__getitem__)
    least = [name for name in ranked[:MAX_ROWS] if len(cells) <= MAX_ROWS or share[name] < 1]
    shown = sorted(least, key=lambda name: (len(name), name))
    checked, due = sum(seat.checked for seat in found), sum(seat.due for seat in found)
    return Plot(
        name="participation",
        title="Checks by committee members",
        caption="Share of the claims put before each full node that it really executed again, or whose evidence it "
        f"judged, by the time that its committee was drawn; empty where it was not drawn. {left_out(cells, shown)}",
        kind="measured",
        n=f"{due:,} checks due in {len(found):,} seats on committees",
        interval=f"checked in all {100 * checked / (due or 1):.4g} %, 95 % interval "
        f"{between(wilson(checked, due), 'share') if due else 'undefined'}",
        traces=[heatmap(run, cells, shown, [clock((i + 0.5) * width) for i in range(BINS)])] if shown else [],
        layout={
            "xaxis": clock.axis,
            "yaxis": {"autorange": "reversed", "showgrid": False, "ticks": ""},
            **({} if shown else empty(f"all {len(cells):,} full nodes checked everything")),
        },
        height=120 + (24 if len(shown) <= 12 else 15) * len(shown),
    )


def left_out(cells: Cells, shown: Sequence[str]) -> str:
    """Who is not shown, in a sentence; nothing where everybody is."""
    hidden = len(cells) - len(shown)
    if not hidden:
        return ""
    if len(shown) < MAX_ROWS:
        return f"Left out: {hidden:,} full nodes that checked everything."
    return f"Shown are the {MAX_ROWS} that checked least of {len(cells):,}."


def heatmap(run: Run, cells: Cells, shown: Sequence[str], times: Sequence[float]) -> Trace:
    """A row for each full node: shares as colour, counts on hovering."""
    people = run.tables.participants
    return {
        "type": "heatmap",
        "x": times,
        "y": [", ".join([name, *people[name]["behaviours"]]) for name in shown],
        "z": [[round(100 * d / n, 1) if n else None for d, n in cells[name]] for name in shown],
        "customdata": [[f"{d} of {n}" for d, n in cells[name]] for name in shown],
        "zmin": 0,
        "zmax": 100,
        "colorscale": [[0, "@vermillion"], [1, "@pale"]],
        "colorbar": {"title": {"text": "checked (%)", "side": "right"}, "thickness": 10, "outlinewidth": 0},
        "xgap": 1,
        "ygap": 1,
        "hoverongaps": False,
        "hovertemplate": "%{y}<br>%{customdata} claims checked<extra></extra>",
    }
