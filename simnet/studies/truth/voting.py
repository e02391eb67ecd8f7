"""The payoff of verifying before voting, against that of voting unseen, for members of panels."""

from __future__ import annotations

from collections import Counter

from chain.quantities import OPG
from simnet.studies.truth.observed import Observed
from simnet.studies.truth.values import Amounts, Frequency, Line, mean


def gain_from_voting(run: Observed) -> Frequency:
    """What verification before voting earned a claim on average, against none: X (R + L) - C.

    X is the share of wrong claims in the batches whose panel had members of both sorts.
    """
    wrong, count = frauds_by_batch(run), {row["batch"]: row["count"] for row in run.tables.event("BatchPosted")}
    batches = list(diligence(run))
    claims, frauds = sum(count[batch] for batch in batches), sum(wrong[batch] for batch in batches)
    return Frequency(frauds, claims, Line(-vote_cost(run), mean(differences(run))))


def break_even_fraud_rate_of_votes(run: Observed) -> Amounts:
    """Share of wrong claims at which verification would have paid, by each batch with a single fraud: C / (R + L)."""
    cost = vote_cost(run)
    return Amounts(tuple(cost / difference for difference in differences(run)))


def differences(run: Observed) -> list[float]:
    """R + L of each batch with a single fraud, in OPG."""
    wrong = frauds_by_batch(run)
    return [ahead for batch, ahead in diligence(run).items() if wrong[batch] == 1]


def frauds_by_batch(run: Observed) -> Counter[str]:
    """How many claims of each batch were rejected."""
    return Counter(row["batch"] for row in run.tables.event("ClaimRejected"))


def vote_cost(run: Observed) -> float:
    """What the logged work of verifying a claim before voting cost on average, in OPG."""
    return mean(list(run.work("check").values()))


def diligence(run: Observed) -> dict[str, float]:
    """For each batch with both on its panel, how much more members that verified got than those that did not."""
    tables, batch_of = run.tables, run.claims["batch"].to_dict()
    lies = [row for row in tables.of("cheated") if row["act"] == "check"]
    lied = {(row["node"], batch_of.get(row["subject"])) for row in lies}
    names, income, found = tables.names, incomes(run), {}
    for row in tables.event("CommitteeDrawn"):
        members = [(names[member], row["batch"]) for member in row["members"]]
        diligent = [income.get(member, 0.0) for member in members if member not in lied]
        idle = [income.get(member, 0.0) for member in members if member in lied]
        if diligent and idle:
            found[row["batch"]] = mean(diligent) - mean(idle)
    return found


def incomes(run: Observed) -> dict[tuple[str, str], float]:
    """What each member was transferred for each batch's verification, less what was slashed for it, in OPG.

    A slash for a vote takes a share of the stake, which shrinks with every slash; it is given as that share of the
    stake that the member joined with.
    """
    tables, names = run.tables, run.tables.names
    found: dict[tuple[str, str], float] = {}
    for row in tables.event("Rewarded"):
        key = names[row["member"]], row["batch"]
        found[key] = found.get(key, 0.0) + run.payout(row, row["member"])
    batches = {row["transaction"]: row["batch"] for row in tables.event("Resolved")}
    joined = {row["name"]: int(row["stake"]) for row in tables.of("participant_joined")}
    staked = dict(joined)
    for row in tables.event("Slashed"):
        name, amount = names[row["node"]], int(row["amount"])
        if name in staked and row["transaction"] in batches:
            key = name, batches[row["transaction"]]
            found[key] = found.get(key, 0.0) - amount / staked[name] * joined[name] / OPG
            staked[name] -= amount
    return found
