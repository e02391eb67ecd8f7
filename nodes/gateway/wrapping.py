"""What a gateway's answers are wrapped in: nothing, or what keeps them from the relay that carries them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from nodes.http import BadRequest, HttpResponse, refuse, respond

if TYPE_CHECKING:  # brings a library that only private requests need
    from nodes.enclave.ohttp import Opened

EVENT_STREAM: Mapping[str, str] = {"content-type": "text/event-stream", "cache-control": "no-cache"}

SEALED, SEALED_STREAM = "message/ohttp-res", "message/ohttp-chunked-res"
SEALED_BYTES_MAX = 512 * 1024
"""Longest sealed request that is opened, as in OpenGradient's gateway."""

COST_HEADER = "x-inference-cost-opg"
"""Tells the relay, which pays, what an answer took, in wei; of a stream it learns that when it pays."""


class Wrapping(Protocol):
    """Wraps one answer."""

    def whole(self, body: Mapping[str, Any], headers: Mapping[str, str], cost: str) -> HttpResponse:
        """An answer in one piece."""
        ...

    def begin(self, headers: Mapping[str, str], stream: str) -> HttpResponse:
        """The head of a streamed answer."""
        ...

    def piece(self, events: bytes, is_last: bool) -> bytes:
        """A part of a streamed answer."""
        ...

    def refusal(self, error: BadRequest) -> HttpResponse:
        """What is said of a request that cannot be answered."""
        ...


class Bare:
    """Answers whoever asks, as they are."""

    def whole(self, body: Mapping[str, Any], headers: Mapping[str, str], cost: str) -> HttpResponse:
        """See `Wrapping`."""
        return respond(body, headers=headers)

    def begin(self, headers: Mapping[str, str], stream: str) -> HttpResponse:
        """See `Wrapping`."""
        return HttpResponse(200, b"", {**EVENT_STREAM, **headers}, streamed=True, stream=stream)

    def piece(self, events: bytes, is_last: bool) -> bytes:
        """See `Wrapping`."""
        return events

    def refusal(self, error: BadRequest) -> HttpResponse:
        """See `Wrapping`."""
        return refuse(error)


class Sealed:
    """Answers that only who asked can read; the relay sees headers, lengths and times.

    What is wrong with a request is said aloud, as OpenGradient's gateway does, unless it `seals_errors` (RFC 9458,
    section 5.2).
    """

    def __init__(self, opened: Opened, is_streamed: bool, seals_errors: bool) -> None:
        self._opened = opened
        self._seals_errors = seals_errors
        self._is_streamed = is_streamed
        self._stream = opened.stream()

    def whole(self, body: Mapping[str, Any], headers: Mapping[str, str], cost: str) -> HttpResponse:
        """See `Wrapping`."""
        sealed = self._opened.seal(json.dumps(body).encode())
        return HttpResponse(200, sealed, {"content-type": SEALED, COST_HEADER: cost, **headers})

    def begin(self, headers: Mapping[str, str], stream: str) -> HttpResponse:
        """See `Wrapping`."""
        return HttpResponse(200, b"", {"content-type": SEALED_STREAM, **headers}, streamed=True, stream=stream)

    def piece(self, events: bytes, is_last: bool) -> bytes:
        """See `Wrapping`."""
        return self._stream.seal(events, is_last)

    def refusal(self, error: BadRequest) -> HttpResponse:
        """See `Wrapping`."""
        if not self._seals_errors:
            return refuse(error)
        if self._is_streamed:
            event = b"data: " + json.dumps({"error": str(error)}).encode() + b"\n\n"
            return HttpResponse(200, self._stream.seal(event, is_last=True), {"content-type": SEALED_STREAM})
        body = {"status": error.status, "body": {"error": str(error)}}
        return HttpResponse(200, self._opened.seal(json.dumps(body).encode()), {"content-type": SEALED})
