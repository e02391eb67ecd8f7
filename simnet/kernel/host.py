"""A host: the place in the engine where one participant lives, with its facilities and its tasks.

Tasks are the participant's generators in progress. A crash ends them all; a restart begins the participant anew, with
nothing remembered but its name and its key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from nodes.adversaries.behaviour import Behaviour, Gate, filtered
from nodes.effects import Abandon, Check, Spawn, Steps
from nodes.identity import Peer
from simnet.kernel.conditions import HostConditions
from simnet.kernel.facility import Facility
from simnet.kernel.scheduler import Handler, Task

F = TypeVar("F", bound=Facility)


class Participant(Protocol):
    """Anything with a protocol to run."""

    def run(self) -> Steps:
        """The participant's whole life."""
        ...


class Handlers(dict[type, Handler]):
    """Handlers by kind of effect. Raises `TypeError` for a kind that the host has no facility for."""

    def __init__(self, host: str) -> None:
        super().__init__()
        self._host = host

    def __missing__(self, effect: type) -> Handler:
        raise TypeError(f"{self._host} has no facility for {effect.__name__}")


@dataclass(slots=True, eq=False)
class Host:
    """One participant in the engine."""

    identity: Peer
    begin: Callable[[], Participant]
    """Makes the participant, at the start and after each crash."""
    behaviours: tuple[tuple[Behaviour, Gate], ...] = ()
    """Innermost first."""
    conditions: HostConditions = field(default_factory=HostConditions)
    """What faults make of it."""
    facilities: dict[str, Facility] = field(default_factory=dict)
    up: bool = True
    tasks: dict[Task, None] = field(default_factory=dict)
    handlers: Handlers = field(init=False)
    """What is done for each kind of effect: by the host itself, or by one of its facilities."""

    def __post_init__(self) -> None:
        self.handlers = Handlers(self.name)
        self.handlers.update({Spawn: self._spawn, Abandon: self._abandon, Check: self._check})

    @property
    def name(self) -> str:
        """The participant's name."""
        return self.identity.name

    def install(self, name: str, facility: F) -> F:
        """Give it a facility."""
        self.facilities[name] = facility
        self.handlers.update(facility.handlers)
        return facility

    def start(self) -> None:
        """Begin the participant's life."""
        self.run(self.begin().run())

    def run(self, steps: Steps, duty: str = "") -> None:
        """Begin a task, as part of a duty if that is named."""
        Task(self.wrap(steps), self.handlers, self.tasks, duty).resume(None)

    def wrap(self, steps: Steps) -> Steps:
        """Steps with this host's behaviours in front."""
        for behaviour, gate in self.behaviours:
            steps = filtered(steps, behaviour, gate)
        return steps

    def crash(self) -> None:
        """Stop: its tasks end, and its facilities lose what is not kept anywhere."""
        self.up = False
        tasks, self.tasks = list(self.tasks), {}
        for task in tasks:
            task.end()
        for facility in self.facilities.values():
            facility.crash()

    def restart(self) -> None:
        """Start the participant anew, if it has crashed."""
        if self.up:
            return
        self.up = True
        for facility in self.facilities.values():
            facility.restart()
        self.start()

    def _spawn(self, task: Task, effect: Spawn) -> None:
        self.run(effect.steps, effect.duty or task.duty)

    def _abandon(self, asking: Task, effect: Abandon) -> None:
        for task in [task for task in self.tasks if task.duty == effect.duty and task is not asking]:
            task.end()

    def _check(self, task: Task, effect: Check) -> None:
        task.stack.append(self.wrap(effect.procedure()))
