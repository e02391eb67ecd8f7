"""A comparison from plan to directory."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from simnet.batch.batch import Batch, carry_out
from simnet.run import RUNS, OutputError
from simnet.studies.comparison.comparison import Comparison, write
from simnet.studies.comparison.plan import RUNS as RUNS_BELOW
from simnet.studies.comparison.plan import Plan
from simnet.studies.comparison.ran import Ran


@dataclass
class Options:
    """How to compare, as opposed to what."""

    out: Path | None = None
    """The comparison's directory; by default one of its own below `simnet.run.RUNS`."""
    batch: Batch = field(default_factory=Batch)
    tell: Callable[[Ran, bool], None] = lambda ran, was_known: None
    """Called with each run when it is over, and whether it was known before."""
    command: str = ""
    """What the user typed, for the manifests."""


def compare(plan: Plan, options: Options) -> Comparison:
    """Carry a plan out and write what came of it, failed and interrupted runs included. Raises `OutputError`."""
    out = prepare(options.out)
    entrants, works = zip(*plan.works(out, options.command), strict=True)
    found: dict[int, Ran] = {}
    try:
        for over in carry_out(works, options.batch):
            directory = works[over.number].out.relative_to(out).as_posix()
            ran = Ran(entrants[over.number].label, over.work.seed, directory, over.summary)
            found[over.number] = ran
            options.tell(ran, over.was_known)
    except BaseException:
        if options.out is None:
            shutil.rmtree(out, ignore_errors=True)
        raise
    comparison = Comparison(plan, tuple(found[number] for number in range(len(works))), out)
    if options.out is None:
        comparison = publish(comparison)
    write(comparison)
    return comparison


def prepare(out: Path | None) -> Path:
    """A directory to write to. Raises `OutputError`."""
    try:
        if out is None:
            RUNS.mkdir(parents=True, exist_ok=True)
            return Path(tempfile.mkdtemp(prefix=".comparing-", dir=RUNS))
        (out / RUNS_BELOW).mkdir(parents=True, exist_ok=True)
        return out
    except OSError as error:
        where = out if out is not None else RUNS
        raise OutputError(f"cannot write to {where}: {error.strerror}", "choose another place with --out DIR") from None


def publish(comparison: Comparison) -> Comparison:
    """Give a directory the name of what it holds: one comparison has one name, however often it is made."""
    final = RUNS / f"compare-{comparison.plan.scenario.name}-{comparison.digest[:8]}"
    if final.exists():
        shutil.rmtree(final)
    comparison.directory.chmod(0o755)
    comparison.directory.rename(final)
    return Comparison(comparison.plan, comparison.ran, final)
