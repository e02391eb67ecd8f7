"""The verifier's dilemma in closed form: when verification pays the verifier, and what countermeasures must offer.

Verifying a claim costs C. If fraud is rare, verification finds nothing and does not pay, so that fraud comes back:
there is a floor below which unpaid verification cannot push it. Tags [R], [S], [E], [D]: read, second-hand, computed,
derived.
"""

from __future__ import annotations

import math


def fraud_floor(check_cost: float, reward: float, loss: float = 0.0) -> float:
    """Rate of fraud at which verification just pays: X* = C / (R + L).

    `reward` R is what detecting a fraud earns, `loss` L what accepting one costs. Source: Felten, "The
    Cheater Checking Problem", 2019 [R].
    """
    return check_cost / (reward + loss)


def gain_of_verifying(found: float, reward: float, check_cost: float, loss: float = 0.0) -> float:
    """What verifying a claim earns on average, against not verifying it: X (R + L) - C.

    `found` is the share X of claims that verification finds wrong, fraud or forced error. Source: Felten, as
    `fraud_floor`; for forced errors Truebit, as `jackpot_needed`.
    """
    return found * (reward + loss) - check_cost


def verifies_if_it_pays(
    found: float, reward: float, check_cost: float, loss: float = 0.0, explores: float = 0.0
) -> float:
    """Share of claims that a rational verifier verifies, which decides at random now and then.

    `explores` is the share of its decisions that it makes by the flip of a coin. Source: derived [D].
    """
    return 1 - explores / 2 if gain_of_verifying(found, reward, check_cost, loss) > 0 else explores / 2


def jackpot_share(jackpot: float, challengers: int) -> float:
    """What each of k simultaneous challengers of a forced error gets: J / 2^(k - 1).

    All of them together get k J / 2^(k - 1), which never exceeds J: pretending to be two gains nothing. Source:
    Truebit, arXiv 1908.04756 [E].
    """
    return float(jackpot / 2 ** (challengers - 1))


def jackpot_total(jackpot: float, challengers: int) -> float:
    """What k simultaneous challengers get together: k J / 2^(k - 1). Source: as `jackpot_share`."""
    return challengers * jackpot_share(jackpot, challengers)


def jackpot_needed(check_cost: float, forced: float) -> float:
    """Least jackpot that makes a lone verifier verify, if that share of tasks carries a forced error: J = C / q.

    Competition for the jackpot is left out. Source: Truebit [S]: one forced error in 1000 tasks needs J > 1000 C.
    """
    return check_cost / forced if forced > 0 else math.inf


def attention_penalty(check_cost: float, challenged: float) -> float:
    """Least penalty for a missed attention challenge that makes verification dominant: G = C / a.

    `challenged` is the probability a that a task calls for a response. Source: derived [D] from Felten's sequel.
    """
    return check_cost / challenged if challenged > 0 else math.inf
