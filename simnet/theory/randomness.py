"""What the last revealer of a commit-reveal beacon gains by withholding, in closed form."""

from __future__ import annotations


def last_revealer_wins(p: float, slots: int = 1) -> float:
    """Probability of a draw that is good for whoever holds the last `slots` reveals: 1 - (1 - p)^(2^k).

    `p` is the probability that an unbiased draw is good. Each of the last k reveals can be made or withheld, so that
    2^k outcomes are there to choose from. Source: derived, standard for RANDAO [D]: p = 0.1 becomes 0.19.
    """
    return float(1 - (1 - p) ** (2**slots))
