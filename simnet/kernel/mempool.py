"""The chain as participants meet it: a mempool, slots, blocks, and logs that arrive with the block.

A transaction travels to the producers and waits in the mempool; in its slot a producer builds a block out of
what is pending; the block travels back, and with it come receipts to those who sent its transactions and logs
to those who subscribed. Somebody cut off sends and receives when the partition is over, in order, and so does
somebody whose endpoint does not answer. Blocks are mined only when there is something to put into them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import simpy

from chain.formats.signing import Domain
from chain.quantities import Gas, Timestamp
from chain.seam import Block, Call, Chain, Log, Receipt, Revert
from nodes.effects import Submit
from nodes.messages import Envelope
from simnet.kernel.conditions import FEE_CAP, RPC_RETRY_S, ChainConditions
from simnet.kernel.host import Host, Task
from simnet.log.events import BlockMined, ChainReorged, ContractEvent, TransactionMined, as_json

if TYPE_CHECKING:
    from simnet.kernel.engine import Engine

CALL_BYTES = 512
"""Assumed size of a transaction on the wire, and of a block per transaction (assumption)."""


@dataclass(slots=True, eq=False)
class Transaction:
    """A call on its way into a block."""

    call: Call
    subject: str
    sent_at: float
    task: Task | None
    """Who waits for its receipt; nobody after a reorg put it back."""
    max_fee: float
    """What its sender pays for gas at the most, over the gas price when the run began."""


@dataclass(slots=True)
class News:
    """What a block holds for one host."""

    logs: list[Log]
    receipts: list[tuple[Task, Receipt]]


class Ledger:
    """Connects hosts to a `Chain`."""

    def __init__(self, chain: Chain, domain: Domain, genesis: Timestamp, block_time_s: float) -> None:
        self.chain = chain
        self.domain = domain
        self.genesis = genesis
        self.block_time_s = block_time_s
        self.conditions = ChainConditions()
        self.producers: list[Host] = []
        self.mined: list[tuple[Transaction, ...]] = []
        """Transactions of each block since the run began, for reorgs."""
        self._outbox: dict[str, list[Transaction]] = {}
        """What has not left its sender yet."""
        self._pending: list[Transaction] = []
        self._waiting: dict[str, Task] = {}
        self._slot_due = False
        self._subscribers: dict[str, dict[str, Host]] = {}
        self._news: dict[str, list[News]] = {}
        self._engine: Engine

    def bind(self, engine: Engine) -> None:
        """Say which engine's clock and network to use."""
        self._engine = engine

    # -- into the mempool ----------------------------------------------------------------------------------

    def submit(self, task: Task, effect: Submit) -> None:
        """Send a transaction to the producers; `task` is resumed with its receipt.

        One that the sender's endpoint refuses goes nowhere, and its receipt says so.
        """
        if task.host.conditions.fails("submit"):
            refused = Receipt(effect.call, Gas(0), (), Revert("RpcFailed", {}))
            self._engine.after(RPC_RETRY_S, task.wake, refused)
            return
        call, limit = effect.call, self.chain.block_gas_limit
        if call.gas_limit > limit:  # no block would ever hold it, and what waits behind it neither
            call = replace(call, gas_limit=limit)
        max_fee = FEE_CAP * self.conditions.gas_price
        transaction = Transaction(call, effect.subject, self._engine.now, task, max_fee)
        self._outbox.setdefault(task.host.name, []).append(transaction)
        self._send_out(task.host.name)

    def _send_out(self, name: str) -> None:
        """Send a host's transactions to a producer, in order; a host cut off from all tries again later."""
        network, conditions = self._engine.network, self._engine.hosts[name].conditions
        near = next((p.name for p in self.producers if network.reaches(name, p.name)), None)
        if near is None or conditions.unserved("submit"):
            self._engine.after(self.block_time_s, lambda _: self._send_out(name))
            return
        for transaction in self._outbox.pop(name, ()):
            self._engine.after(network.delay(name, near, CALL_BYTES), self._arrive, transaction)

    def _arrive(self, event: simpy.Event) -> None:
        self._pending.append(event._value)
        self._schedule_slot()

    # -- slots and blocks ----------------------------------------------------------------------------------

    def wait_for_slot(self, task: Task) -> None:
        """Resume a producer's task in its next slot that finds something pending."""
        self._waiting[task.host.name] = task
        self._schedule_slot()

    def _schedule_slot(self) -> None:
        if self._slot_due or not self._pending or not self._waiting:
            return
        self._slot_due = True
        slot = int(self._engine.now / self.block_time_s) + 1
        self._engine.after(slot * self.block_time_s - self._engine.now, self._slot, slot)

    def _slot(self, event: simpy.Event) -> None:
        """Give the slot to the producer whose turn it is; one that is down misses it."""
        self._slot_due = False
        producer = self.producers[event._value % len(self.producers)]
        if producer.name in self._waiting and (calls := self._offered(producer.name)):
            self._engine.resume(self._waiting.pop(producer.name), calls)
        self._schedule_slot()

    def _offered(self, producer: str) -> tuple[Call, ...]:
        """The pending calls that a producer may put into a block now, oldest first."""
        price = self.conditions.gas_price
        affordable = [transaction.call for transaction in self._pending if transaction.max_fee >= price]
        return self.conditions.admitted(producer, affordable, self.chain.block_gas_limit)

    def mine(self, producer: Host, calls: Sequence[Call]) -> Block | None:
        """Build a block of these pending calls; ``None`` if there are none, for then no block is mined."""
        wanted = {id(call): True for call in calls}
        chosen = tuple(t for t in self._pending if id(t.call) in wanted)
        if not chosen:
            return None
        self._pending = [t for t in self._pending if id(t.call) not in wanted]
        timestamp = Timestamp(self.genesis + int(self._engine.now))
        block = self.chain.mine([transaction.call for transaction in chosen], timestamp)
        self.mined.append(chosen)
        self._log_block(producer, block, chosen)
        self._spread(producer, block, chosen)
        return block

    def _log_block(self, producer: Host, block: Block, transactions: Sequence[Transaction]) -> None:
        now, append = self._engine.now, self._engine.log.append
        pending = len(self._pending)
        record = BlockMined(block.number, block.timestamp, producer.name, len(transactions), block.gas_used, pending)
        append(now, record)
        for transaction, receipt in zip(transactions, block.receipts, strict=True):
            call, events = transaction.call, [(log, as_json(log.args)) for log in receipt.logs]
            subject = next((args["batch"] for _, args in events if "batch" in args), transaction.subject)
            mined = TransactionMined(
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
                append(now, ContractEvent(block.number, number, subject, log.contract, log.event, args))

    # -- out to the participants ---------------------------------------------------------------------------

    def subscribe(self, host: Host, events: Sequence[str]) -> None:
        """Deliver logs of these events to a host from now on."""
        for event in events:
            self._subscribers.setdefault(event, {})[host.name] = host
            host.subscriptions[event] = None

    def forget(self, host: Host) -> None:
        """Drop a crashed host's subscriptions, what it has not sent or heard yet, and its slot if it is a producer."""
        for event in host.subscriptions:
            del self._subscribers[event][host.name]
        host.subscriptions.clear()
        self._waiting.pop(host.name, None)
        self._news.pop(host.name, None)
        self._outbox.pop(host.name, None)

    def _spread(self, producer: Host, block: Block, transactions: Sequence[Transaction]) -> None:
        """Send everybody what the block holds for them."""
        network = self._engine.network
        news: dict[str, News] = {}
        for transaction, receipt in zip(transactions, block.receipts, strict=True):
            if transaction.task is not None:
                mine = news.setdefault(transaction.task.host.name, News([], []))
                mine.receipts.append((transaction.task, receipt))
            for log in receipt.logs:
                for name in self._subscribers.get(log.event, ()):
                    news.setdefault(name, News([], [])).logs.append(log)
        size = CALL_BYTES * len(transactions)
        for name, item in news.items():
            self._news.setdefault(name, []).append(item)
            # Drawn from the receiver's own stream, so that one receiver more shifts nobody else's delays.
            delay = network.travel(name, producer.name, size) + network.added(producer.name, name)
            self._engine.after(delay, self._deliver, (self._engine.hosts[name], producer))

    def _deliver(self, event: simpy.Event) -> None:
        """Hand a host its news, all that is due and in order; later if it is cut off, or its endpoint silent."""
        host, producer = event._value
        if not self._news.get(host.name):
            return
        if host.conditions.fails("subscribe"):  # the subscription is gone, and nobody sends what it missed
            for item in self._news[host.name]:
                item.logs.clear()
        if host.conditions.unserved("subscribe") or not self._engine.network.reaches(producer.name, host.name):
            self._engine.after(self.block_time_s, self._deliver, (host, producer))
            return
        for item in self._news.pop(host.name):
            for log in item.logs:
                self._engine.deliver(host, Envelope("chain", log))
            for task, receipt in item.receipts:
                self._engine.resume(task, receipt)

    # -- reorgs --------------------------------------------------------------------------------------------

    def reorg(self, depth: int) -> int:
        """Undo the last blocks, at most those of this run; their transactions are pending again, in order.

        Returns how many blocks it undid. Who has seen a receipt or a log keeps believing it; logs come again
        when their transactions are mined again.
        """
        depth = min(depth, len(self.mined))
        if depth == 0:
            return 0
        first = self.chain.head[0] - depth + 1
        self.chain.reorg(depth)
        undone, self.mined[-depth:] = self.mined[-depth:], [()] * depth
        orphans = [transaction for block in undone for transaction in block]
        for orphan in orphans:
            orphan.task = None
        self._pending = orphans + self._pending
        self._engine.log.append(self._engine.now, ChainReorged(depth, first, len(orphans)))
        self._schedule_slot()
        return depth
