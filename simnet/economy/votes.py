"""Votes on parameters, in arithmetic: who can vote with how much, and whether it is enough.

`OPGGovernor`, with the rules by default, is what it follows. OPG that is bonded, or has not vested, does not vote; nor
has anybody else than holders of the genesis what it takes to propose.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chain.economy import ALLOCATIONS, MONTH, GovernanceRules
from chain.quantities import TOTAL_SUPPLY

RULES = GovernanceRules()
VOTED_AT = 86_400 + 180
"""When in a month its vote begins, in seconds: voters take what has vested, and propose. Nine days later it is over."""

HOLDERS = ("foundation", "core_contributors", "investors", "liquidity", "airdrop")
"""Who votes: holders of the genesis, but for the treasury and the rewards."""


@dataclass(frozen=True)
class Motion:
    """A proposal, and who votes on it."""

    changes: Mapping[str, Any]
    """Whole numbers, by their names in `ProtocolParameters`."""
    voters: tuple[str, ...]
    """In favour; the first proposes."""
    against: tuple[str, ...]


@dataclass(frozen=True)
class Ballot:
    """What came of it, in wei of votes."""

    voted_for: int
    voted_against: int
    passed: bool
    """Whether it was carried out."""


def count(motion: Motion, month: int, sold: Mapping[str, int]) -> Ballot:
    """The ballot on a motion, where holders had sold so much of what was theirs at once."""
    seconds = month * MONTH + VOTED_AT
    held = {one.name: one.vested(seconds) - sold.get(one.name, 0) for one in ALLOCATIONS}
    if held[motion.voters[0]] < RULES.threshold:
        return Ballot(0, 0, False)
    voted_for, voted_against = (sum(held[name] for name in side) for side in (motion.voters, motion.against))
    enough = 100 * voted_for >= RULES.quorum_percent * TOTAL_SUPPLY
    return Ballot(voted_for, voted_against, enough and voted_for > voted_against)
