"""The chain as the engine sees it: one narrow interface, several implementations.

`Chain` is implemented by `chain.backends.anvil` (Foundry's anvil over JSON-RPC, the default of a run)
and by `chain.backends.revm` (the same EVM in process, for sweeps). One contract test covers both.

A caller names contracts by the name they were deployed under; addresses stay inside.
Arguments and results are plain Python values: ``int``, ``bool``, ``str``, ``bytes`` (also for
``bytesN``), addresses as lower-case ``0x`` strings, arrays as lists or tuples, and structs as
tuples in the order of their fields.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from chain.quantities import Address, Gas, Timestamp, Wei

DEFAULT_GAS_LIMIT = Gas(1_000_000)
"""Gas a transaction may use when its call names no limit."""

TRANSACTION_GAS_MAX = Gas(2**24)
"""Gas that one transaction may use at the most on mainnet, whatever it says (EIP-7825). Chains here do not enforce it;
what the protocol needs stays below."""

REORG_DEPTH_MAX = 64
"""Most blocks that a reorg replaces; older ones may be forgotten. Two epochs of 32 slots, as Ethereum's finality takes
(Gasper, arXiv 2003.03052)."""


@dataclass(frozen=True, slots=True)
class Call:
    """A transaction that somebody wants on chain."""

    sender: Address
    contract: str
    """Name the contract was deployed under, such as ``Settlement``."""
    function: str
    args: tuple[Any, ...] = ()
    gas_limit: Gas = DEFAULT_GAS_LIMIT

    def __str__(self) -> str:
        return f"{self.contract}.{self.function}"


@dataclass(frozen=True, slots=True)
class SignedCall(Call):
    """A transaction that somebody outside has signed: it goes to the chain byte for byte.

    `contract` and `function` are what is known of it, perhaps an address and a selector. anvil alone takes it.
    """

    raw: bytes = b""
    """As ``eth_sendRawTransaction`` takes it."""
    nonce: int = 0
    to: str = ""
    """Empty for one that creates a contract."""
    data: bytes = b""
    value: int = 0


@dataclass(frozen=True, slots=True)
class Revert:
    """Why the EVM undid a call, decoded with the contract's custom errors.

    `error` is the custom error's name, ``Error`` for a plain reason string, ``Panic`` for a
    compiler check, ``OutOfGas``, or ``Unknown`` with the raw data.
    """

    error: str
    args: Mapping[str, Any]

    def __str__(self) -> str:
        inside = ", ".join(f"{name}={value!r}" for name, value in self.args.items())
        return f"{self.error}({inside})"


@dataclass(frozen=True, slots=True)
class Log:
    """An event that a contract emitted, decoded. Structs in `args` are tuples."""

    contract: str
    event: str
    args: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one transaction."""

    call: Call
    gas_used: Gas
    logs: tuple[Log, ...]
    revert: Revert | None = None
    hash: str = field(default="", compare=False)
    """The transaction's, in hex, on a chain that others read too; empty on one in process."""

    @property
    def ok(self) -> bool:
        """Whether the transaction took effect."""
        return self.revert is None


@dataclass(frozen=True, slots=True)
class Block:
    """A mined block. `receipts` are in the order in which the calls were given."""

    number: int
    timestamp: Timestamp
    receipts: tuple[Receipt, ...]

    @property
    def gas_used(self) -> Gas:
        """Gas of all its transactions."""
        return Gas(sum(receipt.gas_used for receipt in self.receipts))


class Native(Protocol):
    """Code that a real chain runs outside the EVM. Here a contract stands in for it, and finds answers in its storage.

    What it answers must hang on nothing but the calls and the time, so that a block mined anew finds the same.
    """

    def answers(self, calls: Sequence[Call], timestamp: Timestamp) -> Mapping[int, int]:
        """Words to write into the stand-in's storage, by slot, before a block of `calls` is mined at `timestamp`."""
        ...


class Chain(Protocol):
    """A chain that mines when told to, at the timestamp it is told.

    Every method raises `ChainDied` when the chain is gone and `RpcFailed` when it refuses.
    """

    name: str
    """``anvil`` or ``revm``."""

    version: str
    """Version of what runs the EVM, for the run's manifest."""

    chain_id: int
    """What signatures are bound to (EIP-155, EIP-712)."""

    block_gas_limit: Gas
    """Gas limits of one block's calls must not add up to more."""

    def fund(self, account: Address) -> None:
        """Give `account` native currency enough for all its gas."""
        ...

    def deploy(self, artifact: str, args: Sequence[Any], sender: Address, name: str | None = None) -> Address:
        """Deploy a compiled contract under `name` (default: the artifact's) in a block of its own.

        Raises `CallReverted` when the constructor reverts.
        """
        ...

    def etch(self, address: Address, artifact: str, native: Native | None = None) -> None:
        """Put a compiled contract without constructor arguments at `address`, in a block of its own.

        With `native`, the contract stands in for code that the chain runs itself.
        """
        ...

    def write(self, address: Address, words: Mapping[int, int]) -> None:
        """Write words into a stand-in's storage, by slot, at once. A reorg undoes it."""
        ...

    def address_of(self, contract: str) -> Address:
        """Address of the contract deployed under that name; `KeyError` if there is none."""
        ...

    def mine(self, calls: Sequence[Call], timestamp: Timestamp) -> Block:
        """Mine `calls`, in this order, into one block at `timestamp` (later than the last block's)."""
        ...

    def read(self, contract: str, function: str, *args: Any) -> Any:
        """Call a view at the head. One result comes bare, several as a tuple.

        Raises `CallReverted`.
        """
        ...

    def snapshot(self) -> int:
        """Remember the present state; the id is good for one `revert_to`."""
        ...

    def revert_to(self, snapshot: int) -> None:
        """Go back to a snapshot, deployments and block height included."""
        ...

    def reorg(self, depth: int) -> tuple[Block, ...]:
        """Replace the last `depth` blocks by empty ones of the same timestamps; returns the orphaned, oldest first.

        `ValueError` when depth is not between 1 and the blocks mined since deployment.
        """
        ...

    def balance(self, account: Address) -> Wei:
        """OPG that `account` holds."""
        ...

    @property
    def head(self) -> tuple[int, Timestamp]:
        """Number and timestamp of the last block."""
        ...

    def close(self) -> None:
        """Stop the chain and remove what it kept on disk. May be called twice."""
        ...
