"""HTTP as participants speak it: one message a request, one a response, and more for a response that is streamed.

A client of the real world and a participant send the same messages; what carries them is the transport's business.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from chain.hashing import keccak

LINE_BYTES = 64
"""Assumed size of a request or status line with what every message has (assumption)."""

JSON = "application/json"


class BadRequest(Exception):
    """A request cannot be answered as it is. `status` is HTTP's, `code` what OpenAI calls the kind of mistake."""

    def __init__(self, message: str, status: int = 400, code: str = "invalid_request_error") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """Somebody asks. Names of headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    query: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    """Where it was sent to, as the asker wrote it; empty among participants."""

    @property
    def size_bytes(self) -> int:
        """Bytes on the wire."""
        return _size(self.headers, self.body)

    def json(self) -> dict[str, Any]:
        """The body as a JSON object. Raises `BadRequest` for anything else."""
        try:
            value = read_json(self.body)
        except ValueError:
            raise BadRequest("the body is not JSON") from None
        if not isinstance(value, dict):
            raise BadRequest("the body is not a JSON object")
        return value


def posted_to(path: str, message: object) -> HttpRequest | None:
    """The message, if it is a request that is posted to a path."""
    if isinstance(message, HttpRequest) and (message.method, message.path) == ("POST", path):
        return message
    return None


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """The answer; if `streamed`, its head, and `HttpChunk`s follow."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    streamed: bool = False
    stream: str = ""
    """Tells streams to one receiver apart; on a wire each has a connection of its own."""

    @property
    def size_bytes(self) -> int:
        """Bytes on the wire."""
        return _size(self.headers, self.body)

    def json(self) -> Any:
        """The body, which is JSON; ``None`` if it is not."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class HttpChunk:
    """A part of a streamed response."""

    data: bytes
    is_last: bool = False
    stream: str = ""
    number: int = 0
    """Its place in the stream: messages may overtake each other, and on a wire a connection keeps the order."""

    @property
    def size_bytes(self) -> int:
        """Bytes on the wire."""
        return len(self.data)


@dataclass(frozen=True, slots=True)
class HungUp:
    """Whoever asked is gone, and hears nothing any more of that stream, or of anything if it names none."""

    size_bytes: int = 0
    stream: str = ""


def read_json(text: bytes) -> Any:
    """A JSON value that somebody sent. Raises `ValueError`.

    orjson first: it bounds the depth whatever Python's own limit is, and takes neither NaN nor half a surrogate pair.
    Python's reader then keeps whole numbers whole, however long.
    """
    orjson.loads(text)
    return json.loads(text)


def fresh_id(seed: bytes) -> str:
    """An id in the form of a UUID (RFC 9562, version 8): another for another seed."""
    digits = keccak(seed)[:16].hex()
    return f"{digits[:8]}-{digits[8:12]}-8{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"


def _size(headers: Mapping[str, str], body: bytes) -> int:
    return LINE_BYTES + sum(len(name) + len(value) for name, value in headers.items()) + len(body)


def respond(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """A response that carries JSON."""
    return HttpResponse(status, json.dumps(value).encode(), {"content-type": JSON, **(headers or {})})


def refuse(error: BadRequest) -> HttpResponse:
    """The response to a bad request, as OpenAI's clients read it."""
    return respond({"error": {"message": str(error), "type": error.code, "code": error.status}}, error.status)


def no_route(request: HttpRequest) -> BadRequest:
    """What to raise for a request that nothing answers."""
    return BadRequest(f"there is no {request.method} {request.path}", 404, "not_found")
