"""Proof of Sampling: cheating does not pay if enough claims are checked and enough stake is lost.

A claim is checked with probability p. A cheat gains the cost C of the computation, and loses its fee R and S of
its stake when it is checked by a validator who does not collude, which r of them do. So honesty pays if

    p > C / ((1 - r) (R + S))

for one validator; with several, r is the chance that all of those drawn collude.

Source: arXiv 2405.00295 (Zhang et al., read as an abstract only [A]); the condition is known from two other texts
[S] and follows from the two expected values, R - C and R - p (1 - r) (R + S). The paper does not say how its
arbitration is held, or what validators earn: those are assumptions, see `simnet.strategies.sampling.sampling`.
"""

from __future__ import annotations

from fractions import Fraction as Exact
from typing import ClassVar

from pydantic import Field

from chain.units import Fraction
from simnet.strategies.sampling.sampling import SamplingStrategy


class Posp(SamplingStrategy):
    """Proof of Sampling: claims drawn at random are checked by validators, disputes go to arbiters."""

    kind: ClassVar[str] = "posp"
    claim: ClassVar[str] = "honesty pays if p > C / ((1 - r) (R + S)), with a share r of validators colluding"
    source: ClassVar[str] = "Proof of Sampling, arXiv 2405.00295 [A]; condition [S]"

    probability: Fraction = Field(default=Exact(1, 10), description="share of the claims that is checked")

    def least_rate(self) -> Exact:
        """The same for everybody."""
        return self.probability
