"""The `Chain` seam over revm in process (pyrevm): the same EVM as anvil's, without the node around it.

pyrevm executes calls but knows no transactions: what one call warms stays warm for the next, and its journal
only grows. So a call runs on top of a checkpoint, its writes are read out of the journal, the checkpoint is
rolled back, and the writes go into the database below. Every call then starts as a transaction does, with
nothing warm, and uses the gas it would use in a block. The old values are kept, for snapshots and reorgs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, NamedTuple

from pyrevm import EVM, AccountInfo, BlockEnv, CfgEnv, Env

from chain import abi
from chain.errors import CallReverted, RpcFailed
from chain.quantities import Address, Gas, Timestamp, Wei
from chain.seam import Block, Call, Log, Receipt, Revert

DEFAULT_CHAIN_ID = 31337
DEFAULT_GENESIS = Timestamp(1_750_000_000)
BLOCK_GAS_LIMIT = Gas(1_000_000_000)
READ_GAS = Gas(1_000_000_000)
HARD_FORK = "Cancun"
"""What pyrevm 0.3 executes; later forks price calldata differently."""

CODE = -1
NOBODY = Address("0x" + "00" * 20)
"""Who reads."""

_WRITE = re.compile(r"StorageChange { address: (0x\w{40}), key: (\d+), had_value: Some\((\d+)\) }")
_FAILURE = re.compile(r"(Revert|Halt) { (?:reason: (\w+).*, )?gas_used: (\d+)(?:, output: 0x(\w*))? }")


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What the EVM said of one execution."""

    gas_used: Gas
    output: bytes
    logs: Sequence[Any]
    revert: Revert | None = None


class _Write(NamedTuple):
    """A change of a storage slot, or the deployment of a contract if the slot is `CODE`."""

    address: str
    slot: int
    old: int
    new: int

    def inverse(self) -> _Write:
        return self._replace(old=self.new, new=self.old)


@dataclass(frozen=True, slots=True)
class _Point:
    """A state of the chain to go back to. `writes` is how many there had been."""

    writes: int
    blocks: tuple[tuple[Block, int], ...]
    deployed_at: int
    nonces: dict[Address, int]
    addresses: dict[str, Address]


class RevmChain:
    """A chain in this process. Senders need no funds: gas is free."""

    name = "revm"

    def __init__(self, genesis: Timestamp = DEFAULT_GENESIS, chain_id: int = DEFAULT_CHAIN_ID) -> None:
        self.version = version("pyrevm")
        self._evm = EVM(env=Env(cfg=CfgEnv(chain_id=chain_id)), spec_id=HARD_FORK)
        self._writes: list[_Write] = []
        self._blocks = [(Block(0, genesis, ()), 0)]  # each with how many writes came before it
        self._deployed_at = 0
        self._nonces: dict[Address, int] = {}
        self._addresses: dict[str, Address] = {}
        self._artifacts: dict[str, tuple[str, abi.Artifact]] = {}
        self._snapshots: dict[int, _Point] = {}
        self._next_snapshot = 1

    @property
    def block_gas_limit(self) -> Gas:
        """Gas limits of one block's calls must not add up to more."""
        return BLOCK_GAS_LIMIT

    @property
    def head(self) -> tuple[int, Timestamp]:
        """Number and timestamp of the last block."""
        block, _ = self._blocks[-1]
        return block.number, block.timestamp

    def fund(self, account: Address) -> None:
        """Nothing to do: gas is free here."""

    def deploy(self, artifact: str, args: Sequence[Any], sender: Address, name: str | None = None) -> Address:
        """Deploy a compiled contract in a block of its own, a second after the last; see `Chain.deploy`."""
        compiled = abi.load(artifact)
        self._open_block(Timestamp(self.head[1] + 1))
        self._evm.insert_account_info(sender, AccountInfo(nonce=self._take_nonce(sender)))
        created: list[str] = []

        def create() -> bytes:
            created.append(self._evm.deploy(sender, compiled.creation_code(args), gas=BLOCK_GAS_LIMIT).lower())
            return self._evm.get_code(created[0]) or b""

        outcome = self._execute(create, BLOCK_GAS_LIMIT)
        self._deployed_at = self.head[0]
        if outcome.revert is not None:
            raise CallReverted(artifact, "constructor", outcome.revert)
        address = Address(created[0])
        self._evm.insert_account_info(address, AccountInfo(nonce=1, code=outcome.output))
        self._writes.append(_Write(address, CODE, 0, 0))
        self._addresses[name or artifact] = address
        self._artifacts[address] = (name or artifact, compiled)
        return address

    def address_of(self, contract: str) -> Address:
        """Address of the contract deployed under that name; `KeyError` if there is none."""
        return self._addresses[contract]

    def mine(self, calls: Sequence[Call], timestamp: Timestamp) -> Block:
        """Mine `calls`, in this order, into one block at `timestamp`; see `Chain.mine`."""
        if timestamp <= self.head[1]:
            raise RpcFailed("mine", -32602, f"timestamp {timestamp} is not later than the last block's {self.head[1]}")
        if sum(call.gas_limit for call in calls) > BLOCK_GAS_LIMIT:
            raise RpcFailed("mine", -32602, "the calls' gas limits exceed the block's")
        number, first_write = self._open_block(timestamp)
        block = Block(number, timestamp, tuple(self._transact(call) for call in calls))
        self._blocks[-1] = (block, first_write)
        return block

    def read(self, contract: str, function: str, *args: Any) -> Any:
        """Call a view at the head; see `Chain.read`."""
        address = self.address_of(contract)
        compiled = self._artifacts[address][1]
        outcome = self._message(NOBODY, address, compiled.calldata(function, args), READ_GAS, keep=False)
        if outcome.revert is not None:
            raise CallReverted(contract, function, outcome.revert)
        return compiled.decode_result(function, outcome.output)

    def balance(self, account: Address) -> Wei:
        """OPG that `account` holds."""
        return Wei(self.read("OPG", "balanceOf", account))

    def snapshot(self) -> int:
        """Remember the present state; the id is good for one `revert_to`."""
        snapshot, self._next_snapshot = self._next_snapshot, self._next_snapshot + 1
        self._snapshots[snapshot] = _Point(
            len(self._writes), tuple(self._blocks), self._deployed_at, dict(self._nonces), dict(self._addresses)
        )
        return snapshot

    def revert_to(self, snapshot: int) -> None:
        """Go back to a snapshot; it and those taken since are used up. `RpcFailed` for an unknown one."""
        point = self._snapshots.get(snapshot)
        if point is None:
            raise RpcFailed("revert", -32602, f"there is no snapshot {snapshot}")
        self._snapshots = {key: kept for key, kept in self._snapshots.items() if key < snapshot}
        self._take_back(self._writes[point.writes :])
        del self._writes[point.writes :]
        self._blocks, self._deployed_at = list(point.blocks), point.deployed_at
        self._nonces, self._addresses = point.nonces, point.addresses
        self._set_block_env()

    def reorg(self, depth: int) -> tuple[Block, ...]:
        """Replace the last `depth` blocks by empty ones of the same timestamps; see `Chain.reorg`."""
        if not 1 <= depth <= self.head[0] - self._deployed_at:
            raise ValueError(f"cannot replace {depth} of {self.head[0] - self._deployed_at} blocks")
        orphaned = self._blocks[-depth:]
        undone = self._writes[orphaned[0][1] :]
        self._take_back(undone)
        self._writes += [write.inverse() for write in reversed(undone)]
        for block, _ in orphaned:
            for receipt in block.receipts:
                self._nonces[receipt.call.sender] -= 1
        self._blocks[-depth:] = [(Block(old.number, old.timestamp, ()), len(self._writes)) for old, _ in orphaned]
        return tuple(block for block, _ in orphaned)

    def close(self) -> None:
        """Nothing to stop."""

    def _open_block(self, timestamp: Timestamp) -> tuple[int, int]:
        number, first_write = self.head[0] + 1, len(self._writes)
        self._blocks.append((Block(number, timestamp, ()), first_write))
        self._set_block_env()
        return number, first_write

    def _set_block_env(self) -> None:
        number, timestamp = self.head
        self._evm.set_block_env(BlockEnv(number=number, timestamp=timestamp, basefee=0, gas_limit=BLOCK_GAS_LIMIT))

    def _take_nonce(self, sender: Address) -> int:
        nonce = self._nonces.get(sender, 0)
        self._nonces[sender] = nonce + 1
        return nonce

    def _transact(self, call: Call) -> Receipt:
        address = self.address_of(call.contract)
        calldata = self._artifacts[address][1].calldata(call.function, call.args)
        self._take_nonce(call.sender)
        outcome = self._message(call.sender, address, calldata, call.gas_limit, keep=True)
        return Receipt(call, outcome.gas_used, tuple(map(self._decode_log, outcome.logs)), outcome.revert)

    def _message(self, sender: str, to: Address, calldata: bytes, gas: Gas, keep: bool) -> _Outcome:
        return self._execute(lambda: self._evm.message_call(sender, to, calldata=calldata, gas=gas), gas, keep)

    def _execute(self, action: Callable[[], bytes], gas: Gas, keep: bool = True) -> _Outcome:
        """Run `action` on a checkpoint and roll it back; with `keep`, store what it wrote."""
        checkpoint = self._evm.snapshot()
        try:
            output = action()
        except RuntimeError as error:
            self._evm.revert(checkpoint)
            return _failure(str(error))
        result = self._evm.result
        writes = self._journal_writes() if keep else []
        self._evm.revert(checkpoint)
        for write in writes:
            self._store(write.address, write.slot, write.new)
        self._writes += writes
        assert result is not None
        return _Outcome(Gas(result.gas_used), output, result.logs)

    def _journal_writes(self) -> list[_Write]:
        """What was written to storage since the checkpoint."""
        text = self._evm.journal_str
        journal = text[text.rindex("journal: [") :]
        old: dict[tuple[str, int], int] = {}
        for address, slot, value in _WRITE.findall(journal):
            old.setdefault((address, int(slot)), int(value))
        return [_Write(*place, value, self._evm.storage(*place)) for place, value in old.items()]

    def _store(self, address: str, slot: int, value: int) -> None:
        """Write to the database. The checkpoint makes pyrevm forget that it loaded the account for this."""
        checkpoint = self._evm.snapshot()
        self._evm.insert_account_storage(address, slot, value)
        self._evm.revert(checkpoint)

    def _take_back(self, writes: Sequence[_Write]) -> None:
        """Restore what was before the latest writes."""
        for write in reversed(writes):
            if write.slot == CODE:
                self._evm.insert_account_info(write.address, AccountInfo())
            else:
                self._store(write.address, write.slot, write.old)

    def _decode_log(self, raw: Any) -> Log:
        topics, data = raw.data
        name, compiled = self._artifacts[raw.address.lower()]
        event = compiled.events_by_topic[topics[0]]
        return Log(name, event.name, event.decode_log(topics, data))


def _failure(text: str) -> _Outcome:
    """Make sense of pyrevm's account of a failed execution."""
    found = _FAILURE.fullmatch(text)
    if found is None:
        raise RpcFailed("call", -32003, text)
    kind, reason, gas_used, output = found.groups()
    if kind == "Revert":
        data = bytes.fromhex(output)
        return _Outcome(Gas(int(gas_used)), data, (), abi.decode_revert(data))
    revert = Revert("OutOfGas", {}) if reason == "OutOfGas" else Revert("Unknown", {"data": "0x"})
    return _Outcome(Gas(int(gas_used)), b"", (), revert)
