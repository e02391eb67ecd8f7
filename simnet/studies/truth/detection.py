"""Which frauds were detected, and which claims were drawn to be verified."""

from __future__ import annotations

from simnet.studies.truth.observed import Observed, bits
from simnet.studies.truth.values import Frequency, Ratio, Shares


def detections(run: Observed) -> list[bool]:
    """For each fraud that was detected or became final, in the order of posting, whether it was detected."""
    return [bool(outcome == "rejected") for outcome in run.frauds["outcome"]]


def frauds_finalised(run: Observed) -> Frequency:
    """Frauds that became final, of those detected or finalised."""
    detected = detections(run)
    return Frequency(len(detected) - sum(detected), len(detected))


def detected_within(run: Observed, requests: float) -> Frequency:
    """Groups of so many successive frauds of which at least one was detected."""
    size, detected = int(requests), detections(run)
    groups = [detected[start : start + size] for start in range(0, len(detected) - size + 1, size)]
    return Frequency(sum(any(group) for group in groups), len(groups))


def frauds_until_detected(run: Observed) -> Frequency:
    """Frauds for each that was detected: n / k, where k of n independent frauds were."""
    detected = detections(run)
    return Frequency(sum(detected), len(detected), Ratio(1.0))


def draws(run: Observed) -> dict[str, list[bool]]:
    """For each batch that was sampled from, by claim, whether it was drawn."""
    drawn = {row["batch"]: bits(row["claims"]) for row in run.tables.event("Sampled")}
    return {
        batch: [index in drawn[batch] for index in range(len(tasks))]
        for batch, tasks in run.built.items()
        if batch in drawn
    }


def claims_sampled(run: Observed) -> Frequency:
    """Claims drawn to be verified, of all claims in batches that were sampled from."""
    drawn = [was for batch in draws(run).values() for was in batch]
    return Frequency(sum(drawn), len(drawn))


def draws_by_index(run: Observed) -> Shares:
    """Share of claims drawn to be verified, for each place in a batch."""
    drawn = list(draws(run).values())
    columns = [[batch[i] for batch in drawn if i < len(batch)] for i in range(max(map(len, drawn), default=0))]
    return Shares(tuple(Frequency(sum(column), len(column)) for column in columns))


def sampled_tasks(run: Observed) -> set[str]:
    """Tasks whose claims were drawn to be verified."""
    return {
        task for batch, drawn in draws(run).items() for task, was in zip(run.built[batch], drawn, strict=True) if was
    }
