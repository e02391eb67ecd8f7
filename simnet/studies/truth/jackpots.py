"""Forced errors in a run: who found them, and what contracts paid for it, in OPG."""

from __future__ import annotations

from simnet.studies.truth.checking import prizes_of_challenges
from simnet.studies.truth.observed import Observed
from simnet.studies.truth.values import Amounts, Frequency


def jackpot_parts(run: Observed, challengers: float) -> Amounts:
    """What each of so many challengers of one forced error was paid."""
    paid: dict[tuple[str, int], list[float]] = {}
    for (_, batch, index), prize in prizes_of_challenges(run).items():
        paid.setdefault((batch, index), []).append(prize)
    shown = [paid.get((row["batch"], row["index"]), []) for row in run.tables.event("ForcedErrorShown")]
    return Amounts(tuple(part for each in shown if len(each) == int(challengers) for part in each))


def forced_errors_challenged(run: Observed) -> Frequency:
    """Challenges of forced errors, of those that there would be if every full node had found every one of them."""
    tables = run.tables
    final = {row["batch"] for row in tables.event("BatchFinal")}
    made = sum(row["batch"] in final for row in tables.of("error_forced"))
    full = sum(row["role"] == "full" for row in tables.of("participant_joined"))
    shown = [row for row in tables.event("ForcedErrorShown") if row["batch"] in final]
    return Frequency(sum(int(row["challengers"]) for row in shown), made * full)
