"""Sending a transaction by way of an endpoint that may refuse it."""

from __future__ import annotations

from chain.seam import Call
from nodes.effects import Sleep, Steps, Submit

REFUSED = "RpcFailed"
"""Revert of a receipt for what never left: the endpoint answered with an error."""

AGAIN_S = 2.0


def send(call: Call, subject: str = "") -> Steps:
    """Submit a call until the endpoint takes it. Answers its receipt."""
    while True:
        receipt = yield Submit(call, subject)
        if receipt.revert is None or receipt.revert.error != REFUSED:
            return receipt
        yield Sleep(AGAIN_S)
