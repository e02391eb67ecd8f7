"""Base of behaviours that follow the chain, or read incoming messages, in front of an honest node."""

from __future__ import annotations

from typing import ClassVar

from pydantic import PrivateAttr

from chain.seam import Log
from nodes.adversaries.behaviour import Behaviour, on
from nodes.effects import Receive, Steps, Subscribe
from nodes.messages import Envelope


class ChainObserver(Behaviour):
    """Gets the chain events that it names; the node gets those alone that it subscribed to itself."""

    watches: ClassVar[tuple[str, ...]] = ()
    """Chain events that `on_event` is called with."""

    _asked: dict[str, None] = PrivateAttr(default_factory=dict)

    def begin(self) -> None:
        """The node has not subscribed to anything yet."""
        self._asked = {}

    @on(Subscribe, gated=False)
    def subscribe_too(self, effect: Subscribe) -> Steps:
        """Add our own events to the node's."""
        self._asked.update(dict.fromkeys(effect.events))
        return (yield Subscribe(tuple(dict.fromkeys((*effect.events, *self.watches)))))

    @on(Receive, gated=False)
    def filter_inbox(self, effect: Receive) -> Steps:
        """Filter everything that arrives, and hand on what is the node's."""
        while True:
            envelope = yield effect
            if not isinstance(envelope.message, Log):
                if not (yield from self.intercept(envelope)):
                    return envelope
                continue
            if envelope.message.event in self.watches:
                yield from self.on_event(envelope.message)
            if envelope.message.event in self._asked:
                return envelope

    def on_event(self, log: Log) -> Steps:
        """Something happened on chain. It runs before the node goes on: what takes time must be spawned."""
        yield from ()

    def intercept(self, envelope: Envelope) -> Steps:
        """A message arrived; answers whether the node must not see it. What takes time must be spawned."""
        yield from ()
        return False

    def is_me(self, log: Log, key: str = "node") -> bool:
        """Whether a log's argument is this participant's address."""
        return bool(log.args.get(key) == self._situation.me.address)
