"""A run in Markdown, short enough for a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reports.people import balances
from reports.replay import replay_line
from reports.source import Run
from reports.verdict import conclusion, headlines
from reports.wording import duration, metric_text, number, with_interval
from simnet.measure.outcomes import Outcome
from simnet.verdict.results import FAIL, INCONCLUSIVE, PASS, Results

MARKS = {PASS: "✅ pass", FAIL: "❌ fail", INCONCLUSIVE: "⚠️ inconclusive"}

KEY_METRICS = (
    "detection_rate",
    "false_slash_rate",
    "time_to_detection_s",
    "soft_latency_ms",
    "finality_latency_s",
    "verification_overhead_ratio",
    "gas_per_inference",
    "slashed_opg",
    "attacker_roi",
)

MAX_PEOPLE = 20
"""Lines in the table of who cheated; the report has them all."""


def summary(run: Run) -> str:
    """The Markdown text."""
    results = run.results
    parts = [
        f"### simnet: {cell(results.scenario)}: {MARKS[results.outcome]}",
        cell(results.reason) + ".",
        conclusion(results),
        "\n".join(f"- {'**' + line.text + '**' if line.bad else line.text}" for line in headlines(results)),
        judgements(results),
        people(results.participants),
        *paid(run),
        figures(results),
        f"{cell(results.strategy)}, seed {results.seed}, {duration(results.virtual_s)} simulated in "
        f"{duration(results.wall_s)}\ndigest `{results.digest}`\nreplay `{replay_line(run.directory)}`",
    ]
    return "\n\n".join(parts) + "\n"


def judgements(results: Results) -> str:
    """Expectations, ``sometimes`` and what invariants did not hold."""
    rows = [(held(judged.held), f"`{judged.expression}`", judged.detail) for judged in results.expectations]
    rows += [(held(judged.held), f"sometimes `{judged.expression}`", judged.detail) for judged in results.sometimes]
    broken = [finding for finding in results.invariants if not finding.held]
    rows += [(held(False), f"invariant `{finding.name}`", finding.detail) for finding in broken]
    if not broken:
        rows.append((held(True), "invariants", f"all {len(results.invariants)} held"))
    return table(("", "expected", "found"), rows)


def paid(run: Run) -> list[str]:
    """Who paid and who was paid for answers to clients from outside, if anybody was answered."""
    found = balances(run.state)
    if not found:
        return []
    rows = [
        (one.name, f"{one.answers:,}", *map(exact, (one.worth, one.got, one.gave, one.net)), one.acts) for one in found
    ]
    return [table(("party", "answers", "worth OPG", "got", "gave", "net", "dishonest acts"), rows[:MAX_PEOPLE])]


def exact(amount: float) -> str:
    """An amount in OPG with as many digits as tell it apart from another."""
    return f"{amount:+.9g}" if amount < 0 else f"{amount:.9g}"


def people(everybody: Sequence[Outcome]) -> str:
    """Ground truth beside what the protocol did."""
    if not everybody:
        return "Nobody misbehaved, and nobody was slashed."
    rows = [
        (
            one.name,
            ", ".join(one.behaviours) or "honest",
            f"{one.committed:,}",
            f"{one.detected:,}",
            f"{one.finalised:,}",
            f"{one.voided:,}",
            number(one.slashed_opg),
            one.verdict,
        )
        for one in everybody[:MAX_PEOPLE]
    ]
    text = table(("who", "behaviour", "frauds", "detected", "final", "void", "slashed OPG", "outcome"), rows)
    left = len(everybody) - MAX_PEOPLE
    return text if left <= 0 else f"{text}\n\nand {left:,} more"


def figures(results: Results) -> str:
    """The figures that answer the main questions, each with its kind."""
    rows = []
    for name in KEY_METRICS:
        metric = results.metrics[name]
        text = with_interval(metric) if metric.spec.unit == "share" else metric_text(metric)
        rows.append((name, text, metric.spec.kind))
    return table(("figure", "value", "kind"), rows)


def held(yes: bool) -> str:
    """A mark."""
    return "✅" if yes else "❌"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell(text) for text in line) + " |" for line in lines)


def cell(text: str) -> str:
    """`text` on one line, with nothing that would end a cell."""
    return " ".join(text.split()).replace("|", "\\|")
