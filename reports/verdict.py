"""The first sentences of every report: whether fraud won, and whether the innocent were harmed."""

from __future__ import annotations

from dataclasses import dataclass

from reports.wording import between, metric_text, number, plural, quantity
from simnet.measure.metric import Metric
from simnet.verdict.results import Results


@dataclass(frozen=True)
class Headline:
    """A statement, and whether it is bad news."""

    text: str
    bad: bool


def conclusion(results: Results) -> str:
    """The run in a sentence: how well the strategy detected fraud, whom it harmed, how fast, and at what cost."""
    metrics = results.metrics
    decided = metrics["detection_rate"]
    rate = single(decided)
    if rate is None:
        first = "decided no fraud"
    else:
        first = f"detected {round(rate * decided.n):,} of {plural(decided.n, 'decided fraud')} ({rate_text(decided)})"
        median = metrics["time_to_detection_s"].readings["time_to_detection_s.p50"]
        first += "" if median is None else f", half of them within {quantity(median, 's')}"
    false = metrics["false_slash_rate"]
    wrong = single(false)
    parts = [first]
    if wrong is not None:
        parts.append(
            "slashed no honest participant"
            if not wrong
            else f"slashed honest participants for {metric_text(false)} of their acts ({interval_text(false)})"
        )
    final = metrics["finality_latency_s"].readings["finality_latency_s.p50"]
    if final is not None:
        parts.append(f"made inferences final in {quantity(final, 's')} (median)")
    work, gas = single(metrics["verification_overhead_ratio"]), single(metrics["gas_per_inference"])
    costs = []
    if work is not None:
        costs.append(f"{number(work, 3)} times the work of answering" if work else "no inference executed again")
    costs += [f"{number(gas)} gas per inference"] if gas is not None else []
    cost = f", for {' and '.join(costs)}" if costs else ""
    *before, last = parts
    told = f"{', '.join(before)} and {last}" if before else last
    return f"{results.strategy} {told}{cost}."


def rate_text(metric: Metric) -> str:
    """A rate and its interval."""
    return f"{metric_text(metric)}, {interval_text(metric)}"


def interval_text(metric: Metric) -> str:
    """The interval of a rate."""
    return f"95 % interval {between(metric.ci95, metric.spec.unit)}"


def headlines(results: Results) -> list[Headline]:
    """What a reader must know even if all expectations held: a scenario may expect fraud to win."""
    found = [fraud(results)]
    false_positive = single(results.metrics["honest_slashed_opg"])
    if false_positive:
        found.append(Headline(f"Honest participants were slashed: they lost {number(false_positive)} OPG.", bad=True))
    found += [Headline(caveat, bad=False) for caveat in results.caveats]
    return found


def fraud(results: Results) -> Headline:
    """Who won."""
    committed, detected, finalised, undecided = (
        int(single(results.metrics[f"fraud_{name}"]) or 0) for name in ("committed", "detected", "finalised", "open")
    )
    if not committed:
        return Headline("No fraud was committed: this run says nothing about detection.", bad=False)
    void = committed - detected - finalised - undecided
    left = f"; {void:,} void" if void else ""
    left += f"; {undecided:,} undecided at the end" if undecided else ""
    if finalised:
        return Headline(f"Fraud won: {finalised:,} of {plural(committed, 'fraud')} became final{left}.", bad=True)
    return Headline(
        f"No fraud became final: {plural(committed, 'fraud')} committed, {detected:,} rejected{left}.", False
    )


def single(metric: Metric) -> float | None:
    """The value of a metric that is no distribution."""
    assert metric.value is None or isinstance(metric.value, int | float)
    return metric.value
