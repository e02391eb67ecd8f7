"""Who runs workflows when they are due: anybody may, and this participant does (OpenGradient's own scheduler).

It simulates each, as everybody does who sends a transaction that asks for a model's output (`nodes.onchain.native`).
"""

from __future__ import annotations

from dataclasses import dataclass

from chain.formats.onchain import MISSING
from chain.quantities import Gas, Timestamp
from chain.seam import Call, Revert
from nodes.effects import Note, Now, Read, Request, Simulate, Sleep, Spawn, Steps
from nodes.facilitator.sending import send
from nodes.identity import Peer
from nodes.onchain.native import asking
from nodes.onchain.records import WorkflowRun

LOOK_S = 2.0
"""How often it looks for what is due."""

GAS = Gas(10_000_000)
"""What a workflow may use."""

QUESTIONS_MAX = 8
"""Models that one workflow may ask for."""

REHEARSED = "Rehearsed"
"""Error of a rehearsal that went well."""

WAIT_S = 60.0


@dataclass
class Keeper:
    """One keeper, on the settlement chain."""

    me: Peer
    native: str
    genesis: Timestamp

    def run(self) -> Steps:
        """Run what is due, again and again."""
        last: dict[int, int] = {}
        while True:
            yield Sleep(LOOK_S)
            now = self.genesis + int((yield Now()))
            for number, task in enumerate((yield Read("WorkflowScheduler", "getAllTasks")) or ()):
                _, workflow, end, frequency, run_at = task
                if now <= end and now >= max(run_at, last.get(number, 0)) + frequency:
                    last[number] = now
                    yield Spawn(self.execute(number, workflow))

    def execute(self, number: int, workflow: str) -> Steps:
        """Run one workflow, once the models that it asks for have run."""
        call = Call(self.me.address, "WorkflowScheduler", "execute", (number,), GAS)
        revert = yield from self.rehearse(number)
        if revert is None:
            revert = (yield from send(call)).revert
        yield Note(WorkflowRun(self.me.name, number, workflow, str(revert or "")))

    def rehearse(self, number: int) -> Steps:
        """Have what a workflow asks for computed. Answers the `Revert` that it ends in in simulation, or ``None``."""
        rehearsal = Call(self.me.address, "WorkflowScheduler", "rehearse", (number,), GAS)
        revert: Revert | None = None
        for _ in range(QUESTIONS_MAX + 1):
            revert = yield Simulate(rehearsal)
            if revert is None or revert.error != MISSING:
                break
            yield Request(self.native, asking(revert.args["question"]), WAIT_S)
        return None if revert is None or revert.error == REHEARSED else revert
