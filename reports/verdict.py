"""The first sentences of every report: whether fraud won, and whether the innocent were harmed."""

from __future__ import annotations

from dataclasses import dataclass

from reports.wording import number, plural
from simnet.measure.metric import Metric
from simnet.verdict.results import Results


@dataclass(frozen=True)
class Headline:
    """A statement, and whether it is bad news."""

    text: str
    bad: bool


def headlines(results: Results) -> list[Headline]:
    """What a reader must know even if all expectations held: a scenario may expect fraud to win."""
    found = [fraud(results)]
    wronged = single(results.metrics["honest_slashed_opg"])
    if wronged:
        found.append(Headline(f"Honest participants were slashed: they lost {number(wronged)} OPG.", bad=True))
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
