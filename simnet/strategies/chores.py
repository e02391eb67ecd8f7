"""Chores that any full node can do and one must: drawing a committee, resolving a vote, finalising a batch.

Nodes take turns by rank; a few deputies stand by and step in, one after the other, if the chore is not done.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chain.claims import ClaimTree, opening
from chain.quantities import Gas
from nodes.messages import BatchData

DEPUTIES = 2
"""How many others stand by for a chore (assumption)."""

STEP_IN_S = 10.0
"""How long each deputy waits for the one before it (assumption)."""

OPENING_GAS = Gas(120_000)
"""Gas that one claim opened on chain, or one client refunded, may use at the most."""


def open_claims(data: BatchData, indices: Sequence[int]) -> tuple[Any, ...]:
    """Claims with their proofs, as the contract takes them."""
    tree = ClaimTree(data.claims)
    return tuple(opening(data.claims[i], tree.proof(i)) for i in indices)
