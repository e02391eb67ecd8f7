"""One run, from a scenario to its run directory.

The directory holds ``scenario.yaml`` (resolved), ``manifest.json``, ``events.jsonl`` and ``results.json``.
It is complete even for a run that was interrupted or whose chain died: what was recorded is kept.
"""

from __future__ import annotations

import errno
import gc
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import orjson

from chain.errors import SimnetError
from chain.seam import Chain
from nodes.models.arithmetic import processor_class
from simnet.kernel.pace import Pace, Stop, drive
from simnet.lock import DirectoryTaken, alone_in
from simnet.log.events import COMPLETED, INTERRUPTED, EventLog, Listener, RunEnded
from simnet.measure.state import State
from simnet.scenario.schema import Scenario
from simnet.verdict.finished import read_finished
from simnet.verdict.results import Results, judge
from simnet.world.accounting import read_final_balances, schedule_readings
from simnet.world.backends import open_chain
from simnet.world.build import Carry, World, build, simulated
from simnet.world.injection import arrange
from simnet.world.plan import Plan

RUNS = Path("reports/runs")
"""Where run directories go, below the working directory, unless the user says otherwise."""

SCENARIO = "scenario.yaml"

FILES = (
    *(SCENARIO, "events.jsonl", "results.json", "manifest.json"),
    *("junit.xml", "report.html", "trace.json", "summary.md"),
    *("up.env", "facilitator.sqlite", "own-facilitator.sqlite"),
)
"""What a run leaves, reports included."""

MANY_ROWS = 250_000
"""Rows of a log that takes seconds to judge. The world's memory, whose parts refer to each other, is freed first."""

RECORDED_PACKAGES = ("simpy", "networkx", "onnxruntime", "numpy", "pandas", "pydantic", "web3", "pyrevm")


class OutputError(SimnetError):
    """The run directory cannot be written."""


@dataclass
class Options:
    """How to run, as opposed to what."""

    out: Path | None = None
    """The run directory; by default one of its own below `RUNS`."""
    force: bool = False
    """Whether to write over a run that is in the directory already."""
    pace: Pace = field(default_factory=Pace)
    stop: Stop = field(default_factory=Stop)
    listener: Listener | None = None
    progress: Callable[[float], None] = lambda _: None
    """Called now and then with simulated seconds."""
    tell: Callable[[str], None] = lambda _: None
    """Called with a line about each thing that has to be made first, and takes seconds."""
    open_chain: Callable[[Scenario, Callable[[str], None]], Chain] = open_chain
    """Gives a fresh chain for a scenario; its second argument is `tell`."""
    carry: Carry = simulated
    """Makes what carries messages between participants."""
    begin: Callable[[World], None] = lambda _: None
    """Called once the world stands and before the clock starts: for whoever wants to watch or to steer."""
    command: str = ""
    """What the user typed, for the manifest."""


@dataclass(frozen=True)
class Finished:
    """A run that is over."""

    directory: Path
    results: Results
    state: State
    """What its log amounts to."""
    failure: SimnetError | None = None
    """What ended the run before its time, if anything did; the directory has what came before."""


def run(scenario: Scenario, options: Options) -> Finished:
    """Run a scenario and write its directory.

    Raises `OutputError` if nothing can be written, `DirectoryTaken` if it would be over another run, and `ChainError`
    if the chain cannot be started.
    """
    directory = place(options.out)
    with alone_in(directory):
        if options.out is not None:
            clear(directory, options.force)
        return run_in(directory, scenario, options)


def run_in(directory: Path, scenario: Scenario, options: Options) -> Finished:
    """Run a scenario and write a directory that holds no other run."""
    started = time.perf_counter()
    write_scenario(directory, scenario)
    log = EventLog(directory / "events.jsonl")
    if options.listener is not None:
        log.listen(options.listener)
    chain = None
    try:
        plan = Plan.of(scenario)
        chain = options.open_chain(scenario, options.tell)
        write_manifest(directory, plan, chain, options.command)
        failure, virtual_s = play(plan, chain, log, options)
        log.close()
        if log.count > MANY_ROWS:
            options.tell(f"judging the run by its {log.count:,} records")
            gc.collect()
        judged = read_finished(log.path)
    except BaseException as error:
        log.close()
        keep(directory, scenario, log, options, error)
        raise
    finally:
        if chain is not None:
            chain.close()
    wall_s = round(time.perf_counter() - started, 3)
    state = judged.state
    results = judge(scenario, state, judged.findings(), log.digest, round(virtual_s, 6), wall_s)
    (directory / "results.json").write_bytes(orjson.dumps(results.as_json(), option=orjson.OPT_INDENT_2))
    if options.out is None:
        directory = publish(directory, f"{scenario.name}-{scenario.seed}-{log.digest[:8]}")
    return Finished(directory, results, state, failure)


def play(plan: Plan, chain: Chain, log: EventLog, options: Options) -> tuple[SimnetError | None, float]:
    """Build the world and run it to its end, or as far as it gets. Returns what failed, and simulated seconds."""
    scenario = plan.scenario
    world = build(plan, chain, log, options.tell, options.carry)
    arrange(world)
    world.steered = partial(write_scenario, log.path.parent)
    engine = world.engine
    options.pace.idle, options.pace.stop = log.flush, options.stop
    options.begin(world)
    failure: SimnetError | None = None
    reason = COMPLETED
    try:
        schedule_readings(world)
        end = scenario.duration + scenario.settle
        if not drive(engine.scheduler, end, options.pace, options.progress):
            reason = INTERRUPTED
        read_final_balances(world)
    except SimnetError as error:
        failure, reason = error, f"cut short: {error}"
    finally:
        if world.prover is not None:
            world.prover.close()
    log.append(engine.now, RunEnded(reason))
    return failure, engine.now


def keep(directory: Path, scenario: Scenario, log: EventLog, options: Options, error: BaseException) -> None:
    """Keep what was recorded before an error that nobody foresaw, and say where; if nothing was, leave nothing."""
    if options.out is None and not log.path.stat().st_size:
        shutil.rmtree(directory, ignore_errors=True)
        return
    if options.out is None:
        directory = publish(directory, f"{scenario.name}-{scenario.seed}-{log.digest[:8]}")
    error.add_note(f"what was recorded until then is in {directory}/")


def place(out: Path | None) -> Path:
    """A directory to write to. Raises `OutputError`."""
    try:
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            return out
        RUNS.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=".running-", dir=RUNS))
    except OSError as error:
        raise cannot_write(out if out is not None else RUNS, error) from None


def clear(out: Path, force: bool) -> None:
    """Make room for a run in a directory that somebody named. Raises `OutputError`, and `DirectoryTaken`.

    With `force` what an earlier run left goes: its verdict must not pass for this one's.
    """
    there = [name for name in FILES if (out / name).exists()]
    if there and not force:
        hint = "choose another place with --out DIR, or write over it with --force"
        raise DirectoryTaken(f"{out} holds another run's {there[0]}", hint)
    try:
        for name in there:
            (out / name).unlink()
        (out / "events.jsonl").touch()
    except OSError as error:
        raise cannot_write(out, error) from None


def cannot_write(where: Path, error: OSError) -> OutputError:
    """The error that says so."""
    return OutputError(f"cannot write to {where}: {error.strerror}", "choose another place with --out DIR")


def publish(directory: Path, name: str) -> Path:
    """Give a finished run directory its name, and point ``latest`` at it."""
    final, aside = RUNS / name, RUNS / f".old-{os.getpid()}"
    directory.chmod(0o755)
    while True:
        try:
            directory.rename(final)
            break
        except OSError as error:  # the name belongs to an earlier run of the same, or to one that goes on beside us
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            with suppress(FileNotFoundError):
                final.rename(aside)
            shutil.rmtree(aside, ignore_errors=True)
    link = RUNS / f".latest-{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(name)
    link.replace(RUNS / "latest")
    return final


def write_scenario(directory: Path, scenario: Scenario) -> None:
    """Say what is run, so that it can be run again."""
    (directory / SCENARIO).write_text(scenario.resolved_yaml(), encoding="utf-8")


def write_manifest(directory: Path, plan: Plan, chain: Chain, command: str) -> None:
    """Say what ran the scenario: versions, machine, command, seed."""
    scenario = plan.scenario
    manifest = {
        "simnet": installed("simnet"),
        "command": command,
        "scenario": scenario.name,
        "seed": scenario.seed,
        "backend": {"name": chain.name, "version": chain.version},
        "python": sys.version.split()[0],
        "packages": {name: found for name in RECORDED_PACKAGES if (found := installed(name))},
        "machine": {"system": platform.system(), "processor": platform.machine(), "cpus": os.cpu_count()},
        "executed_on": [asdict(record) for record in plan.executed_on],
        "arithmetic": {"asked": scenario.compute.arithmetic, "class": processor_class()},
    }
    (directory / "manifest.json").write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2))


def installed(package: str) -> str | None:
    """A package's version; ``None`` where it is not installed, as pyrevm is not everywhere."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
