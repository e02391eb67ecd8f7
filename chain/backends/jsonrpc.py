"""JSON-RPC over one keep-alive connection to a port of this machine.

A batch is one HTTP request. anvil works on the requests of a batch concurrently, so only those
whose order does not matter may share one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http.client import HTTPConnection, HTTPException
from typing import Any

import orjson

from chain.errors import ChainError, RpcFailed

TIMEOUT_S = 60.0
_HEADERS = {"Content-Type": "application/json"}

Request = tuple[str, Sequence[Any]]
"""A method and its parameters."""


def result_of(method: str, response: dict[str, Any]) -> Any:
    """The result in a response; `RpcFailed` if it carries an error."""
    if error := response.get("error"):
        raise RpcFailed(method, error.get("code", 0), error.get("message", "no message"))
    return response["result"]


class JsonRpc:
    """A client for one server. `lost` makes the error to raise when the server is gone."""

    def __init__(self, port: int, lost: Callable[[], ChainError], timeout_s: float = TIMEOUT_S) -> None:
        self._lost = lost
        self._connection = HTTPConnection("127.0.0.1", port, timeout=timeout_s)
        try:
            self._connection.connect()
        except OSError as error:
            raise lost() from error
        self._connection.auto_open = 0  # by then another program may have the port

    def call(self, method: str, *params: Any) -> Any:
        """Result of one request; `RpcFailed` if it is refused."""
        return result_of(method, self.respond(method, *params))

    def respond(self, method: str, *params: Any) -> dict[str, Any]:
        """Response to one request, with its error if it has one."""
        return self.batch([(method, params)])[0]

    def batch(self, requests: Sequence[Request]) -> list[dict[str, Any]]:
        """Responses in the order of `requests`, which the server may carry out in any order."""
        body = orjson.dumps(
            [
                {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
                for number, (method, params) in enumerate(requests)
            ]
        )
        responses = self._exchange(body)
        if not isinstance(responses, list):  # the server could not make sense of the batch as a whole
            result_of(requests[0][0], responses)
        return sorted(responses, key=lambda response: int(response["id"]))

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _exchange(self, body: bytes) -> Any:
        try:
            self._connection.request("POST", "/", body, _HEADERS)
            return orjson.loads(self._connection.getresponse().read())
        except (OSError, HTTPException, orjson.JSONDecodeError) as error:
            self._connection.close()
            raise self._lost() from error
