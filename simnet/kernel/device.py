"""A participant's device: executes models, one at a time, and takes simulated time for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor as Workers
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from nodes.effects import Execute
from nodes.models.devices import Device as Profile
from nodes.models.execution import Execution, Executor
from nodes.models.tensors import InputRefused
from nodes.proofs.prover import CircuitExecution
from nodes.records import CircuitAnswered
from simnet.kernel.compute import ComputeTime
from simnet.kernel.conditions import HostConditions
from simnet.kernel.facility import Facility
from simnet.kernel.scheduler import WAITS, Handler, Scheduler, Task
from simnet.log.events import EventLog, Executed

Observer: TypeAlias = Callable[[Execute, np.ndarray], None]
"""Is told of each execution and its output, once it is computed."""


class Device(Facility):
    """Executes models.

    An execution is computed at once, in the event loop, and its answer is due when the device would have got round to
    it. With `workers` it is computed there instead and answered when it is ready, in real time: the event loop goes on
    meanwhile, and the run does not repeat.
    """

    def __init__(
        self,
        name: str,
        executor: Executor,
        profile: Profile,
        compute: ComputeTime,
        conditions: HostConditions,
        scheduler: Scheduler,
        log: EventLog,
        observer: Observer | None = None,
        workers: Workers | None = None,
    ) -> None:
        self._name = name
        self._executor = executor
        self._profile = profile
        self._compute = compute
        self._conditions = conditions
        self._scheduler = scheduler
        self._log = log
        self._observer = observer
        self._workers = workers
        self._free_at = 0.0

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """Executing."""
        return {Execute: self._execute if self._workers is None else self._begin}

    def restart(self) -> None:
        """What was being executed is forgotten."""
        self._free_at = self._scheduler.now

    def _execute(self, task: Task, effect: Execute) -> Any:
        execution = self._run(effect)
        if execution is None:
            return None
        now = self._scheduler.now
        busy = self._compute.seconds(effect.model, effect.variant, execution, self._profile)
        busy *= self._conditions.slowdown
        begins = max(now, self._free_at)
        self._free_at = begins + busy
        self._record(effect, execution, busy, begins - now)
        self._scheduler.after(self._free_at - now, task.resume, execution)
        return WAITS

    def _begin(self, task: Task, effect: Execute) -> Any:
        """Have the workers execute; whoever asked goes on when they are done."""
        assert self._workers is not None
        job: Future[Execution | None] = self._workers.submit(self._run, effect)
        self._scheduler.when_done(job, partial(self._finish, task, effect, self._scheduler.now))
        return WAITS

    def _finish(self, task: Task, effect: Execute, began_s: float, execution: Execution | None) -> None:
        if execution is not None:
            self._record(effect, execution, self._scheduler.now - began_s, 0.0)
        task.resume(execution)

    def _run(self, effect: Execute) -> Execution | None:
        """Compute; nothing comes of an input that cannot be taken."""
        try:
            return self._executor.run(effect.model, effect.variant, effect.value)
        except InputRefused:
            return None

    def _record(self, effect: Execute, execution: Execution, busy_s: float, wait_s: float) -> None:
        """Write an execution into the log, and tell the observer."""
        now = self._scheduler.now
        record = Executed(
            self._name,
            effect.task,
            effect.model,
            effect.variant,
            effect.purpose.value,
            execution.macs,
            round(busy_s, 9),
            round(wait_s, 9),
        )
        self._log.append(now, record)
        if isinstance(execution, CircuitExecution):
            answered = CircuitAnswered(self._name, effect.task, execution.deviation, execution.agrees)
            self._log.append(now, answered)
        if self._observer is not None:
            self._observer(effect, execution.output)
