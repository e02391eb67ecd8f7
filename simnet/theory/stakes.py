"""What the contracts take and pay, wei for wei: the arithmetic of Settlement and Panel in Python.

Truth cases compare a run's events with it. Divisions round down, as Solidity's do.
"""

from __future__ import annotations

from dataclasses import dataclass

from chain.deploy import ProtocolParameters
from chain.quantities import BASIS_POINTS, Wei


@dataclass(frozen=True)
class Slash:
    """What a proven fraud costs its node."""

    taken: Wei
    bounty: Wei
    """To who proved it; the rest is burned."""

    @property
    def burned(self) -> Wei:
        """What nobody gets."""
        return Wei(self.taken - self.bounty)


def slash_for(parameters: ProtocolParameters, slashable: int, wrongs: int) -> Slash:
    """What a node loses for so many claims rejected at once (``Settlement._punish``).

    `slashable` is in wei and counts what is bonded and what is unbonding.
    """
    share = slashable * min(wrongs * parameters.slash_share_bps, BASIS_POINTS) // BASIS_POINTS
    taken = min(share + wrongs * parameters.slash_amount, slashable)
    return Slash(Wei(taken), Wei(taken * parameters.bounty_share_bps // BASIS_POINTS))


def split_fees(parameters: ProtocolParameters, earned: int, verified: bool = True) -> tuple[Wei, Wei]:
    """Parts of a batch's fees for its node and for its verifiers (``Settlement._settle``).

    `earned` is in wei, refunds taken out; where nobody verifies, the node gets all of it.
    """
    checking = earned * parameters.verifier_share_bps // BASIS_POINTS if verified else 0
    return Wei(earned - checking), Wei(checking)


def reward_each(pot: int, earners: int) -> Wei:
    """What each member of a panel gets who voted with every claim decided (``Panel``); the remainder is burned."""
    return Wei(pot // earners if earners else 0)
