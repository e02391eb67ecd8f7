"""What fraud and honesty paid in a run, and what contracts took for it, in OPG."""

from __future__ import annotations

import math

import pandas as pd

from simnet.log.figures import WEI, Figures
from simnet.log.tables import Row
from simnet.measure.rows import as_text
from simnet.studies.truth.detection import decided_frauds, sampled_tasks
from simnet.studies.truth.payoffs import answer_payoffs
from simnet.studies.truth.values import Amounts, Frequency, Mean, mean_of


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


def break_even_sampling(figures: Figures) -> Mean:
    """As `break_even_probability`, where cheating costs something too and checks condemn honest answers now and then.

    (C - c') / ((c - f) (R + S)) with c and f the shares of frauds and of honest answers, of those that were drawn,
    that were rejected; its error is theirs, by the delta method.
    """
    drawn = sampled_tasks(figures)
    decided = figures.claims[figures.claims["outcome"].isin(["rejected", "accepted"])]
    decided = decided[[drawn.get(str(task), False) for task in decided.index]]
    frauds = decided["fraud"].notna()
    caught, wronged = (rejections(decided[side]) for side in (frauds, ~frauds))
    edge = caught.value - wronged.value
    if not edge > 0:
        return Mean(math.inf, math.inf, caught.n + wronged.n)
    saved = honest_cost(figures) - residual_cost(figures)
    value = saved / (edge * (fee(figures) + slash_of_one(figures)))
    variance = sum(share.value * (1 - share.value) / share.n for share in (caught, wronged))
    return Mean(value, value * math.sqrt(variance) / edge, caught.n + wronged.n)


def rejections(claims: pd.DataFrame) -> Frequency:
    """Claims that were rejected."""
    return Frequency(int((claims["outcome"] == "rejected").sum()), len(claims))


def honest_rejected(figures: Figures) -> Frequency:
    """Honest answers rejected, of those accepted or rejected."""
    decided = figures.claims[figures.claims["outcome"].isin(["rejected", "accepted"])]
    return rejections(decided[decided["fraud"].isna()])


def residual_cost(figures: Figures) -> float:
    """What the compute of a fraud costs on average, in OPG."""
    spent = figures.executed[figures.executed["purpose"] == "answer"].set_index("task")["macs"]
    price = int(figures.tables.started["compute_price_wei"]) / WEI / 1e9
    return price * float(spent.reindex(figures.frauds.index).fillna(0).mean())


def profit_of_fraud(figures: Figures) -> Mean:
    """What a fraud earned, in OPG, less its compute and what was slashed for it."""
    payoff = answer_payoffs(figures).dishonest
    return Mean(payoff.mean or 0.0, payoff.standard_error or 0.0, payoff.n)


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


def bonds_taken(figures: Figures) -> Amounts:
    """What each challenge put up for each claim that it was about, in OPG."""
    rows = figures.tables.event("Challenged")
    return Amounts(tuple(int(row["bonded"]) / int(row["claims"]).bit_count() / WEI for row in rows))
