"""The engine: carries out what participants yield, on simpy's clock.

A task runs until it yields an effect that takes time; whatever ends the wait resumes it. Nothing here knows
what a strategy is or who cheats: behaviours sit between a participant and the engine, and have done their
work before an effect gets here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import simpy

from chain.errors import CallReverted
from chain.formats.signing import voucher_digest
from nodes.effects import (
    Attest,
    Beat,
    Check,
    Execute,
    Mine,
    Note,
    Now,
    Pay,
    Pending,
    Prove,
    Quote,
    Read,
    Receive,
    Reply,
    Request,
    Seal,
    Send,
    Sign,
    Sleep,
    Spawn,
    Steps,
    Submit,
    Subscribe,
    Verify,
)
from nodes.messages import Envelope, Message, Voucher
from nodes.proofs.prover import CircuitExecution, Verified
from nodes.records import CircuitAnswered
from simnet.kernel import provers
from simnet.kernel.compute import ComputeTime
from simnet.kernel.conditions import RPC_RETRY_S
from simnet.kernel.host import Host, Task
from simnet.kernel.layers import Lift
from simnet.kernel.mempool import Ledger
from simnet.kernel.network import Hold, Network, Way
from simnet.log.events import EventLog, Executed, MessageSent

if TYPE_CHECKING:
    from nodes.enclave.enclave import Attestation
    from nodes.enclave.signing import SignedResponse

WAITS: Any = object()
"""What a handler returns when the effect's answer comes later."""

HELD_RETRY_S = 0.05
"""How soon a held message is on its way again after its release."""


class Engine:
    """Hosts, clock, network and chain, and the handlers that connect them."""

    def __init__(self, network: Network, log: EventLog, ledger: Ledger, compute: ComputeTime) -> None:
        self.environment = simpy.Environment()
        self.network = network
        self.log = log
        self.ledger = ledger
        self.compute = compute
        self.hosts: dict[str, Host] = {}
        self._open_requests: dict[int, Task] = {}
        self._requests = 0
        self._handlers: dict[type, Callable[[Task, Any], Any]] = {
            Execute: self._execute,
            Check: self._check,
            Send: self._send,
            Request: self._request,
            Reply: self._reply,
            Receive: self._receive,
            Subscribe: self._subscribe,
            Submit: self._submit,
            Read: self._read,
            Pending: self._pending,
            Mine: self._mine,
            Sign: self._sign,
            Attest: self._attest,
            Seal: self._seal,
            Beat: self._beat,
            Prove: self._prove,
            Verify: self._verify,
            Pay: self._pay,
            Sleep: self._sleep,
            Now: self._now,
            Quote: self._quote,
            Spawn: self._spawn,
            Note: self._note,
        }
        ledger.bind(self)

    @property
    def now(self) -> float:
        """Simulated seconds since the run began."""
        return float(self.environment.now)

    # -- tasks ---------------------------------------------------------------------------------------------

    def add(self, host: Host) -> None:
        """Take a host in and start its participant when the clock starts."""
        self.hosts[host.name] = host
        self.after(0.0, lambda _: self.start(host, host.begin().run()))

    def start(self, host: Host, steps: Steps) -> None:
        """Begin a task on a host."""
        task = Task(self, host, host.wrap(steps))
        host.tasks[task] = None
        self.resume(task, None)

    def resume(self, task: Task, answer: Any) -> None:
        """Drive a task until it has to wait, or ends."""
        stack = task.stack
        while task.alive:
            try:
                effect = stack[-1].send(answer)
            except StopIteration as stop:
                stack.pop()
                if stack:
                    answer = stop.value
                    continue
                task.alive = False
                task.host.tasks.pop(task, None)
                return
            answer = self._handlers[type(effect)](task, effect)
            if answer is WAITS:
                return

    def after(self, seconds: float, callback: Callable[[simpy.Event], None], value: Any = None) -> None:
        """Call `callback` with a simpy event of that value, `seconds` from now."""
        event = simpy.Timeout(self.environment, seconds, value)
        event.callbacks.append(callback)

    def crash(self, host: Host) -> None:
        """Stop a participant: its tasks end, its mailbox and subscriptions are lost."""
        host.up = False
        tasks, host.tasks = list(host.tasks), {}
        for task in tasks:
            task.end()
        host.mailbox.clear()
        host.receiver = None
        self.ledger.forget(host)

    def restart(self, host: Host) -> None:
        """Start a crashed participant anew."""
        if not host.up:
            host.up = True
            host.device_free_at = self.now
            self.start(host, host.begin().run())

    # -- messages ------------------------------------------------------------------------------------------

    def _send(self, task: Task, effect: Send) -> None:
        self._dispatch(task.host.name, effect.peer, effect.message, 0, 0)

    def _request(self, task: Task, effect: Request) -> Any:
        self._requests += 1
        number = self._requests
        self._open_requests[number] = task
        self.after(effect.timeout_s, self._expire, number)
        self._dispatch(task.host.name, effect.peer, effect.message, number, 0)
        return WAITS

    def _reply(self, task: Task, effect: Reply) -> None:
        self._dispatch(task.host.name, effect.to.sender, effect.message, 0, effect.to.request)

    def _dispatch(self, sender: str, receiver: str, message: Message, request: int, reply_to: int) -> None:
        """Put a message on the wire. `reply_to` is the number of the request that it answers, or 0."""
        network = self.network
        size = message.size_bytes
        lost = network.obstacle(sender, receiver)
        delay = 0.0 if lost else network.delay(sender, receiver, size)
        record = MessageSent(sender, receiver, type(message).__name__, size, round(delay, 6), lost)
        self.log.append(self.environment.now, record)
        if lost:
            return
        self._carry(sender, receiver, Envelope(sender, message, request), reply_to, delay)

    def _carry(self, sender: str, receiver: str, envelope: Envelope, reply_to: int, delay: float) -> None:
        """Have an envelope arrive after `delay`; whoever holds it back has it arrive later."""
        hold = self.network.hold_on(sender, receiver) if self.network.holds else None
        if hold is not None:
            hold.kept.append((sender, receiver, envelope, reply_to))
        else:
            self.after(delay, self._arrive, (self.hosts[receiver], envelope, reply_to))

    def hold(self, way: Way) -> Lift:
        """Keep messages that go this way back. What is returned sends them on; another hold may take them over."""
        hold = Hold(way)
        lift = self.network.holds.lay(hold)

        def release() -> None:
            lift()
            kept, hold.kept = hold.kept, []
            for sender, receiver, envelope, reply_to in kept:
                self._carry(sender, receiver, envelope, reply_to, HELD_RETRY_S)

        return release

    def _arrive(self, event: simpy.Event) -> None:
        host, envelope, reply_to = event._value
        if not host.up:
            return
        if reply_to:
            task = self._open_requests.pop(reply_to, None)
            if task is not None:
                self.resume(task, envelope.message)
        else:
            self.deliver(host, envelope)

    def _expire(self, event: simpy.Event) -> None:
        task = self._open_requests.pop(event._value, None)
        if task is not None:
            self.resume(task, None)

    def deliver(self, host: Host, envelope: Envelope) -> None:
        """Hand an envelope to whoever waits for it, or keep it in the mailbox."""
        if host.receiver is None:
            host.mailbox.append(envelope)
        else:
            task, host.receiver = host.receiver, None
            self.resume(task, envelope)

    def _receive(self, task: Task, _: Receive) -> Any:
        host = task.host
        if host.mailbox:
            return host.mailbox.popleft()
        host.receiver = task
        return WAITS

    # -- work ----------------------------------------------------------------------------------------------

    def _execute(self, task: Task, effect: Execute) -> Any:
        host = task.host
        if host.executor is None or host.device is None:
            raise TypeError(f"{host.name} has no device to execute models on")
        execution = host.executor.run(effect.model, effect.variant, effect.value)
        busy = self.compute.seconds(effect.model, effect.variant, execution, host.device)
        busy *= host.conditions.slowdown
        begins = max(self.now, host.device_free_at)
        host.device_free_at = begins + busy
        record = Executed(
            host.name,
            effect.task,
            effect.model,
            effect.variant,
            effect.purpose.value,
            execution.macs,
            round(busy, 9),
            round(begins - self.now, 9),
        )
        self.log.append(self.environment.now, record)
        if isinstance(execution, CircuitExecution):
            answered = CircuitAnswered(host.name, effect.task, execution.deviation, execution.agrees)
            self.log.append(self.environment.now, answered)
        if host.sandbox is not None:
            host.sandbox.compute(effect, execution.output)
        self.after(host.device_free_at - self.now, task.wake, execution)
        return WAITS

    def _check(self, task: Task, effect: Check) -> None:
        task.stack.append(task.host.wrap(effect.procedure()))

    def _attest(self, task: Task, _: Attest) -> Attestation | None:
        sandbox = task.host.sandbox
        return sandbox.enclave.attestation(self.ledger.genesis + self.now) if sandbox else None

    def _seal(self, task: Task, effect: Seal) -> SignedResponse | None:
        return task.host.sandbox.seal(effect) if task.host.sandbox else None

    def _beat(self, task: Task, effect: Beat) -> tuple[int, bytes] | None:
        return task.host.sandbox.enclave.heartbeat(effect.timestamp) if task.host.sandbox else None

    def _prove(self, task: Task, effect: Prove) -> Any:
        host = task.host
        record, wait = provers.prove(host, effect, self.now)
        self.log.append(self.environment.now, record)
        self.after(record.waits_s + record.takes_s, lambda _: self.resume(task, wait()))
        return WAITS

    def _verify(self, task: Task, effect: Verify) -> Verified:
        return provers.verify(task.host, effect)

    def _sign(self, task: Task, effect: Sign) -> bytes:
        return task.host.key.sign(effect.digest)

    def _pay(self, task: Task, effect: Pay) -> Voucher:
        host = task.host
        node = self.hosts[effect.node].identity
        digest = voucher_digest(self.ledger.domain, host.identity.address, node.address, effect.cumulative)
        return Voucher(host.name, effect.cumulative, host.key.sign(digest))

    def _note(self, _: Task, effect: Note) -> None:
        self.log.append(self.environment.now, effect.record)

    # -- time ----------------------------------------------------------------------------------------------

    def _sleep(self, task: Task, effect: Sleep) -> Any:
        self.after(effect.seconds, task.wake)
        return WAITS

    def _now(self, task: Task, _: Now) -> float:
        return task.host.conditions.clock(self.now)

    def _quote(self, _: Task, __: Quote) -> float:
        return self.ledger.conditions.opg_price

    def _spawn(self, task: Task, effect: Spawn) -> None:
        self.start(task.host, effect.steps)

    # -- chain ---------------------------------------------------------------------------------------------

    def _subscribe(self, task: Task, effect: Subscribe) -> None:
        self.ledger.subscribe(task.host, effect.events)

    def _submit(self, task: Task, effect: Submit) -> Any:
        self.ledger.submit(task, effect)
        return WAITS

    def _read(self, task: Task, effect: Read) -> Any:
        if task.host.conditions.unserved("read"):
            self.after(RPC_RETRY_S, lambda _: self._read_again(task, effect))
            return WAITS
        try:
            return self.ledger.chain.read(effect.contract, effect.function, *effect.args)
        except CallReverted:
            return None

    def _read_again(self, task: Task, effect: Read) -> None:
        """Ask an endpoint that did not answer once more."""
        if task.alive and (answer := self._read(task, effect)) is not WAITS:
            self.resume(task, answer)

    def _pending(self, task: Task, _: Pending) -> Any:
        self.ledger.wait_for_slot(task)
        return WAITS

    def _mine(self, task: Task, effect: Mine) -> Any:
        return self.ledger.mine(task.host, effect.calls)
