"""What became of each fraud, and of each honest claim."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from reports.intervals import of_quantile
from reports.plots.plot import CAUGHT, MISSED, UNDECIDED, VOIDED, Clock, Plot, Trace, clock_of, empty, marks
from reports.source import Run
from reports.wording import between, plural, quantity, with_interval
from simnet.measure.metric import wilson

OUTCOMES = {"rejected": "rejected", "accepted": "final", "voided": "void", "": "undecided"}
"""What can become of a claim: in the tables, and in words."""

ENDS = {
    "rejected": ("detected", CAUGHT, "circle"),
    "accepted": ("became final", MISSED, "x"),
    "voided": ("void", VOIDED, "square"),
    "": ("undecided at the end", UNDECIDED, "line-ew-open"),
}
"""How the end of a fraud is drawn: its name, colour and symbol."""

TAMPERED, HONEST_CLAIM = "tampered evidence", "honest"
"""Ground truth of claims with a correct answer."""

MAX_FRAUDS = 1000
"""Frauds with a line of their own."""


def timeline(run: Run) -> Plot:
    """Each fraud from commitment to its end."""
    clock, frauds = clock_of(run.tables), run.figures.frauds.sort_values("posted")
    step = max(1, math.ceil(len(frauds) / MAX_FRAUDS))
    numbered = frauds.assign(number=range(1, len(frauds) + 1), end=ended(frauds, clock.end_s)).iloc[::step]
    outcome = numbered["outcome"].fillna("")
    traces = []
    for name, group in numbered.groupby(outcome, sort=False):
        traces += spans(group, str(name), clock)
    traces += slashes(run, numbered, clock)
    detected = frauds[frauds["outcome"] == "rejected"]
    delays = sorted((detected["rejected"] - detected["posted"]).tolist())
    return Plot(
        name="frauds",
        title="Fraud timeline",
        caption="Every fraud from the posting of its batch to its end, in order of posting; a ring marks the slash "
        "of its node." + (f" Shown is one in {step} of {len(frauds):,}." if step > 1 else ""),
        kind="simulated",
        n=plural(len(frauds), "fraud"),
        interval=delay_text(delays),
        traces=traces,
        layout={
            "xaxis": clock.axis,
            "yaxis": {"title": {"text": "fraud no."}, "rangemode": "tozero"},
            **(marks(run.tables, clock) if len(frauds) else empty("no fraud was committed")),
        },
        height=380,
    )


def ended(frauds: pd.DataFrame, end_s: float) -> pd.Series[float]:
    """When each fraud was decided; the end of the run for those that are open."""
    return frauds["rejected"].fillna(frauds["final"]).fillna(end_s)


def delay_text(delays: list[float]) -> str:
    """The median time to detection and its interval."""
    if not delays:
        return "no interval: no fraud was detected"
    interval = of_quantile(delays, 0.5)
    text = f"median time to detection {quantity(float(pd.Series(delays).median()), 's')}"
    return f"{text}, 95 % interval {between(interval, 's')}" if interval else f"no interval: {text}, too few detections"


def spans(group: pd.DataFrame, outcome: str, clock: Clock) -> list[Trace]:
    """Frauds that ended alike: their lines, their beginnings, their ends."""
    label, colour, symbol = ENDS[outcome]
    begins, ends = [clock(t) for t in group["posted"]], [clock(t) for t in group["end"]]
    numbers = group["number"].tolist()
    x = [value for pair in zip(begins, ends, strict=True) for value in (*pair, None)]
    y = [value for number in numbers for value in (number, number, None)]
    common = {"type": "scatter", "legendgroup": outcome, "hoverinfo": "skip"}
    text = [
        f"{row['node']}: {row['fraud']}<br>posted at {row['posted']:,.1f} s<br>"
        f"{label} {row['end'] - row['posted']:,.1f} s later"
        for _, row in group.iterrows()
    ]
    return [
        {**common, "mode": "lines", "x": x, "y": y, "line": {"color": colour, "width": 1}, "showlegend": False},
        {
            **common,
            "mode": "markers",
            "x": begins,
            "y": numbers,
            "marker": {"symbol": "circle-open", "size": 6, "color": colour},
            "showlegend": False,
        },
        {
            "type": "scatter",
            "mode": "markers",
            "name": f"{label} ({len(group):,})",
            "legendgroup": outcome,
            "x": ends,
            "y": numbers,
            "text": text,
            "marker": {"symbol": symbol, "size": 7, "color": colour},
            "hovertemplate": "%{text}<extra></extra>",
        },
    ]


def slashes(run: Run, numbered: pd.DataFrame, clock: Clock) -> list[Trace]:
    """A mark on every fraud that got its node slashed in the same transaction's block."""
    slashed = {(row["name"], row["block"]) for row in run.figures.slashes}
    rejected = {row["task"]: row["block"] for row in run.tables.event("ClaimRejected")}
    punished = numbered[[(row["node"], rejected.get(str(task))) in slashed for task, row in numbered.iterrows()]]
    if punished.empty:
        return []
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": f"node slashed ({len(punished):,})",
            "x": [clock(t) for t in punished["end"]],
            "y": punished["number"].tolist(),
            "marker": {"symbol": "circle-open", "size": 13, "color": "@ink", "line": {"width": 1.5}},
            "hoverinfo": "skip",
        }
    ]


def confusion(run: Run) -> Plot:
    """Claims by what they were and by what became of them."""
    claims = run.figures.claims
    posted = claims[claims["posted"].notna()]
    truth = posted["fraud"].fillna(posted["tampered"].notna().map({True: TAMPERED, False: HONEST_CLAIM}))
    counts = pd.crosstab(truth, posted["outcome"].fillna("")).reindex(columns=list(OUTCOMES), fill_value=0)
    last = [name for name in (TAMPERED, HONEST_CLAIM) if name in counts.index]
    rows = [name for name in counts.index if name not in last] + last
    rate = run.results.metrics["detection_rate"]
    return Plot(
        name="confusion",
        title="What became of claims",
        caption="Claims by ground truth (rows) and by the protocol's verdict (columns). Wrong answers are under the "
        f"behaviour that made them; “{TAMPERED}” are correct answers whose node had no right to the evidence it "
        "showed. Blue is right, vermillion is wrong, and the deeper the larger the share of the row.",
        kind="simulated",
        n=plural(len(posted), "claim"),
        interval=f"detection rate {with_interval(rate)}",
        traces=[matrix(counts, rows)] if rows else [],
        layout={
            "xaxis": {"side": "top", "showline": False, "ticks": "", "showgrid": False, "fixedrange": True},
            "yaxis": {"autorange": "reversed", "showline": False, "ticks": "", "showgrid": False, "fixedrange": True},
            "margin": {"t": 30, "b": 8},
        },
        height=40 + 44 * max(1, len(rows)),
    )


def matrix(counts: pd.DataFrame, rows: list[str]) -> Trace:
    """The cells: signed shares as colour, counts as text, rates with their intervals on hovering."""
    shades, texts, details = [], [], []
    for name in rows:
        row: Mapping[Hashable, Any] = counts.loc[name].to_dict()
        n = sum(row.values())
        right, wrong = ("accepted", "rejected") if name == HONEST_CLAIM else ("rejected", "accepted")
        sign = {right: 1, wrong: -1}
        shades.append([round(sign.get(outcome, 0) * row[outcome] / n, 4) for outcome in OUTCOMES])
        texts.append([f"{row[outcome]:,}" for outcome in OUTCOMES])
        details.append(
            [f"{100 * row[o] / n:.3g} % of {n:,} (95 % interval {between(wilson(row[o], n), 'share')})" for o in row]
        )
    return {
        "type": "heatmap",
        "x": list(OUTCOMES.values()),
        "y": rows,
        "z": shades,
        "zmin": -1,
        "zmax": 1,
        "text": texts,
        "texttemplate": "%{text}",
        "customdata": details,
        "colorscale": [[0, "@deepred"], [0.5, "@shade"], [1, "@deepblue"]],
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "hovertemplate": "%{y} → %{x}<br>%{customdata}<extra></extra>",
    }
