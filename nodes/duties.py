"""Transactions that a duty asks for."""

from __future__ import annotations

from chain.quantities import NO_BATCH, BatchId
from chain.seam import Call
from nodes.effects import Note, Steps, Submit
from nodes.identity import Identity
from nodes.records import DutyFailed


def submit_duty(me: Identity, call: Call, batch: BatchId = NO_BATCH) -> Steps:
    """Submit a call, and note it if the chain refuses it; answers its receipt, or ``None`` if it was never sent.

    `batch` is the id of the batch that the duty is about, if there is one.
    """
    receipt = yield Submit(call, subject=batch)
    if receipt is not None and not receipt.ok:
        yield Note(DutyFailed(me.name, batch, f"{call.function}: {receipt.revert}"))
    return receipt
