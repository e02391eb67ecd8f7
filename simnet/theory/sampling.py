"""Sampled verification in closed form: when a node that is checked with probability p gains nothing by cheating.

Amounts are in any one unit. R is the reward for an answer, C the cost of computing it, S what a proven fraud costs,
r the probability that whoever checks looks away. A threshold above 1 says that not even checking everything helps.
Sources carry the caution tags of the project's notes: [R] read, [S] second-hand, [D] derived there, [E] computed.
"""

from __future__ import annotations

import math


def posp_threshold(cost: float, reward: float, slash: float, colluding: float = 0.0) -> float:
    """Sampling probability above which honesty pays: p* = C / ((1 - r)(R + S)).

    Infinite if every checker looks away. Source: Proof of Sampling, arXiv 2405.00295 v3 [S, two independent texts];
    Atoma's whitepaper prints r = 0.5, S = 250 C, hence p < 0.01 [R]. For several validators, one of whom is enough,
    r is the probability that all of them look away: see `simnet.theory.capture` [D].
    """
    return detector_threshold(cost, reward, slash, colluding=colluding)


def detector_threshold(
    cost: float,
    reward: float,
    slash: float,
    *,
    residual: float = 0.0,
    detection: float = 1.0,
    false_positive: float = 0.0,
    colluding: float = 0.0,
) -> float:
    """Threshold for a detector that errs: p* = (C - c') / ((R + S)(d (1 - r) - f)).

    `residual` is c', what cheating still costs to compute, `detection` d, the chance that a check which is made sees
    the fraud, `false_positive` f, the chance that it condemns an honest answer. Infinite where f >= d (1 - r):
    honesty does not pay at any sampling rate. Source: derived [D]; with c' = f = 0 and d = 1 it is PoSP's.
    """
    edge = detection * (1 - colluding) - false_positive
    return (cost - residual) / ((reward + slash) * edge) if edge > 0 else math.inf


def expected_honest(
    reward: float, cost: float, slash: float = 0.0, p: float = 0.0, false_positive: float = 0.0
) -> float:
    """What an honest answer earns on average: R - C - p f (R + S). Source: derived [D]."""
    return reward - cost - p * false_positive * (reward + slash)


def expected_cheat(
    reward: float,
    slash: float,
    p: float,
    *,
    residual: float = 0.0,
    detection: float = 1.0,
    colluding: float = 0.0,
) -> float:
    """What a fraud earns on average: R - c' - p d (1 - r)(R + S). Source: derived [D], PoSP's with c' = 0 and d = 1."""
    return reward - residual - p * detection * (1 - colluding) * (reward + slash)


def break_even_penalty(reward: float, p: float) -> float:
    """Penalty at which a fraud earns nothing on average: S = R (1 - p) / p; infinite if nothing is checked.

    Source: Pocket Network, pokt-network/poktroll, docusaurus/docs/protocol/primitives/probabilistic_proofs.md [R]:
    R = 10, p = 0.2 gives 40; R = 20, p = 0.01 gives 1980, which the page rounds to 2000. The average hides the
    variance: who leaves after k frauds leaves unseen with probability (1 - p)^k (review of PR #899 [R]).
    """
    return reward * (1 - p) / p if p > 0 else math.inf


def worth_cheating(
    value: float, cost_saved: float, reward: float, slash: float, p: float, colluding: float = 0.0
) -> bool:
    """Whether a fraud pays that is worth `value` to its author beside the fee: value + C - c' > p (1 - r)(R + S).

    What a flat sampling rate does not stop: attackers who cheat on valuable tasks alone. Source: derived [D].
    """
    return value + cost_saved > p * (1 - colluding) * (reward + slash)
