"""The `Chain` seam over revm in process (pyrevm): the same EVM as anvil's, without the node around it.

pyrevm executes calls but knows no transactions: what one call warms stays warm for the next, and its journal
only grows. So a call runs on top of a checkpoint, its writes are read out of the journal, the checkpoint is
rolled back, and the writes go into the database below. Every call then starts as a transaction does, with
nothing warm, and uses the gas it would use in a block. Old values are kept, for snapshots and reorgs.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any, NamedTuple, TypeAlias

from chain.errors import CallReverted, RpcFailed, ToolMissing
from chain.evm import abi
from chain.quantities import Address, Gas, Timestamp, Wei
from chain.seam import REORG_DEPTH_MAX, Block, Call, Log, Native, Receipt, Revert

try:
    from pyrevm import EVM, AccountInfo, BlockEnv, CfgEnv, Env
except ImportError:
    cure = "use the anvil backend, or Python 3.11 or 3.12 on x86-64 or macOS, where pip install pyrevm works"
    raise ToolMissing("contracts cannot run in process: pyrevm is not installed", cure) from None

HARD_FORK = "Cancun"
"""What pyrevm 0.3 executes; later forks price calldata differently."""

DEFAULT_GENESIS = Timestamp(1_750_000_000)
DEFAULT_CHAIN_ID = 31337
DEFAULT_BLOCK_GAS_LIMIT = Gas(30_000_000)
READ_GAS = Gas(1_000_000_000)

NOBODY = Address("0x" + "00" * 20)
"""Who reads."""

CODE = -1
"""Stands for a slot in the record of a deployment."""

ADDRESS_LENGTH = len(NOBODY)

_JOURNAL, _KEY, _HAD = "journal: [", ", key: ", ", had_value: Some("
"""Where the journal begins in its text, and what it puts between address, slot and old value of a write; after a mere
read it says ``None`` instead."""

_FAILURE = re.compile(r"(Revert|Halt) { (?:reason: (\w+).*, )?gas_used: (\d+)(?:, output: 0x(\w*))? }")


_Write: TypeAlias = tuple[str, int, int, int]
"""Address, slot, old value and new one; or the deployment of a contract, if the slot is `CODE`."""


class _Outcome(NamedTuple):
    """What the EVM said of one execution."""

    gas_used: Gas
    output: bytes
    logs: Sequence[Any]
    writes: Sequence[_Write]
    revert: Revert | None = None


@dataclass(slots=True)
class _Mined:
    """A block, and how to take it back."""

    block: Block
    writes: list[_Write] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Point:
    """What to restore with a snapshot."""

    head: tuple[int, Timestamp]
    deployed_at: int
    nonces: Counter[Address]
    names: dict[str, Address]


class RevmChain:
    """A chain in this process. Gas is free, so senders need no funds."""

    name = "revm"

    def __init__(
        self,
        genesis: Timestamp = DEFAULT_GENESIS,
        chain_id: int = DEFAULT_CHAIN_ID,
        block_gas_limit: Gas = DEFAULT_BLOCK_GAS_LIMIT,
    ) -> None:
        self.chain_id = chain_id
        self.block_gas_limit = block_gas_limit
        self.version = version("pyrevm")
        self.head: tuple[int, Timestamp] = (0, genesis)
        self._evm = EVM(env=Env(cfg=CfgEnv(chain_id=chain_id)), spec_id=HARD_FORK)
        self._deployed_at = 0
        self._nonces: Counter[Address] = Counter()
        self._recent: deque[_Mined] = deque()
        self._names: dict[str, Address] = {}
        self._contracts: dict[str, tuple[str, abi.Artifact]] = {}
        self._codeless: dict[str, AccountInfo] = {}
        """Each contract without its code, which the database has by its hash."""
        self._natives: dict[Address, Native] = {}
        self._points: dict[int, _Point] = {}
        self._next_point = 1
        self._reads: dict[tuple[Address, bytes], Any] = {}
        """What reads at this head returned, by contract and calldata: every full node reads the same of a new batch.
        `_set_head` and `_store` drop them, and nothing changes what a read returns but by way of these."""

    def fund(self, account: Address) -> None:
        """Nothing to do: gas is free here."""

    def deploy(self, artifact: str, args: Sequence[Any], sender: Address, name: str | None = None) -> Address:
        """Deploy a compiled contract in a block of its own, a second after the last; see `Chain.deploy`."""
        compiled = abi.load(artifact)
        self._evm.insert_account_info(sender, AccountInfo(nonce=self._nonces[sender]))
        self._nonces[sender] += 1
        return self._place(None, compiled, sender, args, name or artifact)

    def etch(self, address: Address, artifact: str, native: Native | None = None) -> None:
        """Put a compiled contract at `address`, in a block of its own; see `Chain.etch`."""
        self._place(address, abi.load(artifact), NOBODY, (), artifact)
        if native is not None:
            self._natives[address] = native

    def _place(
        self, place: Address | None, compiled: abi.Artifact, sender: str, args: Sequence[Any], name: str
    ) -> Address:
        """Run a constructor and put what it leaves where a deployment goes, or at an address of our choosing."""
        mined = self._open_block(Timestamp(self.head[1] + 1))
        self._deployed_at = mined.block.number
        created: list[str] = []

        def create() -> bytes:
            created.append(self._evm.deploy(sender, compiled.creation_code(args), gas=self.block_gas_limit).lower())
            return self._evm.get_code(created[0]) or b""

        outcome = self._execute(create)
        if outcome.revert is not None:
            raise CallReverted(compiled.name, "constructor", outcome.revert)
        address = place or Address(created[0])
        whole = AccountInfo(nonce=1, code=outcome.output)
        self._evm.insert_account_info(address, whole)
        self._codeless[address] = AccountInfo(nonce=1, code_hash=whole.code_hash)
        mined.writes.append((address, CODE, 0, 0))
        moved = {created[0]: address}
        self._keep(mined, [(moved.get(at, at), slot, old, new) for at, slot, old, new in outcome.writes])
        self._names[name] = address
        self._contracts[address] = (name, compiled)
        return address

    def write(self, address: Address, words: Mapping[int, int]) -> None:
        """Write into a stand-in's storage; see `Chain.write`."""
        checkpoint = self._evm.snapshot()
        writes = [(address, slot, self._evm.storage(address, slot), value) for slot, value in words.items()]
        self._evm.revert(checkpoint)
        self._keep(self._recent[-1], writes)

    def address_of(self, contract: str) -> Address:
        """Address of the contract deployed under that name; `KeyError` if there is none."""
        return self._names[contract]

    def mine(self, calls: Sequence[Call], timestamp: Timestamp) -> Block:
        """Mine `calls`, in this order, into one block at `timestamp`; see `Chain.mine`.

        All or nothing: `RpcFailed` leaves the chain, and the senders' nonces, as they were.
        """
        if timestamp <= self.head[1]:
            raise _invalid(f"timestamp {timestamp} is not later than the last block's {self.head[1]}")
        if sum(call.gas_limit for call in calls) > self.block_gas_limit:
            raise _invalid("the calls' gas limits exceed the block's")
        prepared = [(call, *self._prepare(call)) for call in calls]
        before = self.head
        mined = self._open_block(timestamp)
        for address, native in self._natives.items():
            answers = native.answers(calls, timestamp)
            self._keep(mined, [(address, slot, 0, value) for slot, value in answers.items()])
        try:
            receipts = tuple([self._transact(call, to, data, mined) for call, to, data in prepared])
        except RpcFailed:
            self._take_back(before[0])
            self._set_head(*before)
            raise
        self._nonces.update([call.sender for call in calls])
        mined.block = Block(mined.block.number, timestamp, receipts)
        return mined.block

    def read(self, contract: str, function: str, *args: Any) -> Any:
        """Call a view at the head; see `Chain.read`."""
        address = self.address_of(contract)
        compiled = self._contracts[address][1]
        read = address, compiled.calldata(function, args)
        if read in self._reads:
            return self._reads[read]
        outcome = self._message(NOBODY, *read, READ_GAS, writes=False)
        if outcome.revert is not None:
            raise CallReverted(contract, function, outcome.revert)
        found = self._reads[read] = compiled.decode_result(function, outcome.output)
        return found

    def balance(self, account: Address) -> Wei:
        """OPG that `account` holds."""
        return Wei(self.read("OPG", "balanceOf", account))

    def snapshot(self) -> int:
        """Remember the present state; the id is good for one `revert_to`."""
        point, self._next_point = self._next_point, self._next_point + 1
        self._points[point] = self._point()
        return point

    def revert_to(self, snapshot: int) -> None:
        """Go back to a snapshot; it and those taken since are used up.

        `RpcFailed` for one that is unknown, used up, or of a block that a reorg replaced.
        """
        point = self._points.get(snapshot)
        if point is None:
            raise _invalid(f"there is no snapshot {snapshot}")
        self._points = {number: kept for number, kept in self._points.items() if number < snapshot}
        self._restore(point)

    def reorg(self, depth: int) -> tuple[Block, ...]:
        """Replace the last `depth` blocks, at most `REORG_DEPTH_MAX`, by empty ones; see `Chain.reorg`."""
        most = min(self.head[0] - self._deployed_at, REORG_DEPTH_MAX)
        if not 1 <= depth <= most:
            raise ValueError(f"cannot replace {depth} of the {most} blocks that can be replaced")
        fork = self.head[0] - depth
        orphaned = self._take_back(fork)
        for block in orphaned:
            self._nonces.subtract(receipt.call.sender for receipt in block.receipts)
        self._points = {number: point for number, point in self._points.items() if point.head[0] <= fork}
        for block in orphaned:
            self._open_block(block.timestamp, block.number)
        return orphaned

    def close(self) -> None:
        """Nothing to stop."""

    def _point(self) -> _Point:
        return _Point(self.head, self._deployed_at, self._nonces.copy(), dict(self._names))

    def _restore(self, point: _Point) -> None:
        self._take_back(point.head[0])
        self._set_head(*point.head)
        self._deployed_at, self._nonces, self._names = point.deployed_at, point.nonces, point.names

    def _open_block(self, timestamp: Timestamp, number: int | None = None) -> _Mined:
        """Start the next block and forget those that nothing can go back to."""
        self._set_head(number or self.head[0] + 1, timestamp)
        mined = _Mined(Block(*self.head, ()))
        self._recent.append(mined)
        oldest_point = min((point.head[0] for point in self._points.values()), default=self.head[0])
        while len(self._recent) > REORG_DEPTH_MAX and self._recent[0].block.number <= oldest_point:
            self._recent.popleft()
        return mined

    def _set_head(self, number: int, timestamp: Timestamp) -> None:
        self.head = (number, timestamp)
        self._reads.clear()
        env = BlockEnv(number=number, timestamp=timestamp, basefee=0, gas_limit=max(READ_GAS, self.block_gas_limit))
        self._evm.set_block_env(env)

    def _prepare(self, call: Call) -> tuple[Address, bytes]:
        """Where a call goes, and its calldata."""
        to = self._names[call.contract]
        return to, self._contracts[to][1].calldata(call.function, call.args)

    def _transact(self, call: Call, to: Address, calldata: bytes, mined: _Mined) -> Receipt:
        outcome = self._message(call.sender, to, calldata, call.gas_limit)
        self._keep(mined, outcome.writes)
        return Receipt(call, outcome.gas_used, tuple(map(self._decode_log, outcome.logs)), outcome.revert)

    def _message(self, sender: str, to: Address, calldata: bytes, gas: Gas, *, writes: bool = True) -> _Outcome:
        return self._execute(lambda: self._evm.message_call(sender, to, calldata=calldata, gas=gas), writes)

    def _execute(self, action: Callable[[], bytes], writes: bool = True) -> _Outcome:
        """What `action` does, and what it writes if asked. Nothing of it stays: the checkpoint is rolled back."""
        checkpoint = self._evm.snapshot()
        try:
            output = action()
            result = self._evm.result
            assert result is not None
            return _Outcome(Gas(result.gas_used), output, result.logs, self._journal_writes() if writes else ())
        except RuntimeError as error:
            return _failure(str(error))
        finally:
            self._evm.revert(checkpoint)

    def _journal_writes(self) -> list[_Write]:
        """What was written to storage since the checkpoint, each slot once.

        The journal is text, and holds the code of every contract called, which is most of it: so that is left out.
        """
        evm = self._evm
        for address, info in self._codeless.items():
            evm.insert_account_info(address, info)
        text = evm.journal_str
        old: dict[tuple[str, str], str] = {}
        before, *rest = text[text.rindex(_JOURNAL) :].split(_HAD)
        for after in rest:
            place, _, digits = before.rpartition(_KEY)
            old.setdefault((place[-ADDRESS_LENGTH:], digits), after)
            before = after
        slots = [(address, int(digits), int(after.partition(")")[0])) for (address, digits), after in old.items()]
        return [(address, slot, value, evm.storage(address, slot)) for address, slot, value in slots]

    def _keep(self, mined: _Mined, writes: Sequence[_Write]) -> None:
        self._store(writes)
        mined.writes += writes

    def _take_back(self, number: int) -> tuple[Block, ...]:
        """Undo all blocks after that number; returns them, oldest first."""
        undone = []
        while self._recent and self._recent[-1].block.number > number:
            mined = self._recent.pop()
            for address, slot, old, new in reversed(mined.writes):
                if slot == CODE:
                    self._evm.insert_account_info(address, AccountInfo())
                    self._codeless.pop(address, None)
                else:
                    self._store([(address, slot, new, old)])
            undone.append(mined.block)
        return tuple(reversed(undone))

    def _store(self, writes: Sequence[_Write]) -> None:
        """Write to the database."""
        self._reads.clear()
        evm = self._evm
        snapshot, insert, revert = evm.snapshot, evm.insert_account_storage, evm.revert
        for address, slot, _, new in writes:
            checkpoint = snapshot()  # makes pyrevm forget that it loaded the account for this
            insert(address, slot, new)
            revert(checkpoint)

    def _decode_log(self, raw: Any) -> Log:
        topics, data = raw.data
        name, compiled = self._contracts[raw.address.lower()]
        event = compiled.events_by_topic[topics[0]]
        return Log(name, event.name, event.decode_log(topics, data))


def _invalid(message: str) -> RpcFailed:
    return RpcFailed("revm", -32602, message)


def _failure(text: str) -> _Outcome:
    """Make sense of pyrevm's account of a failed execution; `RpcFailed` if it never began."""
    found = _FAILURE.fullmatch(text)
    if found is None:
        raise _invalid(text)
    kind, reason, gas_used, output = found.groups()
    if kind == "Revert":
        revert = abi.decode_revert(bytes.fromhex(output))
    else:
        revert = Revert("OutOfGas", {}) if reason == "OutOfGas" else Revert("Unknown", {"data": "0x"})
    return _Outcome(Gas(int(gas_used)), b"", (), (), revert)
