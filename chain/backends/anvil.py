"""The `Chain` seam over Foundry's anvil, one child process per chain.

Everything that could differ between two runs is pinned: fork, fees (none), order, timestamps, nonces. The same
calls then give the same block hashes in any process.

Senders are impersonated, so transactions carry no envelope signature: it would add nothing to what simnet
measures. What the protocol itself signs (answers, vouchers, votes) is signed for real.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from chain.backends.anvil_process import AnvilProcess
from chain.backends.jsonrpc import JsonRpc, result_of
from chain.errors import CallReverted, ChainStartFailed, RpcFailed
from chain.evm import abi
from chain.evm.toolchain import find_anvil, require_known_anvil
from chain.files import write_whole
from chain.quantities import Address, Gas, Timestamp, Wei
from chain.seam import REORG_DEPTH_MAX, Block, Call, Log, Native, Receipt, Revert, SignedCall

HARD_FORK = "cancun"
"""The newest that anvil and revm agree on to the last unit of gas."""

DEFAULT_GENESIS = Timestamp(1_750_000_000)
DEFAULT_CHAIN_ID = 31337
DEFAULT_BLOCK_GAS_LIMIT = Gas(30_000_000)

SENT_AT_ONCE = 64
"""Transactions of one JSON-RPC batch. anvil works on the requests of a batch in order up to about 117, and in any
order after that (measured with 1.7.1)."""

BLOCKS_KEPT = REORG_DEPTH_MAX + 8
"""Blocks whose states and transactions anvil keeps: a reorg goes back to the block before the deepest. Left alone,
anvil 1.7.1 keeps some 500 states and every transaction: 850 MB after 4,000 blocks."""

NATIVE_FUNDS = 10**24
"""Native currency of a funded account. Gas is free, so only value transfers use it."""

INVALID_PARAMS = -32602

LEFT_OUT = Revert("LeftOut", {})
"""What becomes of a stranger's transaction that anvil did not mine: of our own, none is ever left out."""

_TRACE_REVERT = {"tracer": "callTracer", "tracerConfig": {"onlyTopCall": True}}


@dataclass(frozen=True, slots=True)
class _Point:
    """What to restore with a snapshot."""

    anvil_id: str
    head: tuple[int, Timestamp]
    nonces: dict[Address, int]
    recent: tuple[Block, ...]
    names: dict[str, Address]


class AnvilChain:
    """A chain in a child process. `port` is chosen by the system if not given.

    Raises `ToolMissing` without a known anvil and `ChainStartFailed` if it does not start.
    """

    name = "anvil"

    def __init__(
        self,
        genesis: Timestamp = DEFAULT_GENESIS,
        chain_id: int = DEFAULT_CHAIN_ID,
        block_gas_limit: Gas = DEFAULT_BLOCK_GAS_LIMIT,
        port: int | None = None,
        binary: str | Path | None = None,
    ) -> None:
        self.chain_id = chain_id
        self.block_gas_limit = block_gas_limit
        self.head: tuple[int, Timestamp] = (0, genesis)
        self._nonces: Counter[Address] = Counter()
        self._recent: deque[Block] = deque(maxlen=REORG_DEPTH_MAX)
        self._names: dict[str, Address] = {}
        self._contracts: dict[str, tuple[str, abi.Artifact]] = {}
        self._points: dict[int, _Point] = {}
        self._next_point = 1
        self._natives: dict[Address, Native] = {}
        self._kept_in: Path | None = None
        with ExitStack() as undo:
            self._process = AnvilProcess(find_anvil(binary), _arguments(genesis, chain_id, block_gas_limit), port)
            undo.callback(self._process.close)
            self._rpc = JsonRpc(self._process.port, self._process.death)
            undo.callback(self._rpc.close)
            self.version = self._identify(genesis)
            undo.pop_all()

    @property
    def url(self) -> str:
        """Where other programs of this machine can reach the chain."""
        return f"http://127.0.0.1:{self._process.port}"

    @property
    def pid(self) -> int:
        """Process id of the shell that guards anvil; both are in the process group of that number."""
        return self._process.pid

    def nonce_of(self, account: Address) -> int:
        """Nonce of the account's next transaction."""
        return self._nonces[account]

    def fund(self, account: Address) -> None:
        """Give `account` native currency; see `Chain.fund`."""
        self._rpc.call("anvil_setBalance", account, hex(NATIVE_FUNDS))

    def deploy(self, artifact: str, args: Sequence[Any], sender: Address, name: str | None = None) -> Address:
        """Deploy a compiled contract in a block of its own, a second after the last; see `Chain.deploy`."""
        compiled = abi.load(artifact)
        creation = {"from": sender, "data": "0x" + compiled.creation_code(args).hex(), "gas": hex(self.block_gas_limit)}
        (receipt,) = self._mine([creation], Timestamp(self.head[1] + 1))
        self._recent.clear()  # a reorg never undoes a deployment
        if receipt["status"] != "0x1":
            raise CallReverted(artifact, "constructor", self._reverts([receipt["transactionHash"]])[0])
        address = Address(receipt["contractAddress"].lower())
        self._names[name or artifact] = address
        self._contracts[address] = (name or artifact, compiled)
        return address

    def etch(self, address: Address, artifact: str, native: Native | None = None) -> None:
        """Put a compiled contract at `address`, in a block of its own; see `Chain.etch`."""
        compiled = abi.load(artifact)
        code = self._rpc.call("eth_call", {"data": "0x" + compiled.creation_code(()).hex()}, "latest")
        self._rpc.call("anvil_setCode", address, code)
        self._mine([], Timestamp(self.head[1] + 1))
        self._recent.clear()
        self._names[artifact] = address
        self._contracts[address] = (artifact, compiled)
        if native is not None:
            self.stand_in(address, native)

    def stand_in(self, address: Address, native: Native) -> None:
        """Ask `native` for the answers of a stand-in that is there already."""
        self._natives[address] = native

    def write(self, address: Address, words: Mapping[int, int]) -> None:
        """Write into a stand-in's storage; see `Chain.write`."""
        requests = [
            ("anvil_setStorageAt", (address, f"0x{slot:064x}", f"0x{value:064x}")) for slot, value in words.items()
        ]
        for response in self._rpc.batch(requests) if requests else ():
            result_of("anvil_setStorageAt", response)

    def address_of(self, contract: str) -> Address:
        """Address of the contract deployed under that name; `KeyError` if there is none."""
        return self._names[contract]

    def mine(self, calls: Sequence[Call], timestamp: Timestamp) -> Block:
        """Mine `calls`, in this order, into one block at `timestamp`; see `Chain.mine`.

        All or nothing: `RpcFailed` leaves the chain, and the senders' nonces, as they were.
        """
        if sum(call.gas_limit for call in calls) > self.block_gas_limit:
            raise RpcFailed("mine", INVALID_PARAMS, "the calls' gas limits exceed the block's")
        self._ask_natives(calls, timestamp)
        raw = self._mine([self._transaction(call) for call in calls], timestamp)
        failed = [receipt["transactionHash"] for receipt in raw if receipt and receipt["status"] != "0x1"]
        reverts = dict(zip(failed, self._reverts(failed), strict=True))
        receipts = (
            Receipt(
                call,
                Gas(int(receipt["gasUsed"], 16)),
                tuple(map(self._decode_log, receipt["logs"])),
                reverts.get(receipt["transactionHash"]),
                receipt["transactionHash"],
            )
            if receipt
            else Receipt(call, Gas(0), (), LEFT_OUT)
            for call, receipt in zip(calls, raw, strict=True)
        )
        block = Block(self.head[0], timestamp, tuple(receipts))
        self._recent.append(block)
        self._keep()
        return block

    def admit(self, raw: bytes) -> tuple[SignedCall, str]:
        """The call that somebody outside signed, and its hash, if anvil would take it; it is not kept.

        Raises `RpcFailed` as anvil refuses it.
        """
        hash_ = self._rpc.call("eth_sendRawTransaction", "0x" + raw.hex())
        found = self._rpc.call("eth_getTransactionByHash", hash_)
        self._rpc.call("anvil_dropTransaction", hash_)
        to, data = (found["to"] or "").lower(), bytes.fromhex(found["input"][2:])
        name, compiled = self._contracts.get(Address(to), (to or "creation", None))
        known = compiled.function_of(data) if compiled else None
        gas_limit, nonce = Gas(int(found["gas"], 16)), int(found["nonce"], 16)
        cost = int(found["value"], 16) + gas_limit * int(found.get("maxFeePerGas") or found["gasPrice"], 16)
        if (signed_for := int(found.get("chainId") or hex(self.chain_id), 16)) != self.chain_id:
            complaint = f"invalid chain id for signer: have {signed_for}, want {self.chain_id}"
        elif gas_limit > self.block_gas_limit:
            complaint = "exceeds block gas limit"
        elif int(self._rpc.call("eth_getBalance", found["from"], "latest"), 16) < cost:
            complaint = "insufficient funds for gas * price + value"
        else:
            complaint = ""
        if complaint:
            raise RpcFailed("eth_sendRawTransaction", INVALID_PARAMS, complaint)
        sender, function = Address(found["from"].lower()), known or ("0x" + data[:4].hex() if data else "transfer")
        value = int(found["value"], 16)
        return SignedCall(sender, name, function, (), gas_limit, raw, nonce, to, data, value), hash_

    def read(self, contract: str, function: str, *args: Any) -> Any:
        """Call a view at the head; see `Chain.read`."""
        address = self.address_of(contract)
        compiled = self._contracts[address][1]
        question = {"to": address, "data": "0x" + compiled.calldata(function, args).hex()}
        response = self._rpc.respond("eth_call", question, "latest")
        if revert := _revert_in(response.get("error")):
            raise CallReverted(contract, function, revert)
        return compiled.decode_result(function, bytes.fromhex(result_of("eth_call", response)[2:]))

    def balance(self, account: Address) -> Wei:
        """OPG that `account` holds."""
        return Wei(self.read("OPG", "balanceOf", account))

    def keep_in(self, path: Path) -> None:
        """Write the chain to a file now and after every block, before anybody hears of the block."""
        self._kept_in = path
        self._keep()

    def take_up(self, path: Path) -> None:
        """Go on with the chain in such a file; this one must be new. Raises `ChainStartFailed` if it is none."""
        try:
            kept = json.loads(path.read_text())
            self._rpc.call("anvil_loadState", kept["state"])
            self.head = kept["head"][0], Timestamp(kept["head"][1])
            self._nonces = Counter({Address(account): nonce for account, nonce in kept["nonces"].items()})
            self._names = {name: Address(address) for name, address in kept["names"].items()}
            self._contracts = {at: (name, abi.load(artifact)) for at, (name, artifact) in kept["contracts"].items()}
        except (OSError, ValueError, KeyError, RpcFailed) as error:
            raise ChainStartFailed(f"{path}: the chain in it cannot be taken up: {error}") from None

    def _keep(self) -> None:
        if self._kept_in is None:
            return
        kept = {
            "head": self.head,
            "nonces": self._nonces,
            "names": self._names,
            "contracts": {at: (name, compiled.name) for at, (name, compiled) in self._contracts.items()},
            "state": self._rpc.call("anvil_dumpState"),
        }
        write_whole(self._kept_in, json.dumps(kept).encode())

    def snapshot(self) -> int:
        """Remember the present state; the id is good for one `revert_to`."""
        point, self._next_point = self._next_point, self._next_point + 1
        self._points[point] = _Point(
            self._rpc.call("evm_snapshot"),
            self.head,
            dict(self._nonces),
            tuple(self._recent),
            dict(self._names),
        )
        return point

    def revert_to(self, snapshot: int) -> None:
        """Go back to a snapshot; it and those taken since are used up.

        `RpcFailed` for one that is unknown, used up, or of a block that a reorg replaced.
        """
        point = self._points.get(snapshot)
        if point is None:
            raise RpcFailed("evm_revert", INVALID_PARAMS, f"there is no snapshot {snapshot}")
        self._rpc.call("evm_revert", point.anvil_id)
        self._points = {number: kept for number, kept in self._points.items() if number < snapshot}
        self.head, self._nonces, self._names = point.head, Counter(point.nonces), point.names
        self._recent = deque(point.recent, REORG_DEPTH_MAX)

    def reorg(self, depth: int) -> tuple[Block, ...]:
        """Replace the last `depth` blocks by empty ones of the same timestamps; see `Chain.reorg`.

        At most `REORG_DEPTH_MAX`. The reorg is a rollback and explicit mining: anvil's own would choose timestamps.
        """
        if not 1 <= depth <= len(self._recent):
            raise ValueError(f"cannot replace {depth} of the {len(self._recent)} blocks that can be replaced")
        orphaned = tuple(self._recent)[-depth:]
        self._rpc.call("anvil_rollback", depth)
        for block in orphaned:
            self._recent.pop()
            self._nonces.subtract(receipt.call.sender for receipt in block.receipts)
        fork = orphaned[0].number - 1
        self._points = {number: point for number, point in self._points.items() if point.head[0] <= fork}
        for block in orphaned:
            self._rpc.call("evm_mine", {"timestamp": block.timestamp})
            self._recent.append(Block(block.number, block.timestamp, ()))
        self._keep()
        return orphaned

    def close(self) -> None:
        """Stop anvil and remove what it kept on disk. May be called twice."""
        self._rpc.close()
        self._process.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _identify(self, genesis: Timestamp) -> str:
        """Version of what answers; `ChainStartFailed` unless it is the chain that was started."""
        answers = self._rpc.batch(
            [
                ("web3_clientVersion", []),
                ("eth_chainId", []),
                ("eth_getBlockByNumber", ["0x0", False]),
                ("anvil_setLoggingEnabled", [False]),
            ]
        )
        client, chain_id, block, _ = (result_of("identify", answer) for answer in answers)
        if (int(chain_id, 16), int(block["timestamp"], 16)) != (self.chain_id, genesis):
            raise ChainStartFailed(f"{client} on port {self._process.port} is not the chain that was started")
        version = str(client).removeprefix("anvil/").removeprefix("v")
        require_known_anvil(version)
        return version

    def _ask_natives(self, calls: Sequence[Call], timestamp: Timestamp) -> None:
        """Give the stand-ins their answers. Those that no transaction asks for do no harm."""
        for address, native in self._natives.items():
            self.write(address, native.answers(calls, timestamp))

    def _transaction(self, call: Call) -> dict[str, Any]:
        if isinstance(call, SignedCall):
            return {"from": call.sender, "nonce": call.nonce, "raw": "0x" + call.raw.hex()}
        address = self.address_of(call.contract)
        data = self._contracts[address][1].calldata(call.function, call.args)
        return {"from": call.sender, "to": address, "data": "0x" + data.hex(), "gas": hex(call.gas_limit)}

    def _mine(self, transactions: Sequence[dict[str, Any]], timestamp: Timestamp) -> list[dict[str, Any]]:
        """Mine a block of exactly these transactions, and return their receipts as anvil gives them.

        What somebody outside signed may be left out, and has an empty receipt then.
        """
        if timestamp <= self.head[1]:
            message = f"timestamp {timestamp} is not later than the last block's {self.head[1]}"
            raise RpcFailed("mine", INVALID_PARAMS, message)
        nonces = self._nonces.copy()
        sent = self._send(transactions, nonces)
        self._rpc.call("evm_mine", {"timestamp": timestamp})
        receipts: list[dict[str, Any]] = self._rpc.call("eth_getBlockReceipts", "latest") if sent else []
        mined = {receipt["transactionHash"]: receipt for receipt in receipts}
        out = [i for i, hash_ in enumerate(sent) if hash_ not in mined]
        if list(mined) != [hash_ for hash_ in sent if hash_ in mined] or any("raw" not in transactions[i] for i in out):
            self._rpc.call("anvil_rollback", 1)
            self._rpc.call("anvil_dropAllTransactions")
            raise RpcFailed("evm_mine", 0, f"of {len(sent)} transactions, {len(receipts)} are in the block")
        for i in reversed(out):
            nonces[transactions[i]["from"]] = transactions[i]["nonce"]
        if out:
            self._rpc.call("anvil_dropAllTransactions")
        self._nonces = nonces
        self.head = (self.head[0] + 1, timestamp)
        return [mined.get(hash_, {}) for hash_ in sent]

    def _send(self, transactions: Sequence[dict[str, Any]], nonces: Counter[Address]) -> list[str]:
        """Put transactions into the pool and return their hashes; an empty one for a stranger's that is refused.

        Counts `nonces` up, which anvil cannot do within a batch.
        """
        if not transactions:
            return []
        requests: list[tuple[str, tuple[Any, ...]]] = []
        for transaction in transactions:
            sender = transaction["from"]
            if "raw" in transaction:
                requests.append(("eth_sendRawTransaction", (transaction["raw"],)))
                nonces[sender] = transaction["nonce"] + 1
                continue
            requests.append(("eth_sendTransaction", (transaction | {"nonce": hex(nonces[sender]), "gasPrice": "0x0"},)))
            nonces[sender] += 1
        parts = (requests[i : i + SENT_AT_ONCE] for i in range(0, len(requests), SENT_AT_ONCE))
        responses = [response for part in parts for response in self._rpc.batch(part)]
        answered = list(zip(transactions, responses, strict=True))
        if any("error" in response and "raw" not in transaction for transaction, response in answered):
            self._rpc.call("anvil_dropAllTransactions")
        return [
            "" if "error" in response and "raw" in transaction else result_of("eth_sendTransaction", response)
            for transaction, response in answered
        ]

    def _reverts(self, hashes: Sequence[str]) -> list[Revert]:
        """Why transactions of the last block failed, in their place in the block."""
        if not hashes:
            return []
        responses = self._rpc.batch([("debug_traceTransaction", (hash_, _TRACE_REVERT)) for hash_ in hashes])
        return [_revert_in_trace(result_of("debug_traceTransaction", response)) for response in responses]

    def _decode_log(self, raw: Mapping[str, Any]) -> Log:
        address = raw["address"].lower()
        if address not in self._contracts:  # somebody outside put it there
            return Log(address, raw["topics"][0] if raw["topics"] else "anonymous", {"data": raw["data"]})
        name, compiled = self._contracts[address]
        topics = [bytes.fromhex(topic[2:]) for topic in raw["topics"]]
        event = compiled.events_by_topic[topics[0]]
        return Log(name, event.name, event.decode_log(topics, bytes.fromhex(raw["data"][2:])))


def _arguments(genesis: Timestamp, chain_id: int, block_gas_limit: Gas) -> list[str]:
    """Flags that make anvil mine only when told to, at no fee, with nobody's accounts, write nothing and keep no more
    blocks than a reorg may take.
    """
    pinned = ["--hardfork", HARD_FORK, "--timestamp", str(genesis), "--chain-id", str(chain_id)]
    mining = ["--no-mining", "--order", "fifo", "--gas-limit", str(block_gas_limit)]
    fees = ["--block-base-fee-per-gas", "0", "--gas-price", "0", "--disable-min-priority-fee"]
    senders = ["--accounts", "0", "--auto-impersonate", "--disable-pool-balance-checks"]
    history = [f"--prune-history={BLOCKS_KEPT}", "--transaction-block-keeper", str(BLOCKS_KEPT)]
    quiet = ["--no-request-size-limit", "--disable-console-log", "--color", "never"]
    return [*pinned, *mining, *fees, *senders, *history, *quiet]


def _revert_in_trace(trace: Mapping[str, Any]) -> Revert:
    if trace.get("error", "").startswith("out of gas"):
        return Revert("OutOfGas", {})
    return abi.decode_revert(bytes.fromhex(trace.get("output", "0x")[2:]))


def _revert_in(error: Mapping[str, Any] | None) -> Revert | None:
    """The revert that an `eth_call` ended in, if its error is one."""
    if error is None:
        return None
    message, data = error.get("message", ""), error.get("data")
    if "OutOfGas" in message:
        return Revert("OutOfGas", {})
    if data is None and not message.startswith("EVM error"):
        return None
    return abi.decode_revert(bytes.fromhex((data or "0x")[2:]))
