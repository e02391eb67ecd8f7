"""Pace: when the engine waits, for how long, and that it stops when told to."""

from __future__ import annotations

import pytest
import simpy

from simnet.kernel import pace
from simnet.kernel.pace import CHECK_EVERY, LOOK_EVERY_S, Pace, drive


class Clock:
    """A clock that stands still but for sleeping."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        """Real seconds."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let them pass, a nanosecond at the least."""
        self.slept.append(seconds)
        self.now += max(seconds, 1e-9)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """In the place of the real one."""
    made = Clock()
    monkeypatch.setattr(pace, "time", made)
    return made


def ticking(count: int, every_s: float = 1.0) -> simpy.Environment:
    """So many events, a second apart, the first at once."""
    environment = simpy.Environment()
    for number in range(count):
        simpy.Timeout(environment, number * every_s)
    return environment


def nothing(_: float) -> None:
    """Nobody looks."""


def test_at_virtual_pace_nothing_waits(clock: Clock) -> None:
    assert drive(ticking(1000), 1e6, Pace(), nothing)
    assert clock.slept == []


@pytest.mark.parametrize("speed", [0.5, 1.0, 60.0])
def test_at_so_many_times_wall_a_simulated_second_takes_its_share_of_a_real_one(clock: Clock, speed: float) -> None:
    drive(ticking(7), 100, Pace(speed), nothing)
    assert clock.now - 100 == pytest.approx(6 / speed)
    assert max(clock.slept) <= LOOK_EVERY_S


def test_what_took_too_long_is_made_up_for(clock: Clock) -> None:
    one = Pace(1.0)
    one.wait_for(0.0)
    clock.now += 5.0  # the engine was busy
    one.wait_for(3.0)
    assert clock.slept == []
    one.wait_for(6.0)
    assert sum(clock.slept) == pytest.approx(1.0)


def test_whoever_asks_to_stop_does_not_wait_for_the_next_event(clock: Clock) -> None:
    one = Pace(0.001)
    asked: list[float] = []

    def ask() -> None:
        asked.append(clock.now)
        if len(asked) == 3:
            one.stop.request()

    one.idle = ask
    assert drive(ticking(2), 100, one, nothing) is False
    assert len(clock.slept) == 3


def test_events_up_to_the_end_are_processed_and_none_after(clock: Clock) -> None:
    environment = ticking(10)
    assert drive(environment, 4.0, Pace(), nothing)
    assert (environment.now, environment.peek()) == (4.0, 5.0)


def test_a_request_to_stop_is_honoured_before_the_next_event(clock: Clock) -> None:
    environment, one = ticking(10), Pace()
    one.stop.request()
    assert drive(environment, 100, one, nothing) is False
    assert environment.peek() == 0


def test_progress_is_told_now_and_then(clock: Clock) -> None:
    told: list[float] = []
    drive(ticking(3 * CHECK_EVERY + 1), 1e9, Pace(), told.append)
    assert told == [CHECK_EVERY * number - 1 for number in (1, 2, 3)]
