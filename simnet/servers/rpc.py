"""JSON-RPC of a chain for programs outside: they read from anvil itself, and what they send is one more arrival.

A transaction goes into the engine's mempool, and a producer puts it into a block like any other. Methods by which one
could mine, set the time, or send in somebody else's name are refused: the engine alone does that.
"""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any

import aiohttp
from aiohttp import web

from chain.backends.anvil import AnvilChain
from chain.errors import ChainError, RpcFailed
from chain.evm.abi import decode_revert
from chain.formats.onchain import MISSING
from chain.quantities import Address
from chain.seam import SignedCall
from nodes.http import read_json
from simnet.kernel.mempool import BlockUpdate, Mempool, Transaction
from simnet.kernel.scheduler import Scheduler
from simnet.servers.asking import Asking
from simnet.servers.http import ANSWER_TIMEOUT_S, ServerThread

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

SIMULATIONS = frozenset({"eth_call", "eth_estimateGas"})
"""Of those, what runs contracts: models have to have run before."""

QUESTIONS_MAX = 8
"""Models that one transaction may ask for."""

SEND, COUNT = "eth_sendRawTransaction", "eth_getTransactionCount"

INVALID_REQUEST, NO_METHOD, INVALID_PARAMS, REFUSED, SILENT = -32600, -32601, -32602, -32000, -32603
BATCH_MAX = 1000


class Refused(Exception):
    """A request that is answered with an error."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code = code
        self.data = data


class RpcServer:
    """Carries the JSON-RPC of one chain."""

    def __init__(
        self,
        name: str,
        chain: AnvilChain,
        mempool: Mempool,
        scheduler: Scheduler,
        sock: socket.socket,
        asking: Asking | None = None,
    ) -> None:
        """`asking` has models run that transactions ask for."""
        self.name = name
        self._chain = chain
        self._mempool = mempool
        self._scheduler = scheduler
        self._asking = asking
        self._session: aiohttp.ClientSession | None = None
        self._server = ServerThread(self._answer, sock)
        scheduler.expect_requests()

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
        if method in SIMULATIONS:
            return await self._simulate(method, params)
        if method not in READS:
            raise Refused(NO_METHOD, f"{method} is not served here: the run mines and keeps the time itself")
        result = await self._forward(method, params)
        if method == COUNT and isinstance(params, list) and params[1:] == ["pending"]:
            waiting = await self._in_the_run(partial(self._mempool.pending_of, Address(str(params[0]).lower())))
            return hex(int(result, 16) + waiting)
        return result

    async def _simulate(self, method: str, params: Any) -> Any:
        """What anvil says, once the models have run whose outputs it asks for."""
        for _ in range(QUESTIONS_MAX):
            try:
                return await self._forward(method, params)
            except Refused as refused:
                question = None if self._asking is None else missing_in(refused.data)
                if self._asking is None or question is None:
                    raise
            done: Future[None] = Future()
            self._scheduler.inbox.put(partial(self._asking.ask, question, done))
            await asyncio.wait_for(asyncio.wrap_future(done), ANSWER_TIMEOUT_S)
        raise Refused(REFUSED, f"asks for the output of more than {QUESTIONS_MAX} models")

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
        call, hash_ = await self._in_the_run(partial(self._admit, raw))
        if self._asking is not None:
            with suppress(Refused):  # a transaction that reverts is mined all the same
                await self._simulate("eth_call", [simulation_of(call), "latest"])
        await self._in_the_run(partial(self._take, call))
        return str(hash_)

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

    def _admit(self, raw: bytes) -> tuple[SignedCall, str]:
        """A transaction and its hash, if anvil would take it. In the event loop of the run, as what follows."""
        try:
            call, hash_ = self._chain.admit(raw)
        except RpcFailed as failed:
            raise Refused(REFUSED, str(failed)) from None
        self._see_that_it_is_next(call)
        return call, hash_

    def _take(self, call: SignedCall) -> None:
        """Put a transaction into the mempool."""
        self._see_that_it_is_next(call)
        self._mempool.add(Transaction(call, "", self._scheduler.now, self, None, float("inf")))

    def _see_that_it_is_next(self, call: SignedCall) -> None:
        expected = self._chain.nonce_of(call.sender) + self._mempool.pending_of(call.sender)
        if call.nonce != expected:
            raise Refused(REFUSED, f"nonce too {'low' if call.nonce < expected else 'high'}: next nonce {expected}")


def simulation_of(call: SignedCall) -> dict[str, str]:
    """A transaction as ``eth_call`` takes it."""
    to = {"to": call.to} if call.to else {}
    gas, value = hex(call.gas_limit), hex(call.value)
    return {"from": call.sender, **to, "data": "0x" + call.data.hex(), "gas": gas, "value": value}


def missing_in(data: Any) -> bytes | None:
    """The calldata that no node has answered yet, if that is what revert data says."""
    revert = decode_revert(bytes.fromhex(data[2:])) if isinstance(data, str) and data.startswith("0x") else None
    return revert.args["question"] if revert is not None and revert.error == MISSING else None


def failure(number: Any, code: int, message: str, data: Any = None) -> dict[str, Any]:
    """The response to a request that is refused."""
    error = {"code": code, "message": message, **({} if data is None else {"data": data})}
    return {"jsonrpc": "2.0", "id": number, "error": error}
