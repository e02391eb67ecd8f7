"""What fraud and honesty paid in a run, in OPG: what contracts transferred and slashed, and what the logged work cost.

R is what a node was paid for an accepted claim, S what was slashed for a rejected one, C what the executions of an
honest answer cost at the scenario's price of compute, and c' those of a fraud.
"""

from __future__ import annotations

import math

import pandas as pd

from simnet.studies.truth.checking import bonds_of, claims_challenged
from simnet.studies.truth.detection import detections, sampled_tasks
from simnet.studies.truth.observed import Observed
from simnet.studies.truth.values import Amounts, Frequency, Line, Mean, Ratio, mean


def rewards(run: Observed) -> Amounts:
    """What nodes were paid for each accepted claim: all that was transferred for a batch, over its accepted claims."""
    return Amounts(tuple(rates(run).values()))


def slash_amounts(run: Observed) -> Amounts:
    """What each fraud cost its node: all that was slashed in a transaction, over the claims that it rejected."""
    rejected: dict[int, int] = {}
    for row in run.tables.event("ClaimRejected"):
        number = row["transaction"]
        rejected[number] = rejected.get(number, 0) + 1
    return Amounts(tuple(run.slashed.get(number, 0.0) / count for number, count in rejected.items()))


def payoff_of_honesty(run: Observed) -> Amounts:
    """R - C: what honest nodes earned by each accepted claim, less what the answer cost to compute."""
    work = run.work("answer")
    accepted = run.honest[run.honest["outcome"] == "accepted"]
    answers = zip(accepted["node"], accepted.index, accepted["batch"], strict=True)
    rate = rates(run)
    return Amounts(tuple(rate[batch] - work.get((node, str(task)), 0.0) for node, task, batch in answers))


def rates(run: Observed) -> dict[str, float]:
    """What each accepted claim of a batch was paid, by batch."""
    accepted = run.decided[run.decided["outcome"] == "accepted"].groupby("batch").size()
    return {str(batch): run.paid[str(batch)] / int(count) for batch, count in accepted.items()}


def payoff_of_fraud(run: Observed) -> Frequency:
    """What a fraud earned on average, its compute left out: R - c (R + S), with the share c that was detected."""
    detected = detections(run)
    reward, slash = mean(rewards(run).values), mean(slash_amounts(run).values)
    return Frequency(sum(detected), len(detected), Line(reward, -(reward + slash)))


def break_even_probability(run: Observed) -> Frequency:
    """Sampling probability at which fraud would have earned what honesty does: C / (c (R + S)).

    c is the share of panels that rejected the frauds drawn for them. Whoever colludes lets all of them pass, so that
    a panel is one trial, however many frauds it was to judge.
    """
    drawn = sampled_tasks(run)
    judged = run.frauds[[str(task) in drawn for task in run.frauds.index]]
    detected = (judged["outcome"] == "rejected").groupby(judged["batch"]).all()
    due = mean(rewards(run).values) + mean(slash_amounts(run).values)
    return Frequency(int(detected.sum()), len(detected), Ratio(cost(run, run.honest) / due))


def break_even_sampling(run: Observed) -> Mean:
    """As `break_even_probability`, where cheating costs something too and some honest answers are rejected.

    (C - c') / ((c - f) (R + S)) with the shares c of frauds and f of honest answers, of those drawn, that were
    rejected. Its error is theirs, by the delta method, with batches as the independent units.
    """
    drawn = sampled_tasks(run)
    (detected, of_detected), (innocent, of_innocent) = (
        rejected_share(side[[str(task) in drawn for task in side.index]]) for side in (run.frauds, run.honest)
    )
    edge = detected - innocent
    if not edge > 0:
        return Mean(math.inf, math.inf, len(drawn))
    due = mean(rewards(run).values) + mean(slash_amounts(run).values)
    value = (cost(run, run.honest) - cost(run, run.frauds)) / (edge * due)
    return Mean(value, value * math.sqrt(of_detected + of_innocent) / edge, len(drawn))


def rejected_share(claims: pd.DataFrame) -> tuple[float, float]:
    """Share of these claims that was rejected and its variance, as a ratio of sums over batches."""
    if claims.empty:
        return math.nan, math.nan
    batches = (claims["outcome"] == "rejected").groupby(claims["batch"]).agg(["sum", "count"])
    share = float(batches["sum"].sum() / batches["count"].sum())
    residuals = ((batches["sum"] - share * batches["count"]) ** 2).sum()
    count = len(batches)
    return share, float(residuals / batches["count"].sum() ** 2) * count / max(1, count - 1)


def cost(run: Observed, claims: pd.DataFrame) -> float:
    """What the logged work of these answers cost on average; NaN of none."""
    work = run.work("answer")
    spent = [work.get((node, str(task)), 0.0) for task, node in claims["node"].items()]
    return mean(spent)


def bonds_taken(run: Observed) -> Amounts:
    """What each challenger put up for each claim that it challenged."""
    bonds = bonds_of(run)
    return Amounts(tuple(bonds[key] / count for key, count in claims_challenged(run).items()))
