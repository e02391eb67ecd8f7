"""A host: the place in the engine where one participant lives, with its mailbox, device and key.

Tasks are the participant's generators in progress. A crash ends them all and empties the mailbox; a restart
begins the participant anew, with nothing remembered but its name and its key.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import simpy

from chain.formats.signing import Key
from nodes.adversaries.behaviour import Behaviour, Gate, filtered
from nodes.effects import Steps
from nodes.identity import Identity
from nodes.messages import Envelope
from nodes.models.devices import Device
from nodes.models.execution import Executor
from simnet.kernel.conditions import HostConditions

if TYPE_CHECKING:
    from nodes.enclave.sandbox import Sandbox
    from nodes.proofs.prover import Prover
    from simnet.kernel.engine import Engine


class Participant(Protocol):
    """Anything with a protocol to run."""

    def run(self) -> Steps:
        """The participant's whole life."""
        ...


@dataclass(slots=True)
class Host:
    """One participant in the engine."""

    identity: Identity
    key: Key
    begin: Callable[[], Participant]
    """Makes the participant, at the start and after each crash."""
    executor: Executor | None = None
    device: Device | None = None
    behaviours: tuple[tuple[Behaviour, Gate], ...] = ()
    """Innermost first."""
    sandbox: Sandbox | None = None
    """Where it computes, if that is an enclave."""
    prover: Prover | None = None
    """What makes its proofs, if it makes any, or verifies them."""
    provers_free_at: list[float] = field(default_factory=list)
    """When each of its provers is free, if it has any."""
    up: bool = True
    conditions: HostConditions = field(default_factory=HostConditions)
    """What faults make of it."""
    device_free_at: float = 0.0
    mailbox: deque[Envelope] = field(default_factory=deque)
    receiver: Task | None = None
    """The task that waits for the mailbox, if one does."""
    tasks: dict[Task, None] = field(default_factory=dict)
    subscriptions: dict[str, None] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The participant's name."""
        return self.identity.name

    def wrap(self, steps: Steps) -> Steps:
        """Steps with this host's behaviours in front."""
        for behaviour, gate in self.behaviours:
            steps = filtered(steps, behaviour, gate)
        return steps


class Task:
    """A generator in progress. `stack` holds it and the procedures it is in the middle of."""

    __slots__ = ("alive", "engine", "host", "stack")

    def __init__(self, engine: Engine, host: Host, steps: Steps) -> None:
        self.engine = engine
        self.host = host
        self.stack = [steps]
        self.alive = True

    def wake(self, event: simpy.Event) -> None:
        """Go on with the value of a simpy event: for use as its callback."""
        self.engine.resume(self, event._value)

    def end(self) -> None:
        """Stop for good, wherever it is."""
        self.alive = False
        while self.stack:
            self.stack.pop().close()


Answer = Any
