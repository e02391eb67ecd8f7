"""The mempool, and the blocks that producers build out of it.

In its slot a producer builds a block out of what is pending; the block is broadcast to those who sent its transactions
and to those who subscribed to its events. Blocks are mined only when there is something to put into them. How
transactions get here and what a block holds get to a participant is the business of `simnet.kernel.endpoint`.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from chain.blocks import fitting
from chain.quantities import Address, Timestamp
from chain.seam import REORG_DEPTH_MAX, Block, Call, Chain, Log, Receipt
from simnet.kernel.conditions import FEE_CAP, REPRICE_S, ChainConditions
from simnet.kernel.history import History
from simnet.kernel.scheduler import Scheduler, Task
from simnet.log.events import (
    BlockMined,
    ChainReorged,
    ContractEvent,
    EventLog,
    PaymentBlockMined,
    PaymentEvent,
    PaymentTransactionMined,
    TransactionMined,
    as_json,
)


class Subscriber(Protocol):
    """A participant that sends transactions and hears of blocks."""

    @property
    def name(self) -> str:
        """The participant's name."""
        ...

    def hear(self, update: BlockUpdate) -> None:
        """Take what a block holds for it, on its way from the producer."""
        ...


@dataclass(slots=True, eq=False)
class Transaction:
    """A call on its way into a block."""

    call: Call
    subject: str
    sent_at: float
    sender: Subscriber
    task: Task | None
    """Who waits for its receipt; nobody after a reorg put it back."""
    max_fee: float
    """What its sender pays for gas at the most, over the gas price when the run began."""
    is_mined: bool = False


@dataclass(slots=True)
class BlockUpdate:
    """What a block holds for one participant."""

    producer: str
    transactions: int
    """How many the block holds, others' included."""
    timestamp: Timestamp
    logs: list[Log] = field(default_factory=list)
    receipts: list[tuple[Task, Receipt]] = field(default_factory=list)
    undone: int = 0
    """How many blocks before this one were replaced by empty ones."""


class Mempool:
    """What is pending, and what was mined, on a `Chain`."""

    block_kind: type[BlockMined] = BlockMined
    transaction_kind: type[TransactionMined] = TransactionMined
    event_kind: type[ContractEvent] = ContractEvent
    """As what the log has blocks, transactions and events."""

    def __init__(
        self, chain: Chain, genesis: Timestamp, block_time_s: float, scheduler: Scheduler, log: EventLog
    ) -> None:
        self.chain = chain
        self.block_time_s = block_time_s
        self.conditions = ChainConditions()
        self.producers: list[str] = []
        """Names, in the order of their turns."""
        self.mined: deque[tuple[int, tuple[Transaction, ...]]] = deque(maxlen=REORG_DEPTH_MAX)
        """Slot and transactions of each block since the run began that a reorg may undo."""
        self.history = History()
        """What those blocks say about batches."""
        self.genesis = genesis
        """Timestamp of simulated second 0."""
        self._scheduler = scheduler
        self._log = log
        self._pending: list[Transaction] = []
        self._waiting: dict[str, Task] = {}
        self._slot_due = False
        self._subscribers: dict[str, dict[Subscriber, None]] = {}

    def add(self, transaction: Transaction) -> None:
        """Take in a transaction that has arrived."""
        self._pending.append(transaction)
        self._scheduler.after(REPRICE_S, self._reprice, transaction)
        self._schedule_slot()

    def pending_of(self, account: Address) -> int:
        """How many transactions of an account wait for a block."""
        return sum(transaction.call.sender == account for transaction in self._pending)

    def _reprice(self, transaction: Transaction) -> None:
        """Have the sender of a transaction that still waits bid as much as for a new one."""
        if not transaction.is_mined:
            transaction.max_fee = max(transaction.max_fee, FEE_CAP * self.conditions.gas_price)
            self._scheduler.after(REPRICE_S, self._reprice, transaction)
            self._schedule_slot()

    # -- slots and blocks ----------------------------------------------------------------------------------

    def wait_for_slot(self, producer: str, task: Task) -> None:
        """Resume a producer's task in its next slot that finds something pending."""
        self._waiting[producer] = task
        self._schedule_slot()

    def forget(self, producer: str) -> None:
        """Have a producer that has crashed miss its slots."""
        self._waiting.pop(producer, None)

    def _schedule_slot(self) -> None:
        if self._slot_due or not self._pending or not self._waiting:
            return
        self._slot_due = True
        now = self._scheduler.now
        slot = self._slot_of(now) + 1
        self._scheduler.after(slot * self.block_time_s - now, self._slot, slot)

    def _slot_of(self, time_s: float) -> int:
        """Number of the slot that began last."""
        return int(time_s / self.block_time_s)

    def _last_slot(self) -> int:
        """The slot that was used last or left empty; one that begins now is not over before its block is mined."""
        slot = self._slot_of(self._scheduler.now)
        mined = self.mined[-1][0] if self.mined else 0
        begins_now = slot * self.block_time_s == self._scheduler.now
        return slot - 1 if begins_now and mined < slot else slot

    def _slot(self, number: int) -> None:
        """Give the slot to the producer whose turn it is; one that is down misses it."""
        self._slot_due = False
        producer = self.producers[number % len(self.producers)]
        if producer in self._waiting and (calls := self._offered(producer)):
            self._waiting.pop(producer).resume(calls)
        self._schedule_slot()

    def _offered(self, producer: str) -> tuple[Call, ...]:
        """The pending calls that a producer may put into a block now, oldest first."""
        price = self.conditions.gas_price
        affordable = [transaction.call for transaction in self._pending if transaction.max_fee >= price]
        return self.conditions.admitted(producer, affordable, self.chain.block_gas_limit)

    def mine(self, producer: Subscriber, calls: Sequence[Call]) -> Block | None:
        """Build a block of these calls, in order, as many as fit; ``None`` if there are none: no block is mined then.

        They are pending, or the producer's own, which nobody else has seen.
        """
        pending = {id(transaction.call): transaction for transaction in self._pending}
        chosen = tuple(
            pending.get(id(call)) or Transaction(call, "", self._scheduler.now, producer, None, math.inf)
            for call in fitting(calls, self.chain.block_gas_limit)
        )
        if not chosen:
            return None
        wanted = {id(transaction.call) for transaction in chosen}
        self._pending = [t for t in self._pending if id(t.call) not in wanted]
        for transaction in chosen:
            transaction.is_mined = True
        timestamp = Timestamp(self.genesis + int(self._scheduler.now))
        block = self.chain.mine([transaction.call for transaction in chosen], timestamp)
        self.mined.append((self._slot_of(self._scheduler.now), chosen))
        self.history.add(block)
        self._log_block(producer.name, block, chosen)
        self._broadcast(producer.name, block, chosen)
        return block

    def _log_block(self, producer: str, block: Block, transactions: Sequence[Transaction]) -> None:
        now, append = self._scheduler.now, self._log.append
        pending = len(self._pending)
        record = self.block_kind(block.number, block.timestamp, producer, len(transactions), block.gas_used, pending)
        append(now, record)
        for transaction, receipt in zip(transactions, block.receipts, strict=True):
            call, events = transaction.call, [(log, as_json(log.args)) for log in receipt.logs]
            subject = next((args["batch"] for _, args in events if "batch" in args), transaction.subject)
            mined = self.transaction_kind(
                block.number,
                call.sender,
                call.contract,
                call.function,
                subject,
                receipt.gas_used,
                str(receipt.revert or ""),
                round(now - transaction.sent_at, 6),
            )
            number = append(now, mined)
            for log, args in events:
                append(now, self.event_kind(block.number, number, subject, log.contract, log.event, args))

    # -- out to the participants ---------------------------------------------------------------------------

    def subscribe(self, subscriber: Subscriber, event: str) -> None:
        """Tell a participant of logs of this event from now on."""
        self._subscribers.setdefault(event, {})[subscriber] = None

    def unsubscribe(self, subscriber: Subscriber, event: str) -> None:
        """Tell it no more."""
        del self._subscribers[event][subscriber]

    def _broadcast(self, producer: str, block: Block, transactions: Sequence[Transaction]) -> None:
        """Send everybody what the block holds for them."""
        updates: dict[Subscriber, BlockUpdate] = {}

        def update_for(subscriber: Subscriber) -> BlockUpdate:
            if subscriber not in updates:
                updates[subscriber] = BlockUpdate(producer, len(transactions), block.timestamp)
            return updates[subscriber]

        for transaction, receipt in zip(transactions, block.receipts, strict=True):
            if transaction.task is not None:
                update_for(transaction.sender).receipts.append((transaction.task, receipt))
            for log in receipt.logs:
                for subscriber in self._subscribers.get(log.event, ()):
                    update_for(subscriber).logs.append(log)
        for subscriber, update in updates.items():
            subscriber.hear(update)

    # -- reorgs --------------------------------------------------------------------------------------------

    def reorg(self, slots: int) -> int:
        """Undo the blocks of the last slots, at most those of this run; their transactions are pending again, in order.

        Returns how many blocks it undid: a slot in which nothing was pending has none, and a chain that mines empty
        blocks would have one. Subscribers are told, and who waits for a receipt has got it; logs come again when their
        transactions are mined again.
        """
        last = self._last_slot()
        depth = sum(slot > last - slots for slot, _ in self.mined)
        if depth == 0:
            return 0
        first = self.chain.head[0] - depth + 1
        self.chain.reorg(depth)
        self.history.undo(first)
        undone = [self.mined.pop() for _ in range(depth)][::-1]
        self.mined.extend((slot, ()) for slot, _ in undone)
        orphans = [transaction for _, block in undone for transaction in block]
        for orphan in orphans:
            orphan.task = None
            orphan.is_mined = False
            self._scheduler.after(REPRICE_S, self._reprice, orphan)
        self._pending = orphans + self._pending
        self._log.append(self._scheduler.now, ChainReorged(depth, first, len(orphans)))
        update = BlockUpdate(self.producers[0], 0, self.chain.head[1], undone=depth)
        for subscriber in {one: None for subscribers in self._subscribers.values() for one in subscribers}:
            subscriber.hear(update)
        self._schedule_slot()
        return depth


class PaymentMempool(Mempool):
    """That of the chain which clients pay gateways on: nothing on it counts among what the other chain settles."""

    block_kind = PaymentBlockMined
    transaction_kind = PaymentTransactionMined
    event_kind = PaymentEvent
