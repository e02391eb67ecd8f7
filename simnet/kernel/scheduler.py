"""The clock and the tasks on it: what happens when, in simulated seconds, in an order that repeats.

What is due at the same moment happens in the order in which it was asked for. A task is a participant's generator in
progress: it runs until a handler says that the answer to its effect comes later, and whatever ends the wait resumes it.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeAlias

from nodes.effects import Steps
from simnet.kernel.inbox import Inbox

WAITS: Any = object()
"""What a handler returns when the effect's answer comes later."""

Handler: TypeAlias = Callable[["Task", Any], Any]
"""Carries out one kind of effect for a task. Returns its answer, or `WAITS`."""


class Scheduler:
    """Simulated time. Everything happens in one thread; other threads reach it through `inbox`."""

    def __init__(self) -> None:
        self.now = 0.0
        """Simulated seconds since the run began."""
        self.inbox = Inbox()
        self.jobs = 0
        """How many jobs are in progress whose end only real time knows, servers for external clients included."""
        self._due: list[tuple[float, int, Callable[[Any], object], Any]] = []
        self._count = 0
        self._cancelled: set[int] = set()
        """Numbers of what is due and will not happen."""

    def after(self, seconds: float, act: Callable[[Any], object], value: Any = None) -> int:
        """Call `act` with a value, so many simulated seconds from now; returns a number to `cancel` it by.

        Raises `ValueError` if that is in the past.
        """
        if seconds < 0:
            raise ValueError(f"{seconds} s from now is in the past")
        self._count = number = self._count + 1
        heapq.heappush(self._due, (self.now + seconds, number, act, value))
        return number

    def cancel(self, number: int) -> None:
        """Have something that is due not happen. It is let go of once half of all that is due is cancelled."""
        self._cancelled.add(number)
        if 2 * len(self._cancelled) > len(self._due):
            self._due[:] = [entry for entry in self._due if entry[1] not in self._cancelled]
            heapq.heapify(self._due)
            self._cancelled.clear()

    def at(self, time_s: float, act: Callable[[Any], object]) -> None:
        """Call `act` at exactly that time, which a sum of `now` and a difference need not be."""
        if time_s < self.now:
            raise ValueError(f"{time_s} s is in the past")
        self._count = number = self._count + 1
        heapq.heappush(self._due, (time_s, number, act, None))

    def when_due(self, seconds: float, job: Callable[[], Any], act: Callable[[Any], object]) -> None:
        """Call `act` with a job's result, so many simulated seconds from now: the clock stands still until it is there.

        `job` waits for the result and returns it. However long that takes, the run repeats.
        """
        self.after(seconds, lambda _: act(job()))

    def when_done(self, job: Future[Any], act: Callable[[Any], object]) -> None:
        """Call `act` with a job's result when it is there, as real time has it: the clock goes on until then.

        A job that fails raises in the event loop.
        """
        self.jobs += 1
        job.add_done_callback(lambda done: self.inbox.put(partial(self._done, done, act)))

    def expect_requests(self) -> None:
        """Have the run go on to its end though nothing is due: something may come in from outside at any time."""
        self.jobs += 1

    def _done(self, job: Future[Any], act: Callable[[Any], object]) -> None:
        self.jobs -= 1
        act(job.result())

    def peek(self) -> float:
        """When something is due next; infinite if nothing is."""
        return self._due[0][0] if self._due else math.inf

    def step(self) -> None:
        """Have the next thing happen; nothing does at the time of one that was cancelled."""
        self.now, number, act, value = heapq.heappop(self._due)
        if self._cancelled and number in self._cancelled:
            self._cancelled.discard(number)
        else:
            act(value)

    def advance(self, to_s: float) -> None:
        """Let time pass in which nothing happens: up to `to_s`, or to what is due next if that comes first."""
        self.now = max(self.now, min(to_s, self.peek()))

    def run(self, until_s: float = math.inf) -> None:
        """Have everything happen that is due before `until_s`; the clock stands there afterwards, if it is finite."""
        due, step = self._due, self.step
        while due and due[0][0] < until_s:
            step()
        if until_s < math.inf:
            self.now = until_s


class Task:
    """A generator in progress. `stack` holds it and the procedures it is in the middle of."""

    __slots__ = ("alive", "duty", "handlers", "siblings", "stack")

    def __init__(
        self, steps: Steps, handlers: Mapping[type, Handler], siblings: dict[Task, None], duty: str = ""
    ) -> None:
        """`siblings` are the tasks of the same owner: it is among them until it ends. `duty` is what it is part of."""
        self.stack = [steps]
        self.handlers = handlers
        self.siblings = siblings
        self.duty = duty
        self.alive = True
        siblings[self] = None

    def resume(self, answer: Any) -> None:
        """Go on with the answer to the last effect, until it has to wait again, or ends."""
        stack, handlers = self.stack, self.handlers
        while self.alive:
            try:
                effect = stack[-1].send(answer)
            except StopIteration as stop:
                stack.pop()
                if stack:
                    answer = stop.value
                    continue
                self.alive = False
                self.siblings.pop(self, None)
                return
            answer = handlers[type(effect)](self, effect)
            if answer is WAITS:
                return

    def end(self) -> None:
        """Stop for good, wherever it is."""
        self.alive = False
        self.siblings.pop(self, None)
        while self.stack:
            self.stack.pop().close()
