"""The machines on which a participant proves and verifies: how long a proof waits for one, and how long it takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nodes.effects import Prove, Verify
from nodes.proofs.prover import Proof, Prover, Statement, Verified
from nodes.records import Proving
from simnet.kernel.facility import Facility
from simnet.kernel.scheduler import WAITS, Handler, Scheduler, Task
from simnet.log.events import EventLog


class Provers(Facility):
    """Proves on `machines` machines, the first that is free first. A crash does not stop what they are proving."""

    def __init__(self, name: str, prover: Prover, machines: int, scheduler: Scheduler, log: EventLog) -> None:
        self._name = name
        self._prover = prover
        self._free_at = [0.0] * machines
        self._scheduler = scheduler
        self._log = log

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """Proving, for whoever has a machine for it, and verifying."""
        return {Prove: self._prove, Verify: self._verify} if self._free_at else {Verify: self._verify}

    def _prove(self, task: Task, effect: Prove) -> Any:
        """Begin a proof; whoever asked has it when it is due, however long it really takes."""
        prover, now, free_at = self._prover, self._scheduler.now, self._free_at
        forced = effect.output if effect.forge else None
        job = prover.start(Statement(effect.model, effect.value, effect.variant, forced))
        takes, first = prover.prove_s(effect.model), free_at.index(min(free_at))
        begins = max(now, free_at[first])
        free_at[first] = begins + takes
        record = Proving(self._name, effect.task, effect.model, round(begins - now, 6), round(takes, 6))
        self._log.append(now, record)
        self._scheduler.when_due(record.waits_s + record.takes_s, job, task.resume)
        return WAITS

    def _verify(self, _: Task, effect: Verify) -> Verified:
        prover, proof = self._prover, Proof.unpack(effect.proof, effect.output.size)
        valid = prover.verify(effect.model, effect.value, effect.output, proof)
        return Verified(valid, prover.verify_s(effect.model))
