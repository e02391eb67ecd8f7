"""A comparison from plan to directory."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from simnet.kernel.pace import Stop
from simnet.run import RUNS, OutputError
from simnet.studies.comparison.comparison import Comparison, write
from simnet.studies.comparison.execute import MakeExecutor, Processes, Ran, carry_out_all
from simnet.studies.comparison.plan import STOP_FLAG, Plan


@dataclass
class Options:
    """How to compare, as opposed to what."""

    out: Path | None = None
    """The comparison's directory; by default one of its own below `simnet.run.RUNS`."""
    jobs: int = 1
    """Runs at a time."""
    make_executor: MakeExecutor = Processes
    stop: Stop = field(default_factory=Stop)
    tell: Callable[[Ran], None] = lambda _: None
    """Called with each run when it is over."""
    command: str = ""
    """What the user typed, for the manifests."""


def compare(plan: Plan, options: Options) -> Comparison:
    """Carry a plan out and write what came of it, failed and interrupted runs included. Raises `OutputError`."""
    out = prepare(options.out)
    works = list(plan.works(out, options.command))
    found: dict[tuple[str, int], Ran] = {}
    try:
        for ran in carry_out_all(works, options.jobs, options.stop, options.make_executor):
            found[ran.label, ran.seed] = ran
            options.tell(ran)
    except BaseException:
        if options.out is None:
            shutil.rmtree(out, ignore_errors=True)
        raise
    finally:
        (out / STOP_FLAG).unlink(missing_ok=True)
    comparison = Comparison(plan, tuple(found[work.label, work.scenario.seed] for work in works), out)
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
        out.mkdir(parents=True, exist_ok=True)
        (out / STOP_FLAG).touch()
        (out / STOP_FLAG).unlink()
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
