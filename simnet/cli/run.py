"""`simnet run`: run a scenario, show how far it is, say what came of it."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simnet.cli.console import can_show_dashboard, make_console, open_page, print_json, waiting
from simnet.cli.exit_codes import HARNESS_FAILED
from simnet.cli.headless import run_with_progress
from simnet.cli.paths import DIRECTORY
from simnet.cli.scenario_name import ScenarioName
from simnet.cli.twice import after_checking

if TYPE_CHECKING:
    from rich.console import Console

    from simnet.run import Finished, Options
    from simnet.scenario.schema import Scenario


def read_pace(_context: click.Context, _option: click.Parameter, value: str) -> float:
    """``virtual``, ``wall``, or so many times wall, as a speed: 0 is as fast as it goes."""
    if value in ("virtual", "wall"):
        return 1.0 if value == "wall" else 0.0
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)x", value, re.ASCII)
    if match is None or float(match[1]) <= 0:
        raise click.BadParameter(f"{value!r} is not a pace: expected virtual, wall, or such as 60x")
    return float(match[1])


@click.command()
@click.argument("scenario", type=ScenarioName())
@click.option("--seed", type=click.IntRange(min=0), help="Use another seed than the file's.")
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change the scenario; may be repeated.")
@click.option("--backend", type=click.Choice(["anvil", "revm"]), help="Which chain runs the contracts.")
@click.option("--pace", callback=read_pace, default="virtual", show_default=True, help="virtual, wall, or such as 60x.")
@click.option("--out", type=DIRECTORY, help="Run directory, instead of one below reports/runs.")
@click.option("--force", is_flag=True, help="Write over a run that is in the directory already.")
@click.option("--check-determinism", is_flag=True, help="Run it again in another process, and compare the logs.")
@click.option("--metrics-port", type=click.IntRange(0, 65535), help="Serve OpenMetrics for Prometheus on loopback.")
@click.option("--json", "as_json", is_flag=True, help="Print results.json instead of the summary; no dashboard.")
@click.option("--quiet", is_flag=True, help="Print what did not hold and the outcome alone; no dashboard, no progress.")
@click.option("--open", "opens", is_flag=True, help="Open report.html in a browser afterwards.")
@click.option("--tui/--headless", default=None, help="With or without the dashboard; with it on a terminal.")
def run(
    scenario: Path,
    seed: int | None,
    overrides: tuple[str, ...],
    backend: str | None,
    pace: float,
    out: Path | None,
    force: bool,
    check_determinism: bool,
    metrics_port: int | None,
    as_json: bool,
    quiet: bool,
    opens: bool,
    tui: bool | None,
) -> int:
    """Run a scenario on real parts and say who cheated, who was detected, and what it cost.

    \b
    simnet run mine.yaml
    simnet run byzantine --seed 7 --set strategy.size=3     one that comes with simnet, by its name
    simnet run honest --backend revm --out /tmp/honest

    The run directory holds the event log, results.json, report.html and more (docs/results.md). Ctrl-C, like SIGTERM
    and SIGHUP, ends a run with what there is. Exit codes: 0 pass, 1 an expectation or invariant failed, 2 bad scenario,
    3 inconclusive, 4 the chain or simnet failed, 5 two runs of one seed differed.
    """
    from simnet.kernel.pace import Pace
    from simnet.run import Options
    from simnet.scenario.load import load_scenario
    from simnet.scenario.overrides import by_option
    from simnet.shipped import find_scenario

    plain = {
        "--check-determinism": check_determinism,
        "--metrics-port": metrics_port is not None,
        "--json": as_json,
        "--quiet": quiet,
    }
    if tui and any(plain.values()):
        raise click.UsageError(f"--tui cannot be had with {next(name for name, is_set in plain.items() if is_set)}")
    chosen = (*overrides, *by_option("--backend", "chain.backend", backend))
    loaded = load_scenario(find_scenario(scenario), chosen, seed, to_run=True)
    replay = shlex.join(["simnet", "run", str(scenario), "--seed", str(loaded.seed), *set_options(chosen)])
    options = Options(out=out, force=force, pace=Pace(pace), command=shlex.join(["simnet", *sys.argv[1:]]))
    if any(plain.values()) or not shows(tui):
        with serving_metrics(options, metrics_port) as watched:
            finished = run_with_progress(loaded, watched, quiet)
    else:
        finished = run_with_dashboard(loaded, options)
    console = make_console(stderr=as_json)
    code = conclude(console, finished, replay, scenario, as_json, quiet)
    if opens:
        from reports import REPORT

        open_page(finished.directory / REPORT)
    if check_determinism and finished.failure is None and not options.stop.requested:
        return after_checking(console, code, loaded, finished, options.stop)
    return code


def set_options(overrides: Sequence[str]) -> list[str]:
    """Overrides as the command line takes them."""
    return [part for override in overrides for part in ("--set", override)]


def shows(tui: bool | None) -> bool:
    """Whether to show the dashboard: if asked, or else on a terminal. Raises `UsageError` where there is none."""
    possible = can_show_dashboard()
    if tui and not possible:
        raise click.UsageError("--tui needs a terminal")
    return possible if tui is None else tui


@contextmanager
def serving_metrics(options: Options, port: int | None) -> Iterator[Options]:
    """Options for a run whose figures Prometheus can read meanwhile, if a port was asked for."""
    if port is None:
        yield options
        return
    from reports.openmetrics import Exporter, serve

    exporter = Exporter()
    with serve(exporter, port) as address:
        click.echo(f"metrics at {address}", err=True)
        yield replace(options, listener=exporter)


def run_with_dashboard(scenario: Scenario, options: Options) -> Finished:
    """Run in a process of its own, and show it until somebody leaves."""
    from dashboards import run_live

    return run_live(scenario, options)


def conclude(console: Console, finished: Finished, replay: str, file: Path, as_json: bool, quiet: bool) -> int:
    """Write the reports, print the summary or the results for scripts, tell GitHub, and return the exit code."""
    from reports import write_reports
    from reports.replay import replay_line
    from reports.source import finished_run
    from reports.summary import summary
    from simnet.cli import github
    from simnet.cli.summary import print_summary

    with waiting("writing the reports"):
        run = finished_run(finished)
        write_reports(run)
    github.annotate([(file, finished.results, "")])
    github.add_to_summary(summary(run))
    if finished.state.interventions:  # what was injected is not in the file that was run
        replay = replay_line(finished.directory)
    if as_json:
        print_json({**finished.results.as_json(), "directory": str(finished.directory), "replay": replay})
    else:
        print_summary(console, finished.results, finished.directory, replay, quiet)
    if finished.failure is not None:
        click.echo(f"{finished.failure}\n  what was recorded until then is in {finished.directory}/", err=True)
        return HARNESS_FAILED
    return finished.results.exit_code
