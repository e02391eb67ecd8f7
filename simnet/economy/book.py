"""What keeps the economy's accounts: the contracts, or arithmetic that must come to the same, to the wei.

Arrays are paths × validators, or × delegators on top; the contracts have one path.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from simnet.economy.paths import Whole
from simnet.economy.votes import Ballot, Motion

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Stakes:
    """Who stands behind what, in wei."""

    bonded: Whole
    """Of each validator, delegations included."""
    leaving: Whole
    """What unbonds from it."""
    own: Whole
    """What the validator's own shares are worth."""
    delegated: Whole
    """What those of each delegator are."""


@dataclass(frozen=True)
class Epoch:
    """A month that is closed, in wei."""

    pot: Whole
    """Rewards; paths × 1."""
    held: Whole
    """What the cap held back; paths × 1."""
    own: Whole
    """Rewards of each validator, its commission included."""
    delegated: Whole
    """Rewards of each delegator."""


@dataclass(frozen=True)
class Jobs:
    """A month's work."""

    count: Whole
    """Inferences that each validator answers: all of its share, or those up to the fraud that was found."""
    found: Mask
    """Whose last one is a fraud that was found."""
    price: Whole
    """Of one inference, in wei; paths × 1."""


@dataclass(frozen=True)
class Done:
    """What a month's work came to, in wei."""

    paid: Whole
    """To each validator."""
    verifiers: Whole
    """What the work of each brought its verifiers."""
    slashed: Whole


@dataclass(frozen=True)
class Holdings:
    """Who has what in the end, in wei: wallets, and what is in the contracts."""

    wallets: Whole
    """Of validators: without fees, which they sell."""
    delegators: Whole
    staking: Whole
    rewards: Whole
    saved: Whole
    burned: Whole


class Book(Protocol):
    """One month after the other: release, leave, enter, vote if there is something to vote on, work, close."""

    def stakes(self) -> Stakes:
        """As of now."""
        ...

    def close(self) -> Epoch:
        """End the month, and say what it pays."""
        ...

    def release(self) -> None:
        """Let go what has unbonded."""
        ...

    def leave(self, own: Mask, delegated: Mask) -> None:
        """Unbond all that these have."""
        ...

    def enter(self, delegated: Mask) -> Mask:
        """Delegate again all that departures of these released, and say who got in."""
        ...

    def vote(self, motion: Motion) -> Ballot:
        """Vote on a change of parameters, and make it if it passes."""
        ...

    def work(self, jobs: Jobs) -> Done:
        """Post, judge and settle a month's work."""
        ...

    def holdings(self) -> Holdings:
        """After everybody has claimed what is due."""
        ...
