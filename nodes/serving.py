"""How a participant serves HTTP."""

from __future__ import annotations

from collections.abc import Callable

from nodes.effects import Receive, Spawn, Steps
from nodes.http import HttpRequest
from nodes.messages import Envelope


def serve_each(serve: Callable[[Envelope, HttpRequest], Steps]) -> Steps:
    """Have every request served, each beside all others, for as long as the participant is there."""
    while True:
        envelope = yield Receive()
        if isinstance(request := envelope.message, HttpRequest):
            yield Spawn(serve(envelope, request))
