"""What looking for fraud paid those who looked, and what that made them do."""

from __future__ import annotations

import math
from collections.abc import Iterator

from simnet.log.figures import WEI, Figures
from simnet.log.tables import Row
from simnet.studies.truth.money import honest_cost
from simnet.studies.truth.values import Frequency, Mean, mean_of

ROUNDING = 1e-9
"""Relative error of amounts that are all the same."""


def gain_from_looking(figures: Figures) -> Mean:
    """What a look at a claim of one's own accord earned, in OPG, less what the execution cost."""
    price = honest_cost(figures)
    return mean_of([prize - price for prize in prizes_of_looks(figures)])


def break_even_find(figures: Figures) -> Mean:
    """What a find must bring for looks to pay, by how many found something: C / X, its error by the delta method."""
    prizes = prizes_of_looks(figures)
    found = sum(prize > 0 for prize in prizes)
    if not found:
        return Mean(math.inf, math.inf, len(prizes))
    value = honest_cost(figures) * len(prizes) / found
    return Mean(value, value / math.sqrt(found), len(prizes))


def break_even_fraud_rate(figures: Figures) -> Mean:
    """Share of wrong claims at which looks would have paid for themselves: C / R, with what those that found got."""
    prizes = [prize for prize in prizes_of_looks(figures) if prize > 0]
    mean = mean_of(prizes)
    value = honest_cost(figures) / mean.value
    return Mean(value, value * max(mean.error / mean.value, ROUNDING), len(prizes))


def prizes_of_looks(figures: Figures) -> list[float]:
    """What each look of own accord brought who looked, in OPG."""
    index = {
        (built["batch"], task): number
        for built in figures.tables.of("batch_built")
        for number, task in enumerate(built["tasks"])
    }
    prizes = prizes_of_challenges(figures)
    looks = [(row["node"], row["batch"], index[row["batch"], row["task"]]) for row in looks_of_own_accord(figures)]
    return [prizes.get(look, 0.0) for look in looks]


def prizes_of_challenges(figures: Figures) -> dict[tuple[str, str, int], float]:
    """What each claim brought who challenged it, in OPG, by challenger, batch and index."""
    names, found = figures.tables.names, {}
    for row in figures.tables.event("ChallengeDecided"):
        won = int(row["won"])
        for index in range(won.bit_length()):
            if won >> index & 1:
                found[names[row["challenger"]], row["batch"], index] = int(row["reward"]) / WEI / won.bit_count()
    return found


def looks_of_own_accord(figures: Figures) -> Iterator[Row]:
    """Checks that were made, and not only claimed, before anybody was called to judge; in final batches."""
    tables = figures.tables
    final = {row["batch"]: True for row in tables.event("BatchFinal")}
    called = {row["batch"]: row["t"] for row in tables.event("CommitteeDrawn")}
    lies = [row for row in tables.of("cheated") if row["act"] == "check"]
    lied: dict[tuple[str, str], bool] = {}
    for row in sorted(lies + tables.of("claim_checked"), key=lambda row: row["i"]):
        if row["kind"] == "cheated":
            lied[row["node"], row["subject"]] = True
            continue
        looked = not lied.pop((row["node"], row["task"]), False)
        if looked and row["batch"] in final and row["t"] < called.get(row["batch"], math.inf):
            yield row


def frauds_looked_at(figures: Figures) -> Frequency:
    """Frauds, of all claims that somebody looked at of its own accord."""
    frauds = dict.fromkeys(figures.frauds.index)
    looked_at = [row["task"] in frauds for row in looks_of_own_accord(figures)]
    return Frequency(sum(looked_at), len(looked_at))


def looks_once_learnt(figures: Figures) -> Frequency:
    """Decisions to look, of the later half of those that verifiers with interests made about a claim."""
    claims = [row for row in figures.tables.of("decided") if row["subject"].startswith("0x")]
    decisions = [row["action"] for row in claims if row["action"] in ("check", "skip")]
    later = decisions[len(decisions) // 2 :]
    return Frequency(later.count("check"), len(later))
