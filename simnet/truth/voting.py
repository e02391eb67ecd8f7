"""What members of panels who check had of it, against those who vote without looking."""

from __future__ import annotations

import math
from collections import Counter

from simnet.economics.payoffs import penalties
from simnet.metrics import Figures
from simnet.tables import payments
from simnet.truth.money import honest_cost
from simnet.truth.values import Mean, mean_of


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
    income: dict[tuple[str, str], float] = {}
    for payment in payments(tables):
        income[payment.name, payment.batch] = income.get((payment.name, payment.batch), 0.0) + payment.amount / 1e18
    for penalty in penalties(tables):
        income[penalty.node, penalty.batch] = income.get((penalty.node, penalty.batch), 0.0) - penalty.amount
    lies = [row for row in tables.of("cheated") if row["act"] == "check"]
    lied = {(row["node"], batch_of.get(row["subject"])) for row in lies}
    names, found = tables.names, {}
    for row in tables.event("CommitteeDrawn"):
        batch, sides = row["batch"], ([], [])  # type: tuple[str, tuple[list[float], list[float]]]
        for member in row["members"]:
            name = names[member]
            sides[(name, batch) in lied].append(income.get((name, batch), 0.0))
        if all(sides):
            found[batch] = math.fsum(sides[0]) / len(sides[0]) - math.fsum(sides[1]) / len(sides[1])
    return found


def sizes(figures: Figures) -> dict[str, int]:
    """How many claims each batch has."""
    return {row["batch"]: row["count"] for row in figures.tables.event("BatchPosted")}
