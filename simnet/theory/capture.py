"""How likely a panel drawn by lot is to fall into the hands of a coalition.

With replacement (or by stake, in slots) the corrupt seats are binomial, without replacement hypergeometric. Both are
exact sums of integers or floats; no approximation is made. Tags [R], [E], [D]: read, computed, derived.
"""

from __future__ import annotations

import math


def slots_captured(slots: int, share: float, needed: int) -> float:
    """Probability that at least `needed` of the slots go to a coalition with that share of the stake (binomial).

    Source: Gonka, gonka-ai/gonka PR #710 [R + E], 128 slots: more than 64 go to 30 % with probability 7.07e-7.
    """
    return math.fsum(
        math.comb(slots, k) * share**k * (1 - share) ** (slots - k) for k in range(max(0, needed), slots + 1)
    )


def seats_captured(nodes: int, corrupt: int, drawn: int, needed: int) -> float:
    """Probability that at least `needed` of the nodes drawn, without replacement, are corrupt (hypergeometric).

    Source: k-of-n redundancy [E]: 3 of 20 with 4 corrupt have a corrupt majority with probability 0.0877.
    """
    ways = sum(math.comb(corrupt, k) * math.comb(nodes - corrupt, drawn - k) for k in range(max(0, needed), drawn + 1))
    return ways / math.comb(nodes, drawn)


def all_collude(share: float, drawn: int) -> float:
    """Probability that all of the validators drawn belong to a share of the network: r^n.

    Source: Atoma's whitepaper, Sampling Consensus [R]: 0.5^10 = 0.0009765625. It is the chance of looking away of
    n independent validators of whom one honest is enough [D].
    """
    return float(share**drawn)


def any_of(probability: float, tries: int) -> float:
    """Probability that at least one of so many independent tries succeeds: 1 - (1 - P)^K. Source: Gonka PR #710 [R]."""
    return -math.expm1(tries * math.log1p(-probability)) if probability < 1 else 1.0
