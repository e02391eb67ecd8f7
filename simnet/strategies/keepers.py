"""Keeper duties: what any full node can do and one must, such as drawing a committee or making a batch final.

Nodes take turns by rank; a few backup keepers take over, one after the other, if it is not done.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chain.formats.claims import ClaimTree, opening
from chain.quantities import Gas
from nodes.effects import Sleep, Steps
from nodes.full import FullNode
from nodes.messages import BatchData

BACKUP_KEEPERS = 2
"""How many others stand by for a keeper duty (assumption)."""

TAKEOVER_DELAY_S = 10.0
"""How long each backup keeper waits for the one before it (assumption)."""

OPENING_GAS = Gas(120_000)
"""Gas that one claim opened on chain, or one client refunded, may use at the most."""

FETCHES, FETCH_AGAIN_S = 3, 5.0
"""How often a batch is asked for before its data counts as withheld, and how long to wait in between (assumption)."""


def fetch_patiently(node: FullNode, batch: str) -> Steps:
    """Ask for a batch until it comes or its data counts as withheld; answers `BatchData` or ``None``."""
    for attempt in range(FETCHES):
        if attempt:
            yield Sleep(FETCH_AGAIN_S)
        data = yield from node.fetch(batch)
        if data is not None:
            return data
    return None


def open_claims(data: BatchData, indices: Sequence[int]) -> tuple[Any, ...]:
    """Claims with their proofs, as the contract takes them."""
    tree = ClaimTree(data.claims)
    return tuple(opening(data.claims[i], tree.proof(i)) for i in indices)


def open_rejected(node: FullNode, batch: str) -> Steps:
    """Open the claims of a known batch that were proven wrong before it is final.

    Answers the openings and the charges that the contract needs for their refunds; both are empty if there are none.
    """
    known = node.batches[batch]
    rejected = sorted(args["index"] for args in known.events.get("ClaimRejected", ()))
    data = (yield from node.fetch(batch)) if rejected else None
    return (open_claims(data, rejected), known.charges) if data else ((), ())
