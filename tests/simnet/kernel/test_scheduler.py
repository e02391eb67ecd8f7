"""The scheduler: the order in which things happen, and jobs whose answers come later."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st

from chain.quantities import TaskId
from nodes.effects import Execute, Purpose, Sleep, Steps
from nodes.models.execution import Execution
from simnet.kernel.pace import Pace, drive
from simnet.kernel.scheduler import Scheduler
from simnet.log.events import Executed
from tests.stage import Stage

DELAYS = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.5, 1.0]), st.sampled_from([None, 0.0, 0.1, 0.4])), max_size=30)
"""Of each thing its delay, and that of one more thing that it asks for, if it does."""


@given(DELAYS)
def test_things_happen_in_the_order_in_which_simpy_has_them_happen(delays: list[tuple[float, float | None]]) -> None:
    scheduler, environment = Scheduler(), simpy.Environment()
    ours: list[tuple[float, str]] = []
    theirs: list[tuple[float, str]] = []

    def happen(what: Any) -> None:
        name, then = what
        ours.append((scheduler.now, name))
        if then is not None:
            scheduler.after(then, happen, (name + "'", None))

    def happen_in_simpy(event: Any) -> None:
        name, then = event.value
        theirs.append((environment.now, name))
        if then is not None:
            simpy.Timeout(environment, then, (name + "'", None)).callbacks.append(happen_in_simpy)

    for number, (delay, then) in enumerate(delays):
        scheduler.after(delay, happen, (str(number), then))
        simpy.Timeout(environment, delay, (str(number), then)).callbacks.append(happen_in_simpy)
    scheduler.run()
    environment.run()
    assert ours == theirs


def test_nothing_can_be_asked_for_in_the_past() -> None:
    scheduler = Scheduler()
    scheduler.after(0.0, lambda _: None)
    with pytest.raises(ValueError, match="in the past"):
        scheduler.after(-1e-9, lambda _: None)


def test_a_run_up_to_a_moment_leaves_what_is_due_then() -> None:
    scheduler = Scheduler()
    seen: list[float] = []
    for at in (1.0, 2.0):
        scheduler.after(at, seen.append, at)
    scheduler.run(until_s=2.0)
    assert (seen, scheduler.now, scheduler.peek()) == ([1.0], 2.0, 2.0)


@given(DELAYS, st.sets(st.integers(0, 29)))
def test_what_is_cancelled_does_not_happen_and_all_else_does_in_the_same_order(
    delays: list[tuple[float, float | None]], cancelled: set[int]
) -> None:
    def run(unwanted: set[int]) -> list[int]:
        seen: list[int] = []
        scheduler = Scheduler()
        numbers = [scheduler.after(delay, seen.append, number) for number, (delay, _) in enumerate(delays)]
        for number in sorted(unwanted & set(range(len(delays)))):
            scheduler.cancel(numbers[number])
        scheduler.run()
        return seen

    assert run(cancelled) == [number for number in run(set()) if number not in cancelled]


def test_what_is_cancelled_is_let_go_of_once_it_is_half_of_what_is_due() -> None:
    scheduler = Scheduler()
    numbers = [scheduler.after(1e9, print) for _ in range(1000)]
    for number in numbers[:990]:
        scheduler.cancel(number)
    assert len(scheduler._due) < 25


# -- jobs --------------------------------------------------------------------------------------------------


def test_the_clock_stands_still_for_a_job_that_is_due() -> None:
    scheduler, seen = Scheduler(), []

    def job() -> str:
        seen.append(f"asked at {scheduler.now}")
        return "result"

    scheduler.when_due(5.0, job, lambda result: seen.append(f"{result} at {scheduler.now}"))
    scheduler.after(4.0, lambda _: seen.append("before"))
    scheduler.after(6.0, lambda _: seen.append("after"))
    scheduler.run()
    assert seen == ["before", "asked at 5.0", "result at 5.0", "after"]


class Blocked:
    """An execution that takes as long as the test wants."""

    def __init__(self) -> None:
        self.may_end = threading.Event()

    def run(self, model: str, variant: str, value: np.ndarray) -> Execution:
        """Wait until it may end."""
        assert self.may_end.wait(60), "the event loop stood still"
        if model == "broken":
            raise ValueError("broken")
        return Execution(value, 7, 0.0)


def play(stage: Stage, model: str = "m") -> list[str]:
    """One participant has a long execution, which ends when another has ticked three times."""
    executor, seen = Blocked(), []
    stage.executor = executor

    def executing() -> Steps:
        execution = yield Execute(model, np.zeros(1, np.float32), Purpose.ANSWER, TaskId("t"))
        seen.append(f"{execution.macs} done")

    def ticking() -> Steps:
        for number in range(5):
            yield Sleep(1.0)
            seen.append(f"tick {number}")
            if number == 2:
                executor.may_end.set()

    with ThreadPoolExecutor(1) as workers:
        stage.host("busy", executing, workers=workers)
        stage.host("idle", ticking)
        drive(stage.scheduler, 10.0, Pace(), lambda _: None)
    return seen


def test_the_clock_goes_on_while_workers_execute_and_the_run_does_not_end_without_them(stage: Stage) -> None:
    seen = play(stage)
    assert sorted(seen) == ["7 done", *(f"tick {number}" for number in range(5))]
    assert seen.index("7 done") > seen.index("tick 2")
    (record,) = stage.of(Executed)
    assert (record.node, record.macs, record.wait_s) == ("busy", 7, 0.0)


def test_a_job_that_fails_ends_the_run_with_its_error(stage: Stage) -> None:
    with pytest.raises(ValueError, match="broken"):
        play(stage, "broken")


def test_a_job_that_is_done_already_is_answered_between_two_events() -> None:
    scheduler = Scheduler()
    seen: list[str] = []
    job: Future[str] = Future()
    job.set_result("result")
    scheduler.when_done(job, seen.append)
    assert seen == []
    assert drive(scheduler, 1.0, Pace(), lambda _: None)
    assert (seen, scheduler.jobs) == (["result"], 0)
