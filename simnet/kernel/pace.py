"""Pace: how simulated time relates to real time while the engine runs, and who may hold it up.

At virtual pace the clock jumps from event to event; at wall pace, or so many times wall, it waits. Nothing
else differs: the log's digest is the same at every pace, however often somebody paused.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import simpy

from nodes.records import Record

CHECK_EVERY = 256
"""Events between two looks at progress, and at orders while there is no time to wait."""


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

    def wait_for(self, simulated_s: float) -> None:
        """Return when it is time for an event at `simulated_s`, or to stop."""
        while self.speed and not self.stop.requested and (ahead := self.ahead(simulated_s)) > 0:
            self.idle()
            time.sleep(min(ahead, LOOK_EVERY_S))

    def ahead(self, simulated_s: float) -> float:
        """Real seconds until it is time for an event at `simulated_s`; 0 or less if it is."""
        if not self.speed:
            return 0.0
        if self._origin is None:
            self._origin = (time.monotonic(), simulated_s)
        started, first = self._origin
        return (simulated_s - first) / self.speed - (time.monotonic() - started)


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody who steers a run wants."""

    verb: str
    """``pause``, ``go``, ``step``, ``speed``, ``inject`` or ``stop``."""
    text: str = ""
    """Of a step: the kind of record to run on to, any if empty. Of an injection: what to inject."""
    speed: float = 0.0


@dataclass
class Control(Pace):
    """A pace that somebody steers while the run goes on.

    Orders are looked for between events, so the engine needs no thread and no lock. Only an injection changes
    what happens; everything else changes when.
    """

    inbox: Callable[[float | None], Order | None] = field(default=lambda _: None, repr=False)
    """Hands over the next order. Waits so many seconds for one at the most, for ever if ``None``."""
    inject: Callable[[str], None] = field(default=lambda _: None, repr=False)
    paused: bool = False
    _until: str | None = field(default=None, repr=False)
    _events: int = field(default=0, repr=False)

    def wait_for(self, simulated_s: float) -> None:
        """Return when it is time for the event and nobody holds the run up; obey orders meanwhile."""
        self._events += 1
        while not self.stop.requested:
            stepping = self._until is not None
            ahead = None if self.paused else 0.0 if stepping else self.ahead(simulated_s)
            if ahead is None or ahead > 0:
                self.idle()
            elif self._events % CHECK_EVERY:
                return
            order = self.inbox(ahead if ahead is None else max(ahead, 0.0))
            if order is None:
                return
            self.obey(order)

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


def drive(environment: simpy.Environment, until_s: float, pace: Pace, progress: Callable[[float], None]) -> bool:
    """Process events up to `until_s`. Returns False if it was stopped before."""
    steps = 0
    while (due := environment.peek()) <= until_s:
        pace.wait_for(due)
        if pace.stop.requested:
            return False
        environment.step()
        steps += 1
        if steps % CHECK_EVERY == 0:
            progress(float(environment.now))
    return True
