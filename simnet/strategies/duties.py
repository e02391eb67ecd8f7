"""Chores that any full node can do and one must: drawing a committee, resolving a vote, finalising a batch.

Nodes take turns by rank; a few deputies stand by and step in, one after the other, if the chore is not done.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chain.formats.claims import ClaimTree, opening
from chain.quantities import Gas
from nodes.effects import Steps
from nodes.full import FullNode
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


def open_fallen(node: FullNode, batch: str) -> Steps:
    """Open the claims of a known batch that were proven wrong before it is final.

    Answers the openings and the charges that the contract needs for their refunds; both are empty if there are none.
    """
    known = node.batches[batch]
    fallen = sorted(args["index"] for args in known.events.get("ClaimRejected", ()))
    data = (yield from node.fetch(batch)) if fallen else None
    return (open_claims(data, fallen), known.charges) if data else ((), ())
