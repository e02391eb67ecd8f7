"""Carrying out the runs of a study, several at a time.

The one seam is `concurrent.futures.Executor`: processes of this machine, or the workers of a Dask cluster. A run
that fails, or takes its process down with it, costs the others nothing. The wish to stop travels as a file, which
any process that shares the directory can see.
"""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeAlias, TypeVar

from simnet.batch.perform import perform, reason_of
from simnet.batch.processes import Processes
from simnet.batch.store import Store
from simnet.batch.work import FAILED, INTERRUPTED, RunSummary, Work
from simnet.kernel.pace import Stop

POLL_S = 0.1
"""How often the wish to stop is asked for."""

TRIES = 2
"""A worker may have died of something else than its work; twice is no accident."""

WORKER_DIED = f"the process that ran it died, {TRIES} times"

STOP_FLAG = "stop"

T = TypeVar("T")

MakeExecutor: TypeAlias = Callable[[int], Executor]
"""Makes an executor that does so many things at a time.

What it submits must raise `BrokenExecutor` if the process that did it died, and it must go on working then."""


@dataclass
class Batch:
    """How to carry works out, as opposed to which."""

    jobs: int = 1
    """Runs at a time."""
    make_executor: MakeExecutor = Processes
    stop: Stop = field(default_factory=Stop)
    store: Store | None = None
    """Where finished runs are looked up and kept."""
    warn: Callable[[str], None] = lambda _: None
    """Called with a line about what went wrong and was tried again."""


@dataclass(frozen=True)
class Over(Generic[T]):
    """A piece of work that is over."""

    number: int
    """Its place among the works that were asked for."""
    work: Work[T]
    summary: RunSummary[T]
    was_known: bool = False
    """Whether the store had it."""


def carry_out(works: Sequence[Work[T]], batch: Batch) -> Iterator[Over[T]]:
    """Carry everything out, and yield each piece when it is over. After a request to stop, all is over soon."""
    left = []
    for number, work in enumerate(works):
        known = batch.store.get(work) if batch.store else None
        if known is None:
            left.append((number, work))
        else:
            yield Over(number, work, known, was_known=True)
    if not left:
        return
    with (
        flag_directory(batch.store) as shared,
        batch.make_executor(max(1, min(batch.jobs, len(left)))) as executor,
    ):
        for over in carry_out_with(executor, left, batch, shared / STOP_FLAG):
            if batch.store is not None:
                batch.store.put(over.work, over.summary)
            yield over


def carry_out_with(
    executor: Executor, works: Sequence[tuple[int, Work[T]]], batch: Batch, stop_flag: Path
) -> Iterator[Over[T]]:
    """Carry works out with an executor, so many at a time; one whose process died gets another try."""
    waiting = deque((number, work, 1) for number, work in works)
    pending: dict[Future[RunSummary[T]], tuple[int, Work[T], int]] = {}
    while waiting or pending:
        if batch.stop.requested:
            stop_flag.touch()
            yield from (Over(number, work, RunSummary(INTERRUPTED)) for number, work, _ in waiting)
            waiting.clear()
        while waiting and len(pending) < batch.jobs:
            number, work, tries = waiting.popleft()
            pending[executor.submit(perform, work, stop_flag)] = (number, work, tries)
        for future in wait(pending, timeout=POLL_S, return_when=FIRST_COMPLETED).done:
            number, work, tries = pending.pop(future)
            summary = outcome(future)
            if summary is None and not batch.stop.requested and tries < TRIES:
                batch.warn(f"the process that ran {work.scenario.name}, seed {work.seed}, died: it is run again")
                waiting.appendleft((number, work, tries + 1))
                continue
            if summary is None:
                summary = RunSummary(INTERRUPTED) if batch.stop.requested else RunSummary(FAILED, WORKER_DIED)
            yield Over(number, work, summary)


def outcome(future: Future[RunSummary[T]]) -> RunSummary[T] | None:
    """What became of a run; ``None`` if it was lost with its process."""
    try:
        return future.result()
    except BrokenExecutor:
        return None
    except Exception as error:  # it could not be sent, such as a class that only this process knows
        return RunSummary(FAILED, reason_of(error))


@contextmanager
def flag_directory(store: Store | None) -> Iterator[Path]:
    """A directory for the file that ends all runs: where the study is kept, if it is."""
    if store is None:
        with tempfile.TemporaryDirectory(prefix="simnet-batch-") as directory:
            yield Path(directory)
        return
    flag = store.directory / STOP_FLAG
    flag.unlink(missing_ok=True)
    try:
        yield store.directory
    finally:
        flag.unlink(missing_ok=True)
