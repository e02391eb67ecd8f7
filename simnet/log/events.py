"""The event log: the only truth about a run.

Everything that happens is appended here, once, in order of simulated time; metrics, invariants, dashboard,
report and replay read nothing else. A line is a JSON object ``{"i": number, "t": seconds, "kind": ..., ...}``.
The digest is the SHA-256 of all lines. Participants' own records are in `nodes.records`; here are those of the
engine: the run itself, the network, the devices, the chain, the faults.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from nodes import payments  # noqa: F401 (its records are described there)
from nodes.onchain import records as onchain_records  # noqa: F401
from nodes.records import Record, event

COMPLETED, INTERRUPTED = "completed", "interrupted"
"""How a run ends that no error ended."""

TIME_DIGITS = 6
"""Times are logged to the microsecond."""

LOG_FORMAT = 2
"""Version of what the lines mean; readers refuse one that they do not know."""

BUFFERED_LINES = 512
"""Lines held back before they are written and hashed together."""


@event(group="run", says="{scenario} begins, seed {seed}, strategy {strategy}")
@dataclass(frozen=True, slots=True)
class RunStarted(Record):
    """First line of every log: what is run."""

    scenario: str
    seed: int
    strategy: str
    comparator: str
    duration_s: float
    genesis: int
    """Chain timestamp of simulated second 0."""
    block_time_s: float
    compute_price_wei: str
    """Price of 10**9 multiply-accumulates."""
    finality_bound_s: float = 0.0
    """How long after its post any batch is final at the latest, where nothing disturbs the network; 0: not stated."""
    format: int = LOG_FORMAT


@event(group="run", subjects=("name",), says="{name} joins in {region} with {stake:opg} OPG[, behaves: {behaviours}]")
@dataclass(frozen=True, slots=True)
class ParticipantJoined(Record):
    """A participant exists. `behaviours` is ground truth; an empty list means honest."""

    name: str
    role: str
    address: str
    region: str
    persona: str
    stake: str
    behaviours: list[str]
    dishonest: bool


@event(group="run", subjects=("name",), says="{name} joins in {region} as a {what}")
@dataclass(frozen=True, slots=True)
class ServiceJoined(Record):
    """A participant exists that no scenario counts, such as a gateway: no money of the scenario's is its."""

    name: str
    what: str
    address: str
    region: str


@event(group="run", says="model {name} on offer, {macs:count} multiply-accumulates")
@dataclass(frozen=True, slots=True)
class ModelServed(Record):
    """A model is on offer; `macs` are those of its reference variant.

    `arithmetic` is ``portable``, the same bits on every x86-64 processor, or ``native``, this machine's own.
    """

    name: str
    sha256: str
    macs: int
    arithmetic: str


DRAWS, NATIVE, DOMINATED = "draws", "native", "dominated"
"""What a remark on a model is about: it draws random numbers, is not portable, or hides small entries of its output."""


@event(group="run", says="model {name} {remark}")
@dataclass(frozen=True, slots=True)
class ModelRemarked(Record):
    """What is to be known of a model that is on offer: ``draws``, ``native`` or ``dominated``, and a sentence."""

    name: str
    topic: str
    remark: str


@event(group="run", says="models of {nodes} are executed on {processor}, at the speed of {device}")
@dataclass(frozen=True, slots=True)
class ModelsExecuted(Record):
    """What executes the models of a group of nodes, where any was asked for something else than the CPU.

    `asked` is ``cpu``, ``cuda`` or ``auto``; `processor` is what was taken, `device` whose speed modelled time follows.
    """

    nodes: list[str]
    asked: str
    processor: str
    device: str


ON_THE_WAY, CUT = "loss", "partition"
"""Why a message is lost: by the network's own losses and what faults add to them, or since nothing gets through."""


@event(
    group="messages",
    subjects=("sender", "receiver"),
    says="{sender} → {receiver}: {what}, {size_bytes:count} B[ in {delay_s:span}][, lost: {lost}]",
)
@dataclass(slots=True)  # not frozen, which makes it twice as expensive to make, and one is made for every message
class MessageSent(Record):
    """A message left its sender. `lost` says why it never arrives, or is empty."""

    sender: str
    receiver: str
    what: str
    size_bytes: int
    delay_s: float
    lost: str


@event(
    group="work", subjects=("node", "task"), says="{node} runs {model}/{variant} to {purpose} {task:id}, {busy_s:span}"
)
@dataclass(frozen=True, slots=True)
class Executed(Record):
    """A node ran a model. Waiting for the device is in `wait_s`, not in `busy_s`."""

    node: str
    task: str
    model: str
    variant: str
    purpose: str
    macs: int
    busy_s: float
    wait_s: float


@event(
    group="blocks",
    subjects=("producer",),
    says="block {number} by {producer}: {transactions} transactions, {gas_used:count} gas[, {pending} left pending]",
)
@dataclass(frozen=True, slots=True)
class BlockMined(Record):
    """A block, with how many transactions it holds and how many it left pending."""

    number: int
    timestamp: int
    producer: str
    transactions: int
    gas_used: int
    pending: int


@event(group="run", says="assumed prices: gas {gas_price_gwei} gwei, ether {ether_usd} USD, OPG {opg_usd} USD")
@dataclass(frozen=True, slots=True)
class PricesAssumed(Record):
    """What gas, ether and OPG are assumed to cost: for reports, nothing in a run hangs on it."""

    gas_price_gwei: float
    ether_usd: float
    opg_usd: float


@event(
    group="blocks",
    subjects=("sender", "subject"),
    says="{sender:who} {contract}.{function}[ on {subject:id}], {gas_used:count} gas[, reverted: {revert:head}]",
)
@dataclass(frozen=True, slots=True)
class TransactionMined(Record):
    """A transaction is in a block. `revert` is empty if it took effect.

    `subject` is the batch that its events name, or else what its sender says that it is about, or empty.
    """

    block: int
    sender: str
    contract: str
    function: str
    subject: str
    gas_used: int
    revert: str
    waited_s: float


@event(group="other", subjects=("subject",), says="{contract}.{event} {args}")
@dataclass(frozen=True, slots=True)
class ContractEvent(Record):
    """A contract emitted an event. Arguments as JSON: amounts as strings, bytes as hex.

    `transaction` is the number in the log of the transaction that did it, which stands before its events;
    `subject` is that transaction's.
    """

    block: int
    transaction: int
    subject: str
    contract: str
    event: str
    args: dict[str, Any]


@event(
    group="messages",
    subjects=("participant", "caller"),
    says="{participant} answers {caller} with {status} to {method} {path} after {took_s:span}",
)
@dataclass(frozen=True, slots=True)
class RequestCarried(Record):
    """A server carried a request from outside, and its answer back. Times are those of the machine's clock."""

    participant: str
    caller: str
    method: str
    path: str
    status: int
    """0 if there was no answer."""
    streamed: bool
    complete: bool
    """Whether the client got everything."""
    first_s: float
    """From the request to the first part of the answer."""
    took_s: float
    """From the request to the answer's end, its client's reading included."""


@event(group="blocks", says="payment chain, block {number}: {transactions} transactions, {gas_used:count} gas")
@dataclass(frozen=True, slots=True)
class PaymentBlockMined(BlockMined):
    """A block of the chain that clients pay gateways on, which is not the one that settles batches."""


@event(
    group="money",
    subjects=("sender", "subject"),
    says="payment chain: {sender:who} {contract}.{function}[ on {subject}], {gas_used:count} gas"
    "[, reverted: {revert:head}]",
)
@dataclass(frozen=True, slots=True)
class PaymentTransactionMined(TransactionMined):
    """A transaction is in a block of the payment chain; otherwise as ``transaction_mined``."""


@event(group="money", subjects=("subject",), says="payment chain: {contract}.{event} {args}")
@dataclass(frozen=True, slots=True)
class PaymentEvent(ContractEvent):
    """A contract of the payment chain emitted an event; otherwise as ``contract_event``."""


ELSEWHERE = (PaymentTransactionMined.kind, PaymentEvent.kind)
"""Kinds whose blocks are not those of the chain that settles batches."""


@event(group="faults", says="{depth} blocks from {first} on are undone")
@dataclass(frozen=True, slots=True)
class ChainReorged(Record):
    """The last `depth` blocks, from block `first` on, were replaced by empty ones."""

    depth: int
    first: int
    transactions: int


@event(group="faults", subjects=("targets",), says="{says}[ ({targets:besides says})]")
@dataclass(frozen=True, slots=True)
class FaultInjected(Record):
    """A fault happened. Its number joins it to its end."""

    fault: int
    verb: str
    says: str
    """What happened, in a few words."""
    targets: list[str]
    """Regions and nodes that it is about."""
    condition: str
    """What the targets are while it lasts: ``down``, ``cut off``, ``impaired``, or nothing in particular."""
    lasts: bool
    """Whether it goes on until it is undone, as opposed to being over at once."""


@event(group="faults", subjects=("targets",), says="{says}[ ({targets:besides says})]")
@dataclass(frozen=True, slots=True)
class FaultEnded(Record):
    """A fault was undone, or a part of it."""

    fault: int
    verb: str
    says: str
    targets: list[str]
    """Whom it concerns no longer; another fault still may."""
    whole: bool
    """Whether nothing of it is left."""


@event(group="faults", subjects=("nodes",), says="injected by hand: {what}")
@dataclass(frozen=True, slots=True)
class Intervention(Record):
    """Somebody injected a fault or a behaviour by hand; the scenario in the run directory has it too."""

    what: str
    """As a scenario file would have it, its time included."""
    nodes: list[str]
    """Who behaves differently from now on."""
    behaviour: str
    """How; empty for a fault."""
    dishonest: bool


@event(group="money", says="balances are read from the chain ({moment}): {total:opg} OPG in all")
@dataclass(frozen=True, slots=True)
class BalancesRead(Record):
    """Who holds how much OPG, read from the chain: amounts in wei, in the order in which participants joined."""

    moment: str
    """``genesis``, ``epoch`` or ``end``."""
    block: int
    """The last block that it accounts for."""
    total: str
    """The token's supply."""
    wallets: list[str]
    """Of every participant."""
    escrows: list[str]
    """Of every client, in Settlement."""
    bonded: list[str]
    """Stake of every inference node and full node."""
    unbonding: list[str]
    """Stake of theirs that is on its way out and can still be slashed."""
    bonds: str
    """What the verification contract holds of challengers' bonds."""
    contracts: list[list[str]]
    """Name, address and holdings of every contract, of the treasury and of the burn address."""


@event(group="run", says="the run ends: {reason}")
@dataclass(frozen=True, slots=True)
class RunEnded(Record):
    """Last line: how far it got. `reason` is ``completed``, ``interrupted`` or an error."""

    reason: str


Row = dict[str, Any]
"""A line of the log: ``i``, ``t`` and ``kind``, and the fields of the record of that kind."""

Listener = Callable[[float, Record], None]


class EventLog:
    """Appends records to a file, hashes them, and tells listeners. Memory stays bounded."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._file: BinaryIO = path.open("wb")
        self._hash = hashlib.sha256()
        self._lines: list[bytes] = []
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Call `listener` with every record from now on. It must not change anything."""
        self._listeners.append(listener)

    def append(self, time_s: float, record: Record) -> int:
        """Write one record; answers its number."""
        number = self.count
        head = f'{{"i":{number},"t":{round(time_s, TIME_DIGITS)!r},"kind":"{record.kind}",'
        self._lines.append(head.encode() + orjson.dumps(record)[1:])
        self.count += 1
        if not self.count % BUFFERED_LINES:
            self.flush()
        for listener in self._listeners:
            listener(time_s, record)
        return number

    def flush(self) -> None:
        """Write out and hash what is buffered."""
        if self._lines:
            chunk = b"\n".join(self._lines) + b"\n"
            self._lines.clear()
            self._hash.update(chunk)
            self._file.write(chunk)
            self._file.flush()

    @property
    def digest(self) -> str:
        """SHA-256 over everything so far, as hex."""
        self.flush()
        return self._hash.hexdigest()

    def close(self) -> None:
        """Flush and close the file. May be called twice."""
        if not self._file.closed:
            self.flush()
            self._file.close()


def read_log(path: Path) -> Iterator[Row]:
    """Every complete line of a log, in order. A torn last line, as a killed run leaves it, is skipped."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield orjson.loads(line)


def as_json(value: Any) -> Any:
    """A chain value as the log writes it: bytes as hex, big integers as strings, sequences as lists.

    Of named values, as an event's arguments, each as it is written.
    """
    if isinstance(value, bool | str):
        return value
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, int):
        return value if -(2**53) < value < 2**53 else str(value)
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    if isinstance(value, Mapping):
        return {name: as_json(item) for name, item in value.items()}
    return value
