"""What fraud and honesty paid in a run, and what contracts took for it, in OPG."""

from __future__ import annotations

import math

from simnet.metrics import WEI, Figures, as_text
from simnet.tables import Row
from simnet.truth.detection import decided_frauds, sampled_tasks
from simnet.truth.values import Amounts, Frequency, Mean, mean_of


def break_even_probability(figures: Figures) -> Mean:
    """Sampling probability at which fraud would have earned what honesty does, by what happened in the run.

    C / (c (R + S)) with the cost of an honest answer C, the fee R and the slash S as they were, and c the share of
    sampled frauds that were caught; its error is that of c, by the delta method.
    """
    drawn = sampled_tasks(figures)
    decided = figures.frauds[figures.frauds["outcome"].isin(["rejected", "accepted"])]
    sampled = [outcome == "rejected" for task, outcome in decided["outcome"].items() if drawn.get(str(task))]
    caught = Frequency(sum(sampled), len(sampled))
    if not caught.successes:
        return Mean(math.inf, math.inf, caught.n)
    value = honest_cost(figures) / (caught.value * (fee(figures) + slash_of_one(figures)))
    error = value * math.sqrt((1 - caught.value) / (caught.n * caught.value))
    return Mean(value, max(error, 1e-9 * value), caught.n)


def honest_cost(figures: Figures) -> float:
    """What the compute of an honest answer costs on average, in OPG."""
    macs = {row["name"]: row["macs"] for row in figures.tables.of("model_served")}
    price = int(figures.tables.started["compute_price_wei"]) / WEI / 1e9
    return price * float(figures.claims["model"].map(macs).mean())


def fee(figures: Figures) -> float:
    """What an inference costs its client on average, in OPG."""
    return float(figures.claims["fee"].mean())


def slash_of_one(figures: Figures) -> float:
    """What a rejected claim costs its node on average, in OPG."""
    rejected = len(figures.tables.event("ClaimRejected"))
    return sum(int(row["amount"]) for row in frauds_slashed(figures)) / WEI / rejected if rejected else 0.0


def frauds_slashed(figures: Figures) -> list[Row]:
    """Slashes for proven frauds."""
    return [row for row in figures.slashes if as_text(row["reason"]) in ("fraud", "equivocation")]


def payoff_of_fraud(figures: Figures) -> Mean:
    """What a fraud earned, in OPG: its fee if it stood, what was slashed for it, negative, if it did not."""
    gain, loss = fee(figures), slash_of_one(figures)
    return mean_of([-loss if caught else gain for caught in decided_frauds(figures)])


def slash_amounts(figures: Figures) -> Amounts:
    """What each fraud cost its node, in OPG: every slash over the claims that the same transaction rejected."""
    rejected = [(row["i"], 0) for row in figures.tables.event("ClaimRejected")]
    slashed = [(row["i"], int(row["amount"])) for row in frauds_slashed(figures)]
    values, wrongs = [], 0
    for _, amount in sorted(rejected + slashed):
        if amount and wrongs:
            values.append(amount / wrongs / WEI)
        wrongs = 0 if amount else wrongs + 1
    return Amounts(tuple(values))
