"""A participant's endpoint to the chain: transactions out, receipts and logs in, and reads at the head.

A transaction travels over the network to the producers; what a block holds travels back. Somebody cut off sends and
receives when the partition is over, in order, and so does somebody whose endpoint does not answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from chain.errors import CallReverted
from chain.quantities import Gas
from chain.seam import Block, Log, Receipt, Revert
from nodes.effects import Arrange, ChainTime, Mine, Pending, Read, ReadBack, ReadPrice, Simulate, Submit, Subscribe
from nodes.messages import ChainReorg, Envelope
from simnet.kernel.conditions import FEE_CAP, RPC_RETRY_S, HostConditions
from simnet.kernel.facility import Facility
from simnet.kernel.mail import Mail
from simnet.kernel.mempool import BlockUpdate, Mempool, Transaction
from simnet.kernel.network import Network
from simnet.kernel.scheduler import WAITS, Handler, Scheduler, Task

CALL_BYTES = 512
"""Assumed size of a transaction on the wire, and of a block per transaction (assumption)."""


class Endpoint(Facility):
    """Connects one participant to the mempool; logs that it subscribes to arrive in its mail."""

    def __init__(
        self,
        name: str,
        scheduler: Scheduler,
        network: Network,
        mempool: Mempool,
        mail: Mail,
        conditions: HostConditions,
    ) -> None:
        self.name = name
        self._scheduler = scheduler
        self._network = network
        self._mempool = mempool
        self._mail = mail
        self._conditions = conditions
        self._outbox: list[Transaction] = []
        """What has not left yet."""
        self._updates: list[BlockUpdate] = []
        """What has not arrived yet."""
        self._subscriptions: dict[str, None] = {}
        self._ahead_s: float | None = None
        """Chain time over simulated seconds, as the blocks heard have it; ``None`` before the first."""

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """Everything that has to do with the chain, and the market beside it."""
        return {
            Subscribe: self._subscribe,
            Arrange: self._arrange,
            Submit: self._submit,
            Read: self._read,
            Simulate: self._simulate,
            ReadBack: self._read_back,
            ChainTime: self._chain_time,
            ReadPrice: self._read_price,
            Pending: self._pending,
            Mine: self._mine,
        }

    def crash(self) -> None:
        """Drop subscriptions, what is not sent or heard yet, and the slot of a producer."""
        for event in self._subscriptions:
            self._mempool.unsubscribe(self, event)
        self._subscriptions.clear()
        self._mempool.forget(self.name)
        self._updates.clear()
        self._outbox.clear()
        self._ahead_s = None

    # -- out -----------------------------------------------------------------------------------------------

    def _arrange(self, _: Task, effect: Arrange) -> Any:
        """As they are: only a behaviour lays them out otherwise."""
        return effect.claims

    def _submit(self, task: Task, effect: Submit) -> Any:
        """Send a transaction to the producers; `task` is resumed with its receipt.

        One that the endpoint refuses goes nowhere, and its receipt says so.
        """
        if self._conditions.fails("submit"):
            refused = Receipt(effect.call, Gas(0), (), Revert("RpcFailed", {}))
            self._scheduler.after(RPC_RETRY_S, task.resume, refused)
            return WAITS
        # No block would ever hold more gas, nor what waits behind it. A copy: the same call may be sent again.
        gas_limit = min(effect.call.gas_limit, self._mempool.chain.block_gas_limit)
        call = replace(effect.call, gas_limit=gas_limit)
        max_fee = FEE_CAP * self._mempool.conditions.gas_price
        self._outbox.append(Transaction(call, effect.subject, self._scheduler.now, self, task, max_fee))
        self._send_out(None)
        return WAITS

    def _send_out(self, _: None) -> None:
        """Send transactions to a producer, in order; later if all are cut off."""
        network, mempool = self._network, self._mempool
        near = next((name for name in mempool.producers if network.reaches(self.name, name)), None)
        if near is None or self._conditions.unserved("submit"):
            self._scheduler.after(mempool.block_time_s, self._send_out)
            return
        leaving, self._outbox = self._outbox, []
        for transaction in leaving:
            self._scheduler.after(network.delay(self.name, near, CALL_BYTES), mempool.add, transaction)

    def _pending(self, task: Task, _: Pending) -> Any:
        self._mempool.wait_for_slot(self.name, task)
        return WAITS

    def _mine(self, _: Task, effect: Mine) -> Block | None:
        return self._mempool.mine(self, effect.calls)

    # -- in ------------------------------------------------------------------------------------------------

    def _subscribe(self, _: Task, effect: Subscribe) -> None:
        for event in effect.events:
            self._mempool.subscribe(self, event)
            self._subscriptions[event] = None

    def hear(self, update: BlockUpdate) -> None:
        """Take what a block holds for this participant, on its way from the producer."""
        self._updates.append(update)
        size, network = CALL_BYTES * update.transactions, self._network
        # Drawn from the receiver's own stream, so that one receiver more shifts nobody else's delays.
        delay = network.travel(self.name, update.producer, size) + network.added(update.producer, self.name)
        self._scheduler.after(delay, self._deliver, update.producer)

    def _deliver(self, producer: str) -> None:
        """Hand over all that is due, in order; later if the participant is cut off, or its endpoint silent."""
        if not self._updates:
            return
        if self._conditions.unserved("subscribe") or not self._network.reaches(producer, self.name):
            self._scheduler.after(self._mempool.block_time_s, self._deliver, producer)
            return
        due, self._updates = self._updates, []
        for update in due:
            ahead = update.timestamp - self._scheduler.now
            self._ahead_s = ahead if self._ahead_s is None else max(ahead, self._ahead_s)
            if update.undone:
                self._mail.deliver(Envelope("chain", ChainReorg(update.undone)))
            for log in update.logs:
                self._mail.deliver(Envelope("chain", log))
            for task, receipt in update.receipts:
                task.resume(receipt)

    # -- reads ---------------------------------------------------------------------------------------------

    def _read(self, task: Task, effect: Read) -> Any:
        """Read at the head."""

        def read() -> Any:
            try:
                return self._mempool.chain.read(effect.contract, effect.function, *effect.args)
            except CallReverted:
                return None

        return self._served(task, read)

    def _simulate(self, task: Task, effect: Simulate) -> Any:
        """Try a transaction, as a read."""
        call = effect.call

        def simulate() -> Revert | None:
            try:
                self._mempool.chain.read(call.contract, call.function, *call.args)
            except CallReverted as error:
                return error.revert
            return None

        return self._served(task, simulate)

    def _read_back(self, task: Task, effect: ReadBack) -> Any:
        """Read logs back; those of them that are on their way are dropped, since they are read now."""

        def read() -> tuple[Log, ...]:
            for update in self._updates:
                update.logs = [log for log in update.logs if not is_asked_for(log)]
            self._mail.drop(lambda message: isinstance(message, Log) and is_asked_for(message))
            return self._mempool.history.of_open_batches(effect.events)

        def is_asked_for(log: Log) -> bool:
            return log.event in effect.events and "batch" in log.args

        return self._served(task, read)

    def _served(self, task: Task, read: Callable[[], Any]) -> Any:
        """What is read; an endpoint that does not answer is asked again."""
        if not self._conditions.unserved("read"):
            return read()
        self._scheduler.after(RPC_RETRY_S, lambda _: self._served_later(task, read))
        return WAITS

    def _served_later(self, task: Task, read: Callable[[], Any]) -> None:
        if task.alive and (answer := self._served(task, read)) is not WAITS:
            task.resume(answer)

    def _chain_time(self, _: Task, __: ChainTime) -> float:
        """The latest that any block heard says: a block that took long says less, and none is ahead of the chain."""
        now = self._scheduler.now
        if self._ahead_s is not None:
            return now + self._ahead_s
        return self._mempool.genesis + self._conditions.clock(now)

    def _read_price(self, _: Task, __: ReadPrice) -> float:
        return self._mempool.conditions.opg_price
