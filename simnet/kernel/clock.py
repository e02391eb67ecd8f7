"""A participant's clock, and what it writes down: simulated time as its own machine tells it, and its records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nodes.effects import Note, Now, Over, Sleep
from simnet.kernel.conditions import HostConditions
from simnet.kernel.facility import Facility
from simnet.kernel.scheduler import WAITS, Handler, Scheduler, Task
from simnet.log.events import EventLog


class Clock(Facility):
    """Tells the time, and lets it pass."""

    def __init__(self, scheduler: Scheduler, conditions: HostConditions) -> None:
        self._scheduler = scheduler
        self._conditions = conditions
        self._asleep: dict[str, dict[Task, int]] = {}
        """By what it is that they are about: tasks with nothing else to do, and the number of each one's waking."""

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """Waiting and telling the time."""
        return {Sleep: self._sleep, Over: self._over, Now: self._now}

    def crash(self) -> None:
        """Nobody sleeps any more."""
        self._asleep.clear()

    def _sleep(self, task: Task, effect: Sleep) -> Any:
        if effect.about:
            number = self._scheduler.after(effect.seconds, self._wake, (task, effect.about))
            self._asleep.setdefault(effect.about, {})[task] = number
        else:
            self._scheduler.after(effect.seconds, task.resume)
        return WAITS

    def _wake(self, sleeping: tuple[Task, str]) -> None:
        task, about = sleeping
        self._asleep.get(about, {}).pop(task, None)
        task.resume(None)

    def _over(self, _: Task, effect: Over) -> None:
        for task, number in self._asleep.pop(effect.about, {}).items():
            self._scheduler.cancel(number)
            task.end()

    def _now(self, _: Task, __: Now) -> float:
        return self._conditions.clock(self._scheduler.now)


class Recorder(Facility):
    """Writes what a participant records into the event log."""

    def __init__(self, scheduler: Scheduler, log: EventLog) -> None:
        self._scheduler = scheduler
        self._log = log

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """Records."""
        return {Note: self._note}

    def _note(self, _: Task, effect: Note) -> None:
        self._log.append(self._scheduler.now, effect.record)
