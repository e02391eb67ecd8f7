"""How messages get from one participant to another: the seam between the engine and whatever carries them.

`SimulatedTransport` carries them over the simulated network. Every implementation passes the tests of
``tests/simnet/kernel/test_transport.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol, TypeAlias

from nodes.messages import Envelope, Message
from simnet.kernel.network import Network
from simnet.kernel.scheduler import Scheduler
from simnet.log.events import EventLog, MessageSent

HELD_RETRY_S = 0.05
"""How soon a held message is on its way again after its release."""

Receive: TypeAlias = Callable[[Envelope], None]
"""Takes an envelope that has arrived."""


class Transport(Protocol):
    """Carries envelopes."""

    def listen(self, name: str, receive: Receive) -> None:
        """Have `receive` called with what is sent to `name`, in the event loop's thread."""
        ...

    def send(self, sender: str, receiver: str, message: Message, request: int = 0, reply_to: int = 0) -> None:
        """Carry a message in an envelope, or lose it. Returns at once, and hands nothing over before it has returned.

        `request` is its number if a reply is waited for, `reply_to` the number of the request that it answers; 0 if
        not. Raises `KeyError` if nobody called `receiver` listens.
        """
        ...


class SimulatedTransport:
    """Carries envelopes over the simulated network, and writes each into the log."""

    def __init__(self, scheduler: Scheduler, network: Network, log: EventLog) -> None:
        self._scheduler = scheduler
        self._network = network
        self._append = log.append
        self._listening: dict[str, Receive] = {}

    def listen(self, name: str, receive: Receive) -> None:
        """Have `receive` called with what is sent to `name`."""
        self._listening[name] = receive

    def send(self, sender: str, receiver: str, message: Message, request: int = 0, reply_to: int = 0) -> None:
        """Log a message and, unless it is lost, have it arrive after the network's delay."""
        network, receive, size = self._network, self._listening[receiver], message.size_bytes
        lost = network.obstacle(sender, receiver)
        delay = 0.0 if lost else network.delay(sender, receiver, size)
        record = MessageSent(sender, receiver, type(message).__name__, size, round(delay, 6), lost)
        self._append(self._scheduler.now, record)
        if lost:
            return
        envelope = Envelope(sender, message, request, reply_to)
        if network.holds:
            self._carry(receiver, envelope, delay)
        else:
            self._scheduler.after(delay, receive, envelope)

    def _carry(self, receiver: str, envelope: Envelope, delay: float) -> None:
        """Have an envelope arrive after `delay`; whoever holds it back has it arrive later."""
        hold = self._network.hold_on(envelope.sender, receiver)
        if hold is not None:
            hold.kept.append(partial(self._carry, receiver, envelope, HELD_RETRY_S))
        else:
            self._scheduler.after(delay, self._listening[receiver], envelope)
