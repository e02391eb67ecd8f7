"""Forced errors in a run: how often they came, who found them, and what contracts paid for it, in OPG."""

from __future__ import annotations

from simnet.log.figures import WEI, Figures
from simnet.studies.truth.values import Amounts, Frequency


def prizes(figures: Figures, challengers: int) -> list[list[float]]:
    """What each challenger was paid for each forced error that so many had challenged."""
    paid: dict[tuple[str, int], list[float]] = {}
    for row in figures.tables.event("ChallengeDecided"):
        paid.setdefault((row["batch"], int(row["won"])), []).append(int(row["reward"]) / WEI)
    shown = figures.tables.event("ForcedErrorShown")
    found = [paid.get((row["batch"], 1 << row["index"]), []) for row in shown]
    return [each for each in found if len(each) == challengers]


def jackpot_parts(figures: Figures, challengers: float) -> Amounts:
    """What each of so many challengers of one forced error was paid."""
    return Amounts(tuple(part for each in prizes(figures, int(challengers)) for part in each))


def jackpots_paid(figures: Figures, challengers: float) -> Amounts:
    """What so many challengers of one forced error were paid together."""
    return Amounts(tuple(sum(each) for each in prizes(figures, int(challengers))))


def forced_errors_found(figures: Figures) -> Frequency:
    """Forced errors that somebody challenged, of those in batches that became final."""
    final = {row["batch"] for row in figures.tables.event("BatchFinal")}
    made = [row["batch"] for row in figures.tables.of("error_forced") if row["batch"] in final]
    return Frequency(sum(row["batch"] in final for row in figures.tables.event("ForcedErrorShown")), len(made))
