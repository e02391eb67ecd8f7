"""Pace: how simulated time relates to real time while the engine runs.

At virtual pace the clock jumps from event to event; at wall pace, or so many times wall, it waits. Nothing
else differs: the log's digest is the same at every pace.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import simpy

CHECK_EVERY = 256
"""Events between two looks at progress."""


@dataclass
class Pace:
    """`speed` simulated seconds pass in a real one; 0 for as fast as it goes."""

    speed: float = 0.0
    _origin: tuple[float, float] | None = field(default=None, repr=False)

    def wait_for(self, simulated_s: float) -> None:
        """Return when it is time for an event at `simulated_s`."""
        if not self.speed:
            return
        if self._origin is None:
            self._origin = (time.monotonic(), simulated_s)
        started, first = self._origin
        ahead = (simulated_s - first) / self.speed - (time.monotonic() - started)
        if ahead > 0:
            time.sleep(ahead)


class Stop:
    """A request to end the run at the next event, as Ctrl-C makes it."""

    requested = False

    def request(self) -> None:
        """Ask for it."""
        self.requested = True


def drive(
    environment: simpy.Environment, until_s: float, pace: Pace, stop: Stop, progress: Callable[[float], None]
) -> bool:
    """Process events up to `until_s`. Returns False if it was stopped before."""
    steps = 0
    while (due := environment.peek()) <= until_s:
        if stop.requested:
            return False
        pace.wait_for(due)
        environment.step()
        steps += 1
        if steps % CHECK_EVERY == 0:
            progress(float(environment.now))
    return True
