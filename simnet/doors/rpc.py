"""JSON-RPC of a chain for programs outside: they read from anvil itself, and what they send is one more arrival.

A transaction goes into the engine's mempool, and a producer puts it into a block like any other. Methods by which one
could mine, set the time, or send in somebody else's name are refused: the engine alone does that.
"""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import Future
from functools import partial
from typing import Any

import aiohttp
from aiohttp import web

from chain.backends.anvil import AnvilChain
from chain.errors import ChainError, RpcFailed
from chain.quantities import Address
from nodes.http import read_json
from simnet.doors.http import ANSWER_TIMEOUT_S, Server
from simnet.kernel.mempool import BlockUpdate, Mempool, Transaction
from simnet.kernel.scheduler import Scheduler

READS = frozenset(
    {
        *("eth_accounts", "eth_blockNumber", "eth_call", "eth_chainId", "eth_createAccessList", "eth_estimateGas"),
        *("eth_feeHistory", "eth_gasPrice", "eth_getBalance", "eth_getBlockByHash", "eth_getBlockByNumber"),
        *("eth_getBlockReceipts", "eth_getBlockTransactionCountByHash", "eth_getBlockTransactionCountByNumber"),
        *("eth_getCode", "eth_getLogs", "eth_getProof", "eth_getStorageAt", "eth_getTransactionByBlockHashAndIndex"),
        *("eth_getTransactionByBlockNumberAndIndex", "eth_getTransactionByHash", "eth_getTransactionCount"),
        *("eth_getTransactionReceipt", "eth_maxPriorityFeePerGas", "eth_syncing"),
        *("net_version", "net_listening", "web3_clientVersion", "web3_sha3"),
        *("eth_newBlockFilter", "eth_newFilter", "eth_getFilterChanges", "eth_getFilterLogs", "eth_uninstallFilter"),
    }
)
"""Methods that anvil answers as they are."""

SEND, COUNT = "eth_sendRawTransaction", "eth_getTransactionCount"

INVALID_REQUEST, NO_METHOD, INVALID_PARAMS, REFUSED, SILENT = -32600, -32601, -32602, -32000, -32603
BATCH_MAX = 1000


class Refused(Exception):
    """A request that is answered with an error."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.data = data


class RpcDoor:
    """Carries the JSON-RPC of one chain."""

    def __init__(
        self, name: str, chain: AnvilChain, mempool: Mempool, scheduler: Scheduler, sock: socket.socket
    ) -> None:
        self.name = name
        self._chain = chain
        self._mempool = mempool
        self._scheduler = scheduler
        self._session: aiohttp.ClientSession | None = None
        self._server = Server(self._answer, sock)
        scheduler.expect_visitors()

    def close(self) -> None:
        """Stop listening. May be called twice."""
        self._server.close(self._hang_up())

    async def _hang_up(self) -> None:
        if self._session is not None:
            await self._session.close()

    def hear(self, update: BlockUpdate) -> None:
        """Nobody waits here for receipts: clients ask for them."""

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.method != "POST":
            return web.json_response({"error": "JSON-RPC takes POST"}, status=405)
        try:
            asked = read_json(await request.read())
        except ValueError:
            return web.json_response(failure(None, -32700, "the body is not JSON"))
        except web.HTTPRequestEntityTooLarge:
            return web.json_response(failure(None, INVALID_REQUEST, "the body is too large"), status=413)
        if isinstance(asked, list) and 0 < len(asked) <= BATCH_MAX:
            return web.json_response([await self._one(one) for one in asked])
        return web.json_response(await self._one(asked))

    async def _one(self, asked: Any) -> dict[str, Any]:
        number = asked.get("id") if isinstance(asked, dict) else None
        try:
            return {"jsonrpc": "2.0", "id": number, "result": await self._result(asked)}
        except Refused as refused:
            return failure(number, refused.code, str(refused), refused.data)
        except TimeoutError:
            return failure(number, SILENT, "the run does not answer")
        except (ChainError, aiohttp.ClientError, OSError):
            return failure(number, SILENT, "the chain is gone")

    async def _result(self, asked: Any) -> Any:
        if not isinstance(asked, dict) or not isinstance(asked.get("method"), str):
            raise Refused(INVALID_REQUEST, "not a request")
        method, params = asked["method"], asked.get("params") or []
        if method == SEND:
            return await self._send(params)
        if method not in READS:
            raise Refused(NO_METHOD, f"{method} is not served here: the run mines and keeps the time itself")
        result = await self._forward(method, params)
        if method == COUNT and isinstance(params, list) and params[1:] == ["pending"]:
            waiting = await self._in_the_run(partial(self._mempool.pending_of, Address(str(params[0]).lower())))
            return hex(int(result, 16) + waiting)
        return result

    async def _forward(self, method: str, params: Any) -> Any:
        """What anvil says."""
        if self._session is None:
            self._session = aiohttp.ClientSession()
        question = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        async with self._session.post(self._chain.url, json=question) as response:
            answer = await response.json()
        if error := answer.get("error"):
            raise Refused(error["code"], error["message"], error.get("data"))
        return answer.get("result")

    async def _send(self, params: Any) -> str:
        if not isinstance(params, list) or len(params) != 1 or not isinstance(params[0], str):
            raise Refused(INVALID_PARAMS, "expected one transaction in hex")
        try:
            raw = bytes.fromhex(params[0].removeprefix("0x"))
        except ValueError:
            raise Refused(INVALID_PARAMS, "the transaction is not hex") from None
        return str(await self._in_the_run(partial(self._take, raw)))

    async def _in_the_run(self, act: Any) -> Any:
        """What a function returns that is called in the event loop of the run."""
        done: Future[Any] = Future()

        def perform() -> None:
            try:
                done.set_result(act())
            except Exception as error:
                done.set_exception(error)

        self._scheduler.inbox.put(perform)
        return await asyncio.wait_for(asyncio.wrap_future(done), ANSWER_TIMEOUT_S)

    def _take(self, raw: bytes) -> str:
        """Put a transaction into the mempool. In the event loop of the run."""
        try:
            call, hash_ = self._chain.admit(raw)
        except RpcFailed as failed:
            raise Refused(REFUSED, str(failed)) from None
        expected = self._chain.nonce_of(call.sender) + self._mempool.pending_of(call.sender)
        if call.nonce != expected:
            raise Refused(REFUSED, f"nonce too {'low' if call.nonce < expected else 'high'}: next nonce {expected}")
        self._mempool.add(Transaction(call, "", self._scheduler.now, self, None, float("inf")))
        return hash_


def failure(number: Any, code: int, message: str, data: Any = None) -> dict[str, Any]:
    """The response to a request that is refused."""
    error = {"code": code, "message": message, **({} if data is None else {"data": data})}
    return {"jsonrpc": "2.0", "id": number, "error": error}
