"""Who was caught: frauds and claims drawn for checks, as a run's log and its ground truth have them."""

from __future__ import annotations

from simnet.log.figures import Figures
from simnet.studies.truth.values import Frequency, Mean, mean_of


def decided_frauds(figures: Figures) -> list[bool]:
    """For each fraud that was detected or finalised, in the order of posting, whether it was detected."""
    decided = figures.frauds[figures.frauds["outcome"].isin(["rejected", "accepted"])].sort_values(
        ["posted", "sent"], kind="stable"
    )
    return [bool(outcome == "rejected") for outcome in decided["outcome"]]


def frauds_caught(figures: Figures) -> Frequency:
    """Frauds detected, of those detected or finalised."""
    caught = decided_frauds(figures)
    return Frequency(sum(caught), len(caught))


def frauds_finalised(figures: Figures) -> Frequency:
    """Frauds that became final, of those detected or finalised."""
    caught = decided_frauds(figures)
    return Frequency(len(caught) - sum(caught), len(caught))


def caught_within(figures: Figures, requests: float) -> Frequency:
    """Of successive groups of so many frauds, those in which at least one was detected."""
    size, caught = int(requests), decided_frauds(figures)
    groups = [caught[start : start + size] for start in range(0, len(caught) - size + 1, size)]
    return Frequency(sum(any(group) for group in groups), len(groups))


def frauds_until_caught(figures: Figures) -> Mean:
    """How many frauds it takes until one is detected, counted anew after each detection."""
    gaps, since = [], 0
    for was_caught in decided_frauds(figures):
        since += 1
        if was_caught:
            gaps.append(float(since))
            since = 0
    return mean_of(gaps)


def sampled_tasks(figures: Figures) -> dict[str, bool]:
    """For each task in a batch that was sampled from, whether its claim was drawn."""
    drawn = {row["batch"]: int(row["claims"]) for row in figures.tables.event("Sampled")}
    return {
        task: bool(drawn[built["batch"]] >> index & 1)
        for built in figures.tables.of("batch_built")
        if built["batch"] in drawn
        for index, task in enumerate(built["tasks"])
    }


def claims_sampled(figures: Figures) -> Frequency:
    """Claims drawn for a check, of all claims in batches that were sampled from."""
    drawn = sampled_tasks(figures)
    return Frequency(sum(drawn.values()), len(drawn))
