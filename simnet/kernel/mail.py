"""A participant's mail: messages out, messages and chain logs in, and requests that wait for their replies."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from chain.seam import Log
from nodes.effects import Receive, Reply, Request, Send
from nodes.messages import ChainReorg, Envelope, Message
from simnet.kernel.facility import Facility
from simnet.kernel.scheduler import WAITS, Handler, Scheduler, Task
from simnet.kernel.transport import Transport


class Mail(Facility):
    """Sends over a transport, and keeps what arrives until somebody takes it."""

    def __init__(self, name: str, scheduler: Scheduler, transport: Transport) -> None:
        self.mailbox: deque[Envelope] = deque()
        self._name = name
        self._scheduler = scheduler
        self._send_over = transport.send
        self._is_up = True
        self._receiver: Task | None = None
        """The task that waits for the mailbox, if one does."""
        self._open: dict[int, Task] = {}
        """Requests that have no reply yet, by number."""
        self._requests = 0
        transport.listen(name, self.receive)

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """Everything that participants say to each other."""
        return {Send: self._send, Request: self._request, Reply: self._reply, Receive: self._receive}

    def crash(self) -> None:
        """Nobody reads what is in the mailbox, and what arrives from now on is lost."""
        self._is_up, self._receiver = False, None
        self.mailbox.clear()

    def restart(self) -> None:
        """Take mail again."""
        self._is_up = True

    def receive(self, envelope: Envelope) -> None:
        """Take what the transport brings."""
        if not self._is_up:
            return
        if not envelope.reply_to:
            self.deliver(envelope)
        elif (task := self._open.pop(envelope.reply_to, None)) is not None:
            task.resume(envelope.message)

    def drop(self, unwanted: Callable[[Message | Log | ChainReorg], bool]) -> None:
        """Throw away what is in the mailbox and not wanted any more."""
        kept = [envelope for envelope in self.mailbox if not unwanted(envelope.message)]
        self.mailbox.clear()
        self.mailbox.extend(kept)

    def deliver(self, envelope: Envelope) -> None:
        """Hand an envelope to whoever waits for it, or keep it in the mailbox."""
        task = self._receiver
        if task is None:
            self.mailbox.append(envelope)
        else:
            self._receiver = None
            task.resume(envelope)

    def _send(self, _: Task, effect: Send) -> None:
        self._send_over(self._name, effect.peer, effect.message)

    def _request(self, task: Task, effect: Request) -> Any:
        self._requests += 1
        number = self._requests
        self._open[number] = task
        self._scheduler.after(effect.timeout_s, self._expire, number)
        self._ask((number, effect))
        return WAITS

    def _ask(self, asked: tuple[int, Request]) -> None:
        """Send a request, and send it again later unless its reply has come or its time is over."""
        number, effect = asked
        task = self._open.get(number)
        if task is None or not task.alive:
            return
        self._send_over(self._name, effect.peer, effect.message, number)
        if effect.again_s < effect.timeout_s:
            self._scheduler.after(effect.again_s, self._ask, asked)

    def _expire(self, number: int) -> None:
        task = self._open.pop(number, None)
        if task is not None:
            task.resume(None)

    def _reply(self, _: Task, effect: Reply) -> None:
        self._send_over(self._name, effect.to.sender, effect.message, 0, effect.to.request)

    def _receive(self, task: Task, _: Receive) -> Any:
        if self.mailbox:
            return self.mailbox.popleft()
        self._receiver = task
        return WAITS
