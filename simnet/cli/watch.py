"""`simnet watch`: look at a recorded run, or at one that another process is writing."""

from __future__ import annotations

import os
from pathlib import Path

import click

from chain.errors import SimnetError
from simnet.cli.console import can_show_dashboard

RUNS = Path("reports/runs")
"""As `simnet.run.RUNS`, which takes seconds to import."""

LOG = "events.jsonl"


class NoSuchRun(SimnetError):
    """There is no run by that name."""

    exit_code = 2


class NoTerminal(SimnetError):
    """A dashboard needs a terminal."""

    exit_code = 2


@click.command()
@click.argument("run", default="latest")
def watch(run: str) -> int:
    """Show a run on the terminal: its last moment first, any other by a key.

    RUN is a run directory, the name of one in reports/runs or the beginning of it; the latest run if not given.
    A run that is still going on is followed.

    \b
    simnet watch                      the latest run
    simnet watch byzantine-42         by the beginning of its name
    simnet watch /tmp/out             a directory
    textual serve "simnet watch"      in a browser (pip install textual-dev)
    """
    directory = find_run(run)
    if not can_show_dashboard():
        raise NoTerminal("watch needs a terminal", f"{directory / 'results.json'} is for programs")
    from dashboards import watch as show

    return show(directory)


def find_run(name: str) -> Path:
    """The directory of a run. Raises `NoSuchRun`."""
    path = Path(name)
    for found in (path, path.parent if path.name == LOG else path, RUNS / name):
        if (found / LOG).is_file():
            return found
    begin_so = sorted(found.parent for found in RUNS.glob(f"{name}*/{LOG}")) if os.sep not in name else []
    if len(begin_so) == 1:
        return begin_so[0]
    if begin_so:
        raise NoSuchRun(f"{len(begin_so)} runs begin with '{name}'", ", ".join(run.name for run in begin_so[:5]))
    known = ", ".join(run.name for run in recent())
    hint = f"there are {known} in {RUNS}/" if known else f"there are none yet in {RUNS}/: simnet run SCENARIO makes one"
    raise NoSuchRun(f"no run '{name}': no directory with an {LOG}", hint)


def recent() -> list[Path]:
    """The latest few runs, newest first."""
    runs = [log.parent for log in RUNS.glob(f"*/{LOG}") if not log.parent.is_symlink()]
    return sorted(runs, key=lambda run: run.stat().st_mtime, reverse=True)[:5]
