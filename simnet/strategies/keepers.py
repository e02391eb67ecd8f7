"""Keeper duties: what any full node can do and one must, such as drawing a committee or making a batch final.

Nodes take turns by rank; all others take over, one after the other, if it is not done.
"""

from __future__ import annotations

from chain.formats.claims import open_claims
from chain.quantities import BatchId, Gas
from nodes.effects import ChainTime, Sleep, Steps
from nodes.full import FETCH_TIMEOUT_S, FullNode

BACKUP_KEEPERS = 2
"""How many others deadlines leave time for to take over a keeper duty (assumption)."""

TAKEOVER_DELAY_S = 10.0
"""How long each backup keeper waits for the one before it (assumption)."""

OPENING_GAS = Gas(120_000)
"""Gas that one claim opened on chain, or one client refunded, may use at the most."""

FETCH_AGAIN_S = 2.0
"""How long to wait before a batch is asked for again (assumption)."""

RESEND_S = 5.0
"""How long a transaction is left to reach the chain before it is looked for there and sent again (assumption)."""


def fetch_until(node: FullNode, batch: BatchId, timestamp: float) -> Steps:
    """Ask for a batch, at least once, until it comes or the chain is at a Unix time; answers `BatchData` or ``None``.

    Its poster may be down for a while, cut off, or far away, so that each attempt waits twice as long as the last: data
    counts as withheld when there is no more time to wait.
    """
    patience_s = FETCH_TIMEOUT_S
    while batch in node.batches:
        data = yield from node.fetch(batch, patience_s)
        left_s = timestamp - (yield ChainTime())
        if data is not None or left_s < FETCH_AGAIN_S:
            return data
        yield Sleep(FETCH_AGAIN_S)
        patience_s = min(2 * patience_s, max(FETCH_AGAIN_S, left_s - FETCH_AGAIN_S))
    return None


def open_rejected(node: FullNode, batch: BatchId) -> Steps:
    """Open the claims of a known batch that were proven wrong before it is final.

    Answers the openings and the charges that the contract needs for their refunds; both are empty if there are none.
    """
    known = node.batches[batch]
    rejected = sorted(args["index"] for args in known.events.get("ClaimRejected", ()))
    data = (yield from node.look_up(batch)) if rejected else None
    return (open_claims(data.claims, rejected), known.charges) if data else ((), ())
