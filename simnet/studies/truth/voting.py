"""What members of panels who check had of it, against those who vote without looking."""

from __future__ import annotations

import math
from collections import Counter

from simnet.log.figures import WEI, Figures
from simnet.log.tables import Tables, payments
from simnet.studies.truth.money import honest_cost
from simnet.studies.truth.payoffs import penalties
from simnet.studies.truth.values import Mean, mean_of


def gain_from_voting(figures: Figures) -> Mean:
    """What checking before voting earned a claim, against not checking, in OPG, less what the execution cost."""
    size, cost = sizes(figures), honest_cost(figures)
    return mean_of([ahead / size[batch] - cost for batch, ahead in diligence(figures).items()])


def break_even_fraud_rate_of_votes(figures: Figures) -> Mean:
    """Share of wrong claims at which checking would have paid: C / (R + L), as both were in batches with one fraud.

    L is a share of a stake that shrinks with every slash, so that the error given is the spread, not the mean's.
    """
    wrong = Counter(row["batch"] for row in figures.tables.event("ClaimRejected"))
    mean = mean_of([ahead for batch, ahead in diligence(figures).items() if wrong[batch] == 1])
    if not mean.value > 0:
        return Mean(math.inf, math.inf, mean.n)
    value = honest_cost(figures) / mean.value
    return Mean(value, value * mean.error * math.sqrt(mean.n) / mean.value, mean.n)


def diligence(figures: Figures) -> dict[str, float]:
    """For each batch with both on its panel, how much more members who checked got than those who did not, in OPG."""
    tables, batch_of = figures.tables, figures.claims["batch"].to_dict()
    lies = [row for row in tables.of("cheated") if row["act"] == "check"]
    lied = {(row["node"], batch_of.get(row["subject"])) for row in lies}
    names, income, found = tables.names, incomes(tables), {}
    for row in tables.event("CommitteeDrawn"):
        members = [(names[member], row["batch"]) for member in row["members"]]
        diligent = [income.get(member, 0.0) for member in members if member not in lied]
        idle = [income.get(member, 0.0) for member in members if member in lied]
        if diligent and idle:
            found[row["batch"]] = math.fsum(diligent) / len(diligent) - math.fsum(idle) / len(idle)
    return found


def incomes(tables: Tables) -> dict[tuple[str, str], float]:
    """What everybody was paid for each batch's verification, less what was slashed for it, in OPG."""
    found: dict[tuple[str, str], float] = {}
    paid = [(payment.name, payment.batch, payment.amount / WEI) for payment in payments(tables)]
    lost = [(penalty.node, penalty.batch, -penalty.amount) for penalty in penalties(tables)]
    for name, batch, amount in paid + lost:
        found[name, batch] = found.get((name, batch), 0.0) + amount
    return found


def sizes(figures: Figures) -> dict[str, int]:
    """How many claims each batch has."""
    return {row["batch"]: row["count"] for row in figures.tables.event("BatchPosted")}
