"""What comes from outside the event loop: other threads put it here, and the loop takes it between two events."""

from __future__ import annotations

import queue
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

Act: TypeAlias = Callable[[], object]
"""What is to happen in the event loop's thread: a message that came in, a job that is done."""


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody who steers a run wants."""

    verb: str
    """``pause``, ``go``, ``step``, ``speed``, ``inject`` or ``stop``."""
    text: str = ""
    """Of a step: the kind of record to run on to, any if empty. Of an injection: what to inject."""
    speed: float = 0.0


class Inbox:
    """A queue that any thread may put into, and that the event loop alone takes from."""

    def __init__(self) -> None:
        self._items: queue.SimpleQueue[Act | Order] = queue.SimpleQueue()

    def __bool__(self) -> bool:
        """Whether something is there."""
        return not self._items.empty()

    def put(self, item: Act | Order) -> None:
        """Have something happen, or an order obeyed, as soon as the event loop gets round to it."""
        self._items.put(item)

    def take(self, timeout_s: float | None) -> Act | Order | None:
        """The oldest item. Waits so many real seconds for one, for ever if ``None``; ``None`` if none came."""
        if timeout_s == 0 and self._items.empty():
            return None
        try:
            return self._items.get(timeout=timeout_s)
        except queue.Empty:
            return None
