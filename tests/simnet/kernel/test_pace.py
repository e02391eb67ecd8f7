"""Pace: when the engine waits, for how long, and that it stops when told to."""

from __future__ import annotations

import pytest

from simnet.kernel import pace
from simnet.kernel.inbox import Act, Inbox, Order
from simnet.kernel.pace import CHECK_EVERY, LOOK_EVERY_S, OBJECTS_BETWEEN_COLLECTIONS, Pace, drive
from simnet.kernel.scheduler import Scheduler


class Clock(Inbox):
    """A clock that stands still but while somebody waits for the inbox, where things come in at given times."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 100.0
        self.slept: list[float] = []
        self.coming: list[tuple[float, Act]] = []

    def monotonic(self) -> float:
        """Real seconds."""
        return self.now

    def take(self, timeout_s: float | None) -> Act | Order | None:
        """Let time pass, a nanosecond at the least, or as much as it takes until something comes in."""
        assert timeout_s is not None
        if timeout_s > 0:
            self.slept.append(timeout_s)
        until = self.now + max(timeout_s, 1e-9 if timeout_s else 0.0)
        if self.coming and self.coming[0][0] <= until:
            self.now, act = self.coming.pop(0)
            return act
        self.now = until
        return super().take(0)


class Collector:
    """In the place of Python's garbage collector."""

    def __init__(self, threshold: int) -> None:
        self.threshold, self.calls = (threshold, 10, 10), list[str]()

    def get_threshold(self) -> tuple[int, int, int]:
        return self.threshold

    def set_threshold(self, *threshold: int) -> None:
        self.threshold = threshold  # type: ignore[assignment]

    def freeze(self) -> None:
        self.calls.append("freeze")

    def unfreeze(self) -> None:
        self.calls.append("unfreeze")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """In the place of the real one."""
    made = Clock()
    monkeypatch.setattr(pace, "time", made)
    return made


def ticking(clock: Clock, count: int, every_s: float = 1.0) -> Scheduler:
    """So many events, a second apart, the first at once; nothing comes in but through the clock."""
    scheduler = Scheduler()
    scheduler.inbox = clock
    for number in range(count):
        scheduler.after(number * every_s, nothing)
    return scheduler


def nothing(_: object) -> None:
    """Nobody looks."""


@pytest.mark.parametrize(("threshold", "freezes"), [(700, True), (OBJECTS_BETWEEN_COLLECTIONS, False)])
def test_the_world_is_left_out_of_garbage_collections_unless_the_caller_saw_to_that(
    monkeypatch: pytest.MonkeyPatch, threshold: int, freezes: bool
) -> None:
    collector = Collector(threshold)
    monkeypatch.setattr(pace, "gc", collector)
    drive(Scheduler(), 1.0, Pace(), nothing)
    assert collector.calls == (["freeze", "unfreeze"] if freezes else [])
    assert collector.threshold == (threshold, 10, 10)


def test_at_virtual_pace_nothing_waits(clock: Clock) -> None:
    assert drive(ticking(clock, 1000), 1e6, Pace(), nothing)
    assert clock.slept == []


@pytest.mark.parametrize("speed", [0.5, 1.0, 60.0])
def test_at_so_many_times_wall_a_simulated_second_takes_its_share_of_a_real_one(clock: Clock, speed: float) -> None:
    drive(ticking(clock, 7), 100, Pace(speed), nothing)
    assert clock.now - 100 == pytest.approx(6 / speed)
    assert max(clock.slept) <= LOOK_EVERY_S


def test_what_took_too_long_is_made_up_for(clock: Clock) -> None:
    one = Pace(1.0)
    one.wait_for(0.0, clock)
    clock.now += 5.0  # the engine was busy
    one.wait_for(3.0, clock)
    assert clock.slept == []
    one.wait_for(6.0, clock)
    assert sum(clock.slept) == pytest.approx(1.0)


def test_whoever_asks_to_stop_does_not_wait_for_the_next_event(clock: Clock) -> None:
    one = Pace(0.001)
    asked: list[float] = []

    def ask() -> None:
        asked.append(clock.now)
        if len(asked) == 3:
            one.stop.request()

    one.idle = ask
    assert drive(ticking(clock, 2), 100, one, nothing) is False
    assert len(clock.slept) == 3


def test_events_up_to_the_end_are_processed_and_none_after(clock: Clock) -> None:
    scheduler = ticking(clock, 10)
    assert drive(scheduler, 4.0, Pace(), nothing)
    assert (scheduler.now, scheduler.peek()) == (4.0, 5.0)


def test_a_request_to_stop_is_honoured_before_the_next_event(clock: Clock) -> None:
    scheduler, one = ticking(clock, 10), Pace()
    one.stop.request()
    assert drive(scheduler, 100, one, nothing) is False
    assert scheduler.peek() == 0


def test_what_comes_in_does_not_wait_and_finds_the_clock_where_real_time_has_it(
    clock: Clock,
) -> None:
    scheduler, seen = ticking(clock, 3, every_s=10.0), []
    clock.coming = [(102.5, lambda: scheduler.after(1.0, lambda _: seen.append(scheduler.now)))]
    drive(scheduler, 100, Pace(2.0), nothing)
    assert seen == [pytest.approx(6.0)], "2.5 s at twice the speed, and the second that it asked for"


def test_what_comes_in_late_happens_before_what_is_due(clock: Clock) -> None:
    scheduler, seen = ticking(clock, 2), []
    clock.now += 60.0
    clock.put(lambda: seen.append(scheduler.now))
    drive(scheduler, 100, Pace(), nothing)
    assert seen == [0.0]


def test_progress_is_told_now_and_then(clock: Clock) -> None:
    told: list[float] = []
    drive(ticking(clock, 3 * CHECK_EVERY + 1), 1e9, Pace(), told.append)
    assert told == [CHECK_EVERY * number - 1 for number in (1, 2, 3)]


def test_a_run_that_follows_the_real_time_catches_up_with_it_and_then_keeps_to_it(clock: Clock) -> None:
    scheduler, pace, seen = ticking(clock, 6), Pace(1.0), []
    pace.follow(clock.now - 3.5)
    for number in range(6):
        scheduler.after(number, lambda _: seen.append((scheduler.now, round(clock.now - 100.0, 3))))
    drive(scheduler, 100, pace, nothing)
    assert seen == [(0.0, 0.0), (1.0, 0.0), (2.0, 0.0), (3.0, 0.0), (4.0, 0.5), (5.0, 1.5)]


def test_a_run_with_a_server_goes_on_to_its_end_though_nothing_is_due(clock: Clock) -> None:
    scheduler, seen = Scheduler(), []
    scheduler.inbox = clock
    scheduler.after(0.0, nothing)
    scheduler.expect_requests()
    clock.coming = [(150.0, lambda: seen.append(scheduler.now))]
    assert drive(scheduler, 60.0, Pace(1.0), nothing)
    assert seen == [pytest.approx(50.0)]
    assert clock.now == pytest.approx(160.0)
