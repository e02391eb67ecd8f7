"""What the verbs that carry out many runs have in common: their options, and how they tell how far they are."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

from simnet.cli.console import make_console
from simnet.cli.signals import stops

if TYPE_CHECKING:
    from rich.console import Console

    from simnet.batch.batch import Batch

Command = TypeVar("Command", bound=Callable[..., Any])


def batch_options(command: Command) -> Command:
    """Add ``--jobs``, ``--dask`` and ``--fresh`` to a verb."""
    for option in (
        click.option("--fresh", is_flag=True, help="Run again what --out has already."),
        click.option("--dask", metavar="ADDRESS", help="Use the workers of this Dask scheduler, or of a 'local' one."),
        click.option(
            "--jobs",
            type=click.IntRange(min=1),
            help="Runs at a time; by default one for each core.",
        ),
    ):
        command = option(command)
    return command


class Progress:
    """Tells of each run that is over and of the time that is left; on a terminal, a bar moves in between.

    To be used as a context.
    """

    def __init__(self, console: Console, total: int) -> None:
        self.console, self.total = console, total
        self._over = self._ran = 0
        self._began = time.monotonic()
        columns = (SpinnerColumn(), TextColumn("{task.completed:.0f} of {task.total:.0f} runs over"), BarColumn())
        times = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
        self._bar = RichProgress(*columns, *times, console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task("", total=total)

    def __enter__(self) -> Progress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def __call__(self, text: str, was_known: bool = False) -> None:
        """Count one run, of which `text` says what became."""
        self._over += 1
        self._ran += not was_known
        self._bar.update(self._task, completed=self._over)
        self.console.print(f"{self._over:>4} of {self.total}  {text}{self._left(was_known)}")

    def _left(self, was_known: bool) -> str:
        from reports.wording import duration

        if was_known:
            return "  (was there)"
        if self._over == self.total:
            return ""
        per_run_s = (time.monotonic() - self._began) / self._ran
        return f"  (about {duration(round(per_run_s * (self.total - self._over)))} left)"


@contextmanager
def batch(jobs: int | None, dask: str | None, out: Path | None, fresh: bool) -> Iterator[Batch]:
    """How to carry runs out, as the options say. The first Ctrl-C ends them early, the second at once.

    Finished runs are kept in `out`, if there is one, and those that it has are not run again. Raises `SimnetError`
    if that cannot be written.
    """
    from functools import partial

    from simnet.batch.batch import Batch
    from simnet.batch.code import code_digest
    from simnet.batch.dask import LOCAL, Dask, threads_of
    from simnet.batch.processes import Processes
    from simnet.batch.store import Store
    from simnet.lock import alone_in

    store = Store(out, code_digest()) if out is not None else None
    if store is not None and fresh:
        store.clear()
    at_a_time = threads_of(dask) if dask and dask != LOCAL else os.cpu_count() or 1
    made = Batch(
        jobs or at_a_time,
        partial(Dask, dask) if dask else Processes,
        store=store,
        warn=make_console(stderr=True).print,
    )
    with stops(made.stop), nullcontext() if store is None else alone_in(store.directory):
        yield made
