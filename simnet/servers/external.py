"""The transport of a run with servers: an external client is a peer like the others, but for how it got here.

Its way was a real one, so nothing is added to it: what it sends has arrived, and what is sent to it leaves at once.
Among participants everything goes as before.
"""

from __future__ import annotations

from nodes.messages import Envelope, Message
from nodes.records import Record
from simnet.kernel.scheduler import Scheduler
from simnet.kernel.transport import Receive, Transport
from simnet.log.events import EventLog, MessageSent

EXTERNAL = "external"
"""What the names of requests from outside begin with; one a request."""


class ExternalTransport:
    """Carries envelopes over another transport, and to external clients and back."""

    def __init__(self, inner: Transport, scheduler: Scheduler, log: EventLog) -> None:
        self._inner = inner
        self._scheduler = scheduler
        self._append = log.append
        self._listening: dict[str, Receive] = {}
        self._callers: dict[str, Receive] = {}
        self._count = 0

    def listen(self, name: str, receive: Receive) -> None:
        """Have `receive` called with what is sent to `name`."""
        self._listening[name] = receive
        self._inner.listen(name, receive)

    def send(self, sender: str, receiver: str, message: Message, request: int = 0, reply_to: int = 0) -> None:
        """Carry a message. What is meant for a caller that has left is lost."""
        if receiver.partition("-")[0] != EXTERNAL:
            self._inner.send(sender, receiver, message, request, reply_to)
            return
        receive = self._callers.get(receiver)
        self._note(sender, receiver, message, "" if receive else "hung up")
        if receive is not None:
            receive(Envelope(sender, message, request, reply_to))

    def connect(self, receive: Receive) -> str:
        """Give a caller a name; `receive` is called with what is sent to it, in the event loop's thread."""
        self._count += 1
        name = f"{EXTERNAL}-{self._count}"
        self._callers[name] = receive
        return name

    def deliver(self, caller: str, receiver: str, message: Message, request: int = 0) -> None:
        """Hand over what a caller says. To be called in the event loop's thread."""
        self._note(caller, receiver, message, "")
        self._listening[receiver](Envelope(caller, message, request))

    def disconnect(self, caller: str) -> None:
        """Forget a caller."""
        self._callers.pop(caller, None)

    def append(self, record: Record) -> None:
        """Append to the log what a server saw. To be called in the event loop's thread."""
        self._append(self._scheduler.now, record)

    def _note(self, sender: str, receiver: str, message: Message, lost: str) -> None:
        record = MessageSent(sender, receiver, type(message).__name__, message.size_bytes, 0.0, lost)
        self._append(self._scheduler.now, record)
