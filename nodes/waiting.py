"""Waiting by the chain's clock: what is due is due at a Unix time, whatever a node's own clock shows."""

from __future__ import annotations

from chain.quantities import BatchId
from nodes.effects import ChainTime, Read, Sleep, Steps

SHORTEST_SLEEP_S = 0.01
"""Time that passes at the least: rounding must not stop it."""


def wait_until(timestamp: float, about: str = "") -> Steps:
    """Let time pass until the chain is at a Unix time; see `Sleep` for what it is about."""
    while (left := timestamp - (yield ChainTime())) > 0:
        yield Sleep(max(left, SHORTEST_SLEEP_S), about)


def time_of_post(batch: BatchId) -> Steps:
    """Answers the Unix time at which a batch was posted; 0 if it is not on chain."""
    _, timestamp, *_ = yield Read("Settlement", "batchOf", (bytes.fromhex(batch[2:]),))
    return timestamp


def wait_since_post(batch: BatchId, seconds: float) -> Steps:
    """Let time pass until a batch was posted so many seconds ago; none if it is not on chain."""
    yield from wait_until((yield from time_of_post(batch)) + seconds)
