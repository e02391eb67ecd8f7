"""Carrying out one unit of work, in whichever process."""

from __future__ import annotations

import tempfile
import time
import traceback
from pathlib import Path
from typing import TypeVar

import orjson

from chain.errors import SimnetError
from simnet.batch.work import FAILED, FINISHED, INTERRUPTED, RunSummary, Work
from simnet.kernel.pace import Stop
from simnet.run import Options, run

T = TypeVar("T")


def perform(work: Work[T], stop_flag: Path | None = None) -> RunSummary[T]:
    """Run it and read it. Whatever goes wrong becomes the reason why it failed; it ends early once the flag exists."""
    if stop_flag is not None and stop_flag.exists():
        return RunSummary(INTERRUPTED)
    try:
        if work.keeps:
            return perform_in(work, stop_flag, work.out)
        with tempfile.TemporaryDirectory(prefix="simnet-") as directory:
            return perform_in(work, stop_flag, Path(directory))
    except Exception as error:
        if work.keeps and work.out is not None:
            work.out.mkdir(parents=True, exist_ok=True)
            (work.out / "failure.txt").write_text("".join(traceback.format_exception(error)))
        return RunSummary(FAILED, reason_of(error))


def perform_in(work: Work[T], stop_flag: Path | None, out: Path | None) -> RunSummary[T]:
    """Run it there, and read it."""
    scenario, stop = work.resolved, Stop()

    def heed(_: float) -> None:
        if stop_flag is not None and stop_flag.exists():
            stop.request()

    started = time.perf_counter()
    options = Options(out, force=was_begun(work), stop=stop, progress=heed, command=work.command)
    finished = run(scenario, options)
    state, reason, found = FINISHED, "", None
    if finished.failure is not None:
        state, reason = FAILED, reason_of(finished.failure)
    elif stop.requested:
        state = INTERRUPTED
    else:
        found = work.read(scenario, finished)
    wall_s = round(time.perf_counter() - started, 3)
    return RunSummary(state, reason, wall_s, finished.results, finished.directory if work.keeps else None, found)


def was_begun(work: Work[T]) -> bool:
    """Whether its directory holds a run of that scenario and seed, which did not get far enough or is of other code.

    A run that was killed before it had recorded anything may have left files that are empty or torn.
    """
    if work.out is None:
        return False
    log = work.out / "events.jsonl"
    if not log.is_file() or not log.stat().st_size:
        return True
    try:
        manifest = orjson.loads((work.out / "manifest.json").read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return False
    return isinstance(manifest, dict) and (manifest.get("scenario"), manifest.get("seed")) == (
        work.scenario.name,
        work.seed,
    )


def reason_of(error: Exception) -> str:
    """What went wrong, in a line."""
    if isinstance(error, SimnetError):
        return f"{error}; {error.hint}" if error.hint else str(error)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{frame.filename.rpartition('/')[2]}:{frame.lineno}"
    return f"{type(error).__name__}: {error} ({place} in {frame.name})"
