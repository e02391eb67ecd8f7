"""Carrying out the runs of a comparison, several at a time.

The one seam is `concurrent.futures.Executor`: processes of this machine by default, or any other that can pickle
a `Work` and reach its directory, such as Dask's. A run that fails, or takes its process down with it, costs the
others nothing. The wish to stop travels as a file, which any process that can write its run can also see.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from types import TracebackType
from typing import TypeAlias

from chain.errors import SimnetError
from simnet.kernel.pace import Stop
from simnet.log.tables import read_tables
from simnet.measure.metrics import Figures
from simnet.run import COMPLETED, Options, run
from simnet.studies.comparison.evidence import Evidence, gather
from simnet.studies.comparison.plan import Work

FINISHED, FAILED, INTERRUPTED = "finished", "failed", "interrupted"
"""How a run can end."""

POLL_S = 0.1
"""How often somebody looks whether to stop."""

PROCESS_DIED = "the process that ran it died"


@dataclass(frozen=True)
class Ran:
    """A run of a comparison, and what became of it."""

    label: str
    seed: int
    directory: str
    """Below the comparison's directory."""
    state: str
    reason: str = ""
    """Why it did not finish."""
    digest: str = ""
    wall_s: float = 0.0
    broken: tuple[str, ...] = ()
    """Invariants that did not hold."""
    evidence: Evidence | None = None
    """What it says, if it finished."""

    @property
    def account(self) -> str:
        """What became of it, in a few words."""
        if self.evidence is None:
            return f"{self.state}: {self.reason}" if self.reason else self.state
        broken = f"; INVARIANT BROKEN: {', '.join(self.broken)}" if self.broken else ""
        return f"{self.evidence.metrics['tasks_total'].n:,} tasks in {self.wall_s:.1f} s{broken}"


MakeExecutor: TypeAlias = Callable[[int], Executor]
"""Makes an executor that does so many things at a time."""


class Processes(ProcessPoolExecutor):
    """Fresh processes of this machine. They leave Ctrl-C to their parent, and outlive neither it nor its patience."""

    def __init__(self, jobs: int) -> None:
        super().__init__(jobs, multiprocessing.get_context("spawn"), settle_in)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is not None:
            for process in multiprocessing.active_children():
                process.kill()
        super().__exit__(kind, error, at)


def settle_in() -> None:
    """Begin the life of a process: a terminal sends Ctrl-C to everybody, and the parent decides what it means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()


def end_with_parent() -> None:
    """End at once when the parent has died, however that came about: nobody waits for the run any more."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def carry_out_all(
    works: Sequence[Work], jobs: int, stop: Stop, make_executor: MakeExecutor = Processes
) -> Iterator[Ran]:
    """Carry everything out, and yield each run when it is over. After a request to stop, what is left is over soon."""
    orphans = yield from attempt(works, jobs, stop, make_executor)
    for work in orphans:  # one of them took a process down and the rest with it: alone, each shows which it was
        for again in (yield from attempt([work], 1, stop, make_executor)):
            yield unfinished(again, FAILED, PROCESS_DIED)


def attempt(
    works: Sequence[Work], jobs: int, stop: Stop, make_executor: MakeExecutor
) -> Generator[Ran, None, list[Work]]:
    """Carry out what can be; returns what was lost with a process."""
    lost: list[Work] = []
    with make_executor(max(1, min(jobs, len(works)))) as executor:
        pending: dict[Future[Ran], Work] = {}
        for work in works:
            try:
                pending[executor.submit(carry_out, work)] = work
            except BrokenExecutor:
                lost.append(work)
        while pending:
            done, _ = wait(pending, timeout=POLL_S, return_when=FIRST_COMPLETED)
            if stop.requested:
                ask_to_stop(pending)
            for future in done:
                work = pending.pop(future)
                if (ran := outcome(future, work)) is not None:
                    yield ran
                else:
                    lost.append(work)
    if not stop.requested:
        return lost
    for work in lost:
        yield unfinished(work, INTERRUPTED)
    return []


def outcome(future: Future[Ran], work: Work) -> Ran | None:
    """What became of a run; ``None`` if it was lost with its process."""
    if future.cancelled():
        return unfinished(work, INTERRUPTED)
    try:
        return future.result()
    except BrokenExecutor:
        return None
    except Exception as error:  # it could not be sent, such as a class that only this process knows
        return unfinished(work, FAILED, reason_of(error))


def ask_to_stop(pending: dict[Future[Ran], Work]) -> None:
    """Take back what was not begun, and end what was."""
    for future, work in pending.items():
        work.stop_flag.touch()
        future.cancel()


def unfinished(work: Work, state: str, reason: str = "") -> Ran:
    """A run that came to nothing."""
    return Ran(work.label, work.scenario.seed, shown_directory(work), state, reason)


def shown_directory(work: Work) -> str:
    """The run's directory as seen from the comparison's."""
    return work.directory.relative_to(work.stop_flag.parent).as_posix()


def carry_out(work: Work) -> Ran:
    """Carry one run out, in whichever process. Whatever goes wrong becomes the reason why it failed."""
    if work.stop_flag.exists():
        return unfinished(work, INTERRUPTED)
    try:
        return carry_out_safely(work)
    except Exception as error:
        work.directory.mkdir(parents=True, exist_ok=True)
        (work.directory / "failure.txt").write_text("".join(traceback.format_exception(error)))
        return unfinished(work, FAILED, reason_of(error))


def carry_out_safely(work: Work) -> Ran:
    """Run it and read its log."""
    stop = Stop()

    def look(_: float) -> None:
        if work.stop_flag.exists():
            stop.request()

    started = time.perf_counter()
    finished = run(work.scenario, Options(work.directory, stop=stop, progress=look, command=work.command))
    if finished.failure is not None:
        raise finished.failure
    results, tables = finished.results, read_tables(work.directory / "events.jsonl")
    if tables.ended["reason"] != COMPLETED:
        return unfinished(work, INTERRUPTED)
    return Ran(
        label=work.label,
        seed=work.scenario.seed,
        directory=shown_directory(work),
        state=FINISHED,
        digest=results.digest,
        wall_s=round(time.perf_counter() - started, 3),
        broken=tuple(found.name for found in results.invariants if not found.held),
        evidence=gather(Figures(tables), results.metrics, results.seed),
    )


def reason_of(error: Exception) -> str:
    """What went wrong, in a line."""
    if isinstance(error, SimnetError):
        return str(error)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{frame.filename.rpartition('/')[2]}:{frame.lineno}"
    return f"{type(error).__name__}: {error} ({place} in {frame.name})"
