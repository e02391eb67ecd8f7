"""What voluntary verification paid the full nodes that did it, and how often they did."""

from __future__ import annotations

import math
from collections.abc import Iterator

from simnet.log.tables import Row
from simnet.studies.truth.observed import Observed, bits
from simnet.studies.truth.values import Amounts, Frequency, Line, Mean, Ratio, mean, mean_of

BLOCKS = 30
"""Successive parts of a run whose means are treated as independent, where single observations are not."""


def gain_from_verifying(run: Observed) -> Frequency:
    """What a voluntary verification earned on average: X R - C, with the share X of them that found something."""
    found, n = finds(run), len(verifications(run))
    return Frequency(len(found), n, Line(-verification_cost(run), mean(found)))


def break_even_find(run: Observed) -> Frequency:
    """What a find must bring for verification to pay: C / X, with the share X of verifications that found something."""
    return Frequency(len(finds(run)), len(verifications(run)), Ratio(verification_cost(run)))


def break_even_fraud_rate(run: Observed) -> Amounts:
    """Share of wrong claims at which verification pays for itself, by each find: C / R."""
    cost = verification_cost(run)
    return Amounts(tuple(cost / prize for prize in finds(run)))


def prizes_of_finds(run: Observed) -> Amounts:
    """What each claim that a voluntary verification found wrong brought its challenger."""
    return Amounts(tuple(finds(run)))


def finds(run: Observed) -> list[float]:
    """What each voluntary verification that found something brought, in OPG."""
    index = {(batch, task): number for batch, tasks in run.built.items() for number, task in enumerate(tasks)}
    prizes = prizes_of_challenges(run)
    looks = [(row["node"], row["batch"], index[row["batch"], row["task"]]) for row in verifications(run)]
    return [prizes[look] for look in looks if look in prizes]


def verification_cost(run: Observed) -> float:
    """What the logged work of a voluntary verification cost on average, in OPG.

    It is the first execution of a claim; whoever finds a fraud may execute it again as a member of the panel.
    """
    first: dict[tuple[str, str], int] = {}
    for row in run.tables.of("executed"):
        if row["purpose"] == "check":
            first.setdefault((row["node"], row["task"]), row["macs"])
    return mean([first.get((row["node"], row["task"]), 0) * run.mac_price for row in verifications(run)])


def prizes_of_challenges(run: Observed) -> dict[tuple[str, str, int], float]:
    """What each wrong claim brought each of its challengers, bond apart, by challenger, batch and index."""
    names, found = run.tables.names, {}
    bonds, claims = bonds_of(run), claims_challenged(run)
    for row in run.tables.event("ChallengeDecided"):
        won, decided = bits(row["won"]), len(bits(int(row["won"]) | int(row["lost"])))
        key = row["batch"], row["challenger"]
        bond = bonds[key] / claims[key]
        prize = run.payout(row, row["challenger"]) - bond * (decided - len(bits(row["lost"])))
        for index in won:
            found[names[row["challenger"]], row["batch"], index] = prize / len(won)
    return found


def bonds_of(run: Observed) -> dict[tuple[str, str], float]:
    """What each challenger put up for each batch, in OPG."""
    rows = run.tables.event("Challenged") + run.tables.event("ChallengeSealed")
    calls = dict.fromkeys((row["batch"], row["challenger"], row["transaction"]) for row in rows)
    found: dict[tuple[str, str], float] = {}
    for batch, challenger, number in calls:
        found[batch, challenger] = found.get((batch, challenger), 0.0) + run.given.get((number, challenger), 0.0)
    return found


def claims_challenged(run: Observed) -> dict[tuple[str, str], int]:
    """How many claims of each batch each challenger challenged."""
    found: dict[tuple[str, str], int] = {}
    for row in run.tables.event("Challenged"):
        key = row["batch"], row["challenger"]
        found[key] = found.get(key, 0) + len(bits(row["claims"]))
    return found


def verifications(run: Observed) -> list[Row]:
    """Verifications that were made, and not only claimed, before any panel was called; in final batches."""
    return list(voluntary(run))


def voluntary(run: Observed) -> Iterator[Row]:
    """As `verifications`, one by one."""
    tables = run.tables
    final = {row["batch"] for row in tables.event("BatchFinal")}
    called = {row["batch"]: row["t"] for row in tables.event("CommitteeDrawn")}
    lies = [row for row in tables.of("cheated") if row["act"] == "check"]
    lied: set[tuple[str, str]] = set()
    for row in sorted(lies + tables.of("claim_checked"), key=lambda row: row["i"]):
        if row["kind"] == "cheated":
            lied.add((row["node"], row["subject"]))
            continue
        executed = (row["node"], row["task"]) not in lied
        lied.discard((row["node"], row["task"]))
        if executed and row["batch"] in final and row["t"] < called.get(row["batch"], math.inf):
            yield row


def frauds_among_verified(run: Observed) -> Mean:
    """Share of frauds among the claims that somebody verified voluntarily, with its error from successive blocks.

    Where cheats and verifiers react to each other, what becomes of one claim depends on the last one.
    """
    frauds = set(run.frauds.index)
    found = [float(row["task"] in frauds) for row in verifications(run)]
    size = len(found) // BLOCKS
    blocks = mean_of([mean(found[start * size : (start + 1) * size]) for start in range(BLOCKS if size else 0)])
    return Mean(mean(found), blocks.error, len(found))


def verified_once_learnt(run: Observed) -> Frequency:
    """Decisions to verify, of the later half of those that rational verifiers made about a claim."""
    claims = [row for row in run.tables.of("decided") if row["subject"].startswith("0x")]
    decisions = [row["action"] for row in claims if row["action"] in ("check", "skip")]
    later = decisions[len(decisions) // 2 :]
    return Frequency(later.count("check"), len(later))
