"""What a person reads when a run is over: who cheated, who was detected, how long it took, what it cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from simnet.cli.console import print_table, print_whole
from simnet.measure.metric import Metric
from simnet.measure.outcomes import Outcome
from simnet.verdict.results import FAIL, INCONCLUSIVE, PASS, Results

OUTCOME_STYLE = {PASS: "bold green", FAIL: "bold red", INCONCLUSIVE: "bold yellow"}


def number(value: float | None, digits: int = 3) -> str:
    """A figure for reading."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 999.5 else f"{value:.{digits}g}"


def percent(metric: Metric) -> str:
    """A rate with its interval."""
    if metric.value is None or isinstance(metric.value, Mapping):
        return "undefined: there was nothing to judge"
    text = f"{100 * metric.value:.4g} %"
    if metric.ci95 is None:
        return text
    low, high = (f"{100 * bound:.3g}" for bound in metric.ci95)
    return f"{text} (n = {metric.n:,}, 95 % interval {low}–{high} %)"


def percentiles(metrics: Mapping[str, Metric], name: str, unit: str, of_what: str = "") -> str:
    """Median and 95th percentile of a metric."""
    value = metrics[name].value
    if not isinstance(value, Mapping) or value["p50"] is None:
        return "undefined: it never happened"
    never = metrics[name].censored
    open_ = f"; {never:,} not finished at the end" if never else ""
    return f"{number(value['p50'])} {unit} (p50), {number(value['p95'])} {unit} (p95){of_what}{open_}"


def plain(metrics: Mapping[str, Metric], name: str) -> str:
    """A metric's single value."""
    value = metrics[name].value
    return "–" if isinstance(value, Mapping) else number(value)


def print_summary(console: Console, results: Results, directory: Path, replay: str, quiet: bool = False) -> None:
    """Print it all, or what did not hold and the outcome alone."""
    if not quiet:
        print_outcomes(console, results.participants)
        print_figures(console, results.metrics)
        console.print()
    print_judgements(console, results, quiet)
    if not quiet:
        console.print()
    console.print(Text(results.outcome.upper(), OUTCOME_STYLE[results.outcome]), Text(f"  {results.reason}"))
    for caveat in results.caveats:
        console.print(caveat)
    for line in (f"digest  {results.digest}", f"replay  {replay}", f"report  {directory}/"):
        print_whole(console, line)


def print_outcomes(console: Console, people: Sequence[Outcome]) -> None:
    """Who misbehaved, and what became of them."""
    console.print()
    if not people:
        console.print("Nobody misbehaved, and nobody was slashed.")
        return
    header = ("who", "behaviour", "acts", "frauds", "detected", "final", "void", "slashed OPG", "outcome")
    rows = [
        (
            one.name,
            ", ".join(one.behaviours) or "honest",
            f"{one.acts:,}",
            f"{one.committed:,}",
            f"{one.detected:,}",
            f"{one.finalised:,}",
            f"{one.voided:,}",
            f"{one.slashed_opg:,.1f}",
            one.verdict,
        )
        for one in people
    ]
    print_table(console, header, rows)


def print_figures(console: Console, metrics: Mapping[str, Metric]) -> None:
    """The figures that answer the main questions."""

    console.print()
    finalised = metrics["fraud_finalised"].value
    if isinstance(finalised, int | float) and finalised:
        console.print(Text(f"Fraud won: {finalised:,.0f} wrong claims became final.", "bold red"))
    rows = (
        ("detection", f"{percent(metrics['detection_rate'])}"),
        ("false slashes", f"{percent(metrics['false_slash_rate'])} of honest acts"),
        ("time to detection", percentiles(metrics, "time_to_detection_s", "s", " after posting")),
        ("soft latency", percentiles(metrics, "soft_latency_ms", "ms")),
        ("finality", percentiles(metrics, "finality_latency_s", "s")),
        ("checking", checking(metrics["verification_overhead_ratio"])),
        ("gas", f"{plain(metrics, 'gas_per_inference')} per inference, in {plain(metrics, 'blocks')} blocks"),
        ("slashed", f"{plain(metrics, 'slashed_opg')} OPG in {plain(metrics, 'slashes_total')} slashes"),
        ("attackers' return", f"{percent_of_stake(metrics['attacker_roi'])}"),
        (
            "tasks",
            f"{plain(metrics, 'tasks_total')} asked, {plain(metrics, 'tasks_unanswered')} unanswered, "
            f"{plain(metrics, 'tasks_finalised')} final, {plain(metrics, 'unpaid_tasks')} unpaid",
        ),
    )
    for name, text in rows:
        console.print(f"{name:<18} {text}")


def checking(metric: Metric) -> str:
    """What checking cost, beside answering."""
    if metric.value == 0:
        return "no inference was executed again"
    return f"{number(metric.value)} times the work of answering" if isinstance(metric.value, int | float) else "–"


def percent_of_stake(metric: Metric) -> str:
    """A return on stake."""
    if metric.value is None or isinstance(metric.value, Mapping):
        return "n/a (no dishonest acts)"
    return f"{100 * metric.value:+.3g} % of their stake (modelled)"


def print_judgements(console: Console, results: Results, only_failed: bool) -> None:
    """Expectations, ``sometimes`` and invariants, each with what was found."""
    rows = [
        *((one.held, "FAILED", f"{one.expression:<38}", one.detail) for one in results.expectations),
        *((one.held, "FAILED", f"sometimes {one.expression:<28}", one.detail) for one in results.sometimes),
        *((one.held, "BROKEN", f"invariant {one.name:<28}", one.detail) for one in results.invariants),
    ]
    for held, failed, name, detail in rows:
        if not (held and only_failed):
            mark = Text("held  ", "green") if held else Text(failed, "bold red")
            console.print(mark, Text(f" {name} {detail}"))
