"""Where in the log the picture stands, and how it moves on.

A player follows the newest row of a growing log, or stands still, or plays from anywhere at a speed. It only
looks: what makes a live run itself pause is `dashboards.live_run`.
"""

from __future__ import annotations

import math
import re
from array import array
from bisect import bisect_left

from chain.errors import SimnetError
from chain.units import parse_duration
from dashboards.text import clock
from dashboards.timeline import Timeline
from simnet.log.index import after, before
from simnet.measure.catalogue import new_state
from simnet.measure.state import State

SPEEDS = (1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
"""Simulated seconds in a real one."""

DEFAULT_SPEED = 60.0

EXPECTED = "expected such as 12:30, 750, 12.5 min, 50 % or #12345 (an event's number)"


class NoSuchPlace(SimnetError):
    """What somebody typed is no place in the log."""

    exit_code = 2


class Player:
    """A position in a log: how many of its rows are applied."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.speed = DEFAULT_SPEED
        self.playing = False
        self.following = True
        """Whether it stays at the end, however that moves."""
        self.bookmarks = array("L")
        """Rows that somebody wants to come back to, in order."""
        self._position = 0
        self._clock = 0.0
        self._state = new_state()

    @property
    def position(self) -> int:
        """Rows applied."""
        return len(self.timeline) if self.following else self._position

    @property
    def state(self) -> State:
        """The run as it stands here. Not to be changed."""
        return self.timeline.head if self.following else self._state

    def tick(self, seconds: float) -> None:
        """Let so much real time pass."""
        if self.playing and not self.following:
            clock = self._clock + seconds * self.speed
            self.go(self.timeline.index.at_time(clock))
            self._clock = clock
            self.playing = not self.following

    def go(self, number: int) -> None:
        """Stand after the first `number` rows; at the end, follow it."""
        number = max(0, number)
        self.following = number >= len(self.timeline)
        if not self.following:
            self._state = self.timeline.state_at(number, self._state)
            self._position = number
            self._clock = self._state.time

    def toggle(self) -> None:
        """Play or stand. From the end of a run that is over, play it from the start."""
        if self.following:
            if self.state.ended:
                self.go(0)
                self.playing = True
            else:
                self.go(self.position - 1)
        else:
            self.playing = not self.playing

    def change_speed(self, steps: int) -> None:
        """Play faster or slower."""
        self.speed = next_speed(self.speed, steps, SPEEDS)

    def step(self, rows: int) -> None:
        """Go so many rows forward or back."""
        self.playing = False
        self.go(self.position + rows)

    def step_block(self, direction: int) -> bool:
        """Go to the end of the next block or the one before; False if there is none."""
        index = self.timeline.index
        if direction > 0:
            found = after(index.blocks, self.position)
        else:
            start = index.at_time(self.state.time - 1e-9) if self.position else 0
            found = before(index.blocks, start + 1)
        if found is None:
            return False
        self.playing = False
        self.go(index.at_time(index.times[found]))
        return True

    def seek(self, rows: array[int], direction: int) -> bool:
        """Go to the next or previous of these rows; False if there is none."""
        found = after(rows, self.position) if direction > 0 else before(rows, self.position)
        if found is None:
            return False
        self.playing = False
        self.go(found + 1)
        return True

    def mark(self) -> bool:
        """Set a bookmark at the row that was applied last, or take away the one there. Returns whether there is one."""
        row = max(self.position - 1, 0)
        place = bisect_left(self.bookmarks, row)
        if self.bookmarks[place : place + 1] == array("L", [row]):
            self.bookmarks.pop(place)
            return False
        self.bookmarks.insert(place, row)
        return True

    def go_to(self, place: str) -> None:
        """Go where somebody wants to: a time, a share of the run, an event's number. Raises `NoSuchPlace`."""
        number = self.find(place.strip())
        self.playing = False
        self.go(number)

    def find(self, place: str) -> int:
        """How many rows there are up to a place. Raises `NoSuchPlace`."""
        if match := re.fullmatch(r"#\s*(\d{1,15})", place):
            if int(match[1]) >= len(self.timeline):
                raise NoSuchPlace(f"the log has no event {place}: the last is #{len(self.timeline) - 1}", EXPECTED)
            return int(match[1]) + 1
        time_s = self._time_of(place)
        if time_s > math.ceil(end_s := self.timeline.head.time):
            raise NoSuchPlace(f"{place} is after the end of the log, {clock(end_s)}", EXPECTED)
        return self.timeline.index.at_time(time_s)

    def _time_of(self, place: str) -> float:
        """What somebody means by a time or by a share of the run, in seconds. Raises `NoSuchPlace`."""
        if match := re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", place):
            return float(match[1]) / 100 * self.timeline.head.time
        if re.fullmatch(r"\d{1,9}(:[0-5]?\d){1,2}", place):
            seconds = 0
            for part in place.split(":"):
                seconds = 60 * seconds + int(part)
            return seconds
        if re.fullmatch(r"\d+(\.\d+)?", place):
            return float(place)
        try:
            return parse_duration(place)
        except SimnetError:
            raise NoSuchPlace(f"'{place}' is no place in the log", EXPECTED) from None


def next_speed(speed: float, steps: int, ladder: tuple[float, ...]) -> float:
    """The speed so many rungs up or down."""
    nearest = min(range(len(ladder)), key=lambda i: abs(ladder[i] - speed))
    return ladder[max(0, min(nearest + steps, len(ladder) - 1))]
