"""Pace: how simulated time relates to real time while the engine runs, and who may hold it up.

At virtual pace the clock jumps from event to event; at wall pace, or so many times wall, it waits. Nothing
else differs: the log's digest is the same at every pace, however often somebody paused.
"""

from __future__ import annotations

import gc
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from nodes.records import Record
from simnet.kernel.inbox import Act, Inbox, Order
from simnet.kernel.scheduler import Scheduler

OBJECTS_BETWEEN_COLLECTIONS = 100_000
"""How many objects a run makes, more than it lets go of, before Python looks for those that only refer to one another.
Almost all of them are tasks and messages that are in use for simulated seconds: looking more often finds nothing."""

CHECK_EVERY = 256
"""Events between two looks at progress, and at orders and what came in while there is no time to wait."""


LOOK_EVERY_S = 0.2
"""Real seconds between two looks at whether to stop, while there is time to wait."""


class Stop:
    """A request to end the run at the next event, as Ctrl-C makes it."""

    requested = False

    def request(self) -> None:
        """Ask for it."""
        self.requested = True


@dataclass
class Pace:
    """`speed` simulated seconds pass in a real one; 0 for as fast as it goes."""

    speed: float = 0.0
    idle: Callable[[], None] = field(default=lambda: None, repr=False)
    """Called before it waits: time to write out what is buffered, for whoever watches."""
    stop: Stop = field(default_factory=Stop)
    """Ends every wait."""
    _origin: tuple[float, float] | None = field(default=None, repr=False)

    @property
    def is_free(self) -> bool:
        """Whether nothing ever holds it up, so that looking now and then whether to stop is enough."""
        return not self.speed

    def wait_for(self, simulated_s: float, inbox: Inbox) -> Act | None:
        """Return when it is time for an event at `simulated_s`, or to stop; or before that with what came in."""
        while not self.stop.requested:
            ahead = max(self.ahead(simulated_s), 0.0)
            if ahead:
                self.idle()
            item = inbox.take(min(ahead, LOOK_EVERY_S))
            if item is not None and not isinstance(item, Order):  # nobody steers this pace
                return item
            if not ahead:
                break
        return None

    def follow(self, begun_at: float) -> None:
        """Have simulated time be the real one, counted from when the monotonic clock showed that: the run catches up.

        For runs that others take part in, whose clocks show the real time.
        """
        self._origin = (begun_at, 0.0)

    def moment(self) -> float:
        """Simulated seconds that it is now, by the real clock; 0 if there is nothing to tell it by."""
        if not self.speed or self._origin is None:
            return 0.0
        started, first = self._origin
        return first + self.speed * (time.monotonic() - started)

    def ahead(self, simulated_s: float) -> float:
        """Real seconds until it is time for an event at `simulated_s`; 0 or less if it is."""
        if not self.speed:
            return 0.0 if simulated_s < math.inf else math.inf
        if self._origin is None:
            self._origin = (time.monotonic(), simulated_s)
        started, first = self._origin
        return (simulated_s - first) / self.speed - (time.monotonic() - started)


@dataclass
class Control(Pace):
    """A pace that somebody steers while the run goes on.

    Orders come through the inbox, with everything else that comes from outside. Only an injection changes what
    happens; everything else changes when.
    """

    inject: Callable[[str], None] = field(default=lambda _: None, repr=False)
    paused: bool = False
    _until: str | None = field(default=None, repr=False)
    _events: int = field(default=0, repr=False)
    _kept: deque[Act] = field(default_factory=deque, repr=False)
    """What came in during a pause."""

    @property
    def is_free(self) -> bool:
        """Somebody may hold it up at any time."""
        return False

    def wait_for(self, simulated_s: float, inbox: Inbox) -> Act | None:
        """Return when it is time for the event and nobody holds the run up, or with what came in; obey orders."""
        self._events += 1
        while not self.stop.requested:
            ahead = None if self.paused else 0.0 if self._until is not None else max(self.ahead(simulated_s), 0.0)
            if ahead is not None and self._kept:
                return self._kept.popleft()
            if ahead != 0.0:
                self.idle()
            elif self._events % CHECK_EVERY:
                return None
            item = inbox.take(None if ahead is None or ahead == math.inf else ahead)
            if isinstance(item, Order):
                self.obey(item)
            elif self.paused and item is not None:
                self._kept.append(item)
            else:
                return item
        return None

    def obey(self, order: Order) -> None:
        """Carry out one order."""
        self._origin = None
        match order.verb:
            case "pause":
                self.paused, self._until = True, None
            case "go":
                self.paused, self._until = False, None
            case "step":
                self.paused, self._until = False, order.text
            case "speed":
                self.speed = order.speed
            case "inject":
                self.inject(order.text)
            case "stop":
                self.stop.request()

    def observe(self, _: float, record: Record) -> None:
        """Listen to the log: a step ends with the record that it was to run on to."""
        if self._until is not None and self._until in ("", record.kind):
            self.paused, self._until = True, None


def drive(scheduler: Scheduler, until_s: float, pace: Pace, progress: Callable[[float], None]) -> bool:
    """Have everything happen up to `until_s`, jobs in progress and what comes in included.

    Returns False if it was stopped before.
    """
    usual = gc.get_threshold()
    if usual[0] >= OBJECTS_BETWEEN_COLLECTIONS:  # a process of many runs has seen to it for all of them
        return _drive(scheduler, until_s, pace, progress)
    gc.freeze()  # what the world is made of stays: looking through it again and again would find nothing to free
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, *usual[1:])
    try:
        return _drive(scheduler, until_s, pace, progress)
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


def _drive(scheduler: Scheduler, until_s: float, pace: Pace, progress: Callable[[float], None]) -> bool:
    steps, is_free = 0, pace.is_free
    while (due := scheduler.peek()) <= until_s or scheduler.jobs or scheduler.inbox:
        if not is_free or due > until_s or steps % CHECK_EVERY == 0:
            # At virtual pace nothing but a job's end can lead on from here: the clock stands still until it comes.
            wait_until = due if due <= until_s else until_s if pace.speed else math.inf
            came_in = pace.wait_for(wait_until, scheduler.inbox)
            if pace.stop.requested:
                return False
            if came_in is not None:
                scheduler.advance(min(pace.moment(), until_s))
                came_in()
                continue
            if due > until_s:
                break
        scheduler.step()
        steps += 1
        if steps % CHECK_EVERY == 0:
            progress(scheduler.now)
    return True
