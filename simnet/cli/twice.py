"""`simnet run --check-determinism`: the same run again in a fresh process, and the first event that differs.

The second process hashes text by another seed, so that code whose result hangs on the order of a set, or on anything
else that only lasts as long as a process, does not agree with itself.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import wait
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from simnet.cli.signals import stops

if TYPE_CHECKING:
    from rich.console import Console

    from simnet.kernel.pace import Stop
    from simnet.run import Finished
    from simnet.scenario.schema import Scenario

DIVERGED, INCONCLUSIVE = 5, 3

HASH_SEED = "PYTHONHASHSEED"

POLL_S = 0.2


class Stopped(Exception):
    """Somebody wants no second run."""


def after_checking(console: Console, code: int, scenario: Scenario, first: Finished, stop: Stop) -> int:
    """The exit code of a run that ended with `code`, once it was run again elsewhere and both logs were compared.

    Raises what ended the second run early.
    """
    with tempfile.TemporaryDirectory(prefix="simnet-") as scratch:
        second = Path(scratch, "second")
        digest = run_elsewhere(scenario, second, stop)
        if digest is None:
            console.print("interrupted: there are no two runs to compare")
            return INCONCLUSIVE
        for name, found in (("first", first.results.digest), ("second", digest)):
            console.print(f"{name} run: digest {found}")
        difference = first_difference(first.directory / "events.jsonl", second / "events.jsonl")
    if difference is None:
        console.print("both runs wrote the same log, byte for byte")
        return code
    number, one, other = difference
    console.print(f"the runs differ from event {number} on\n  first:  {one}\n  second: {other}")
    return DIVERGED


def run_elsewhere(scenario: Scenario, out: Path, stop: Stop) -> str | None:
    """Run it in a fresh process with another hash seed; its digest, ``None`` if somebody ended that."""
    from simnet.batch.processes import Processes

    with other_hash_seed(), stops(stop), suppress(Stopped), Processes(1) as executor:
        running = executor.submit(run_again, scenario, out)
        while not wait([running], POLL_S).done:
            if stop.requested:
                raise Stopped  # which ends the other process, too
        return running.result()
    return None


def run_again(scenario: Scenario, out: Path) -> str:
    """In the other process: the run, with its progress on stderr; its digest."""
    from simnet.cli.headless import run_with_progress
    from simnet.run import Options

    finished = run_with_progress(scenario, Options(out=out))
    if finished.failure is not None:
        raise finished.failure
    return finished.results.digest


@contextmanager
def other_hash_seed() -> Iterator[None]:
    """While inside, new processes hash text by another seed than this one."""
    own = os.environ.get(HASH_SEED)
    os.environ[HASH_SEED] = "2" if own == "1" else "1"
    try:
        yield
    finally:
        if own is None:
            del os.environ[HASH_SEED]
        else:
            os.environ[HASH_SEED] = own


def first_difference(one: Path, other: Path) -> tuple[int, str, str] | None:
    """Number and text of the first line in which two logs differ, ``None`` if they are the same."""
    nothing = "(the log ends here)"
    with one.open() as first, other.open() as second:
        number = 0
        while True:
            left, right = first.readline(), second.readline()
            if left != right:
                return number, left.rstrip() or nothing, right.rstrip() or nothing
            if not left:
                return None
            number += 1
