"""`simnet sweep`: one scenario over a grid of its own values."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simnet.cli.batch import Progress, batch, batch_options
from simnet.cli.cases import seeds_of
from simnet.cli.console import make_console, print_json, print_table, print_whole
from simnet.cli.paths import DIRECTORY
from simnet.cli.readings import readings
from simnet.cli.scenario_name import ScenarioName

if TYPE_CHECKING:
    from rich.console import Console

    from simnet.batch.batch import Batch, Over
    from simnet.studies.comparison.evidence import Evidence
    from simnet.studies.sweep.plan import Plan, Point
    from simnet.studies.sweep.sweep import Sweep


@click.command()
@click.argument("scenario", type=ScenarioName())
@click.option("--vary", "varied", multiple=True, required=True, metavar="PATH=VALUES", help="What to vary, as below.")
@click.option("--figures", metavar="A,B,…", help="Which metrics to show; by default those of `compare` that change.")
@click.option("--seeds", metavar="N", help="How many, counting up from the scenario's; or which, such as 3,7,9.")
@click.option("--backend", type=click.Choice(["anvil", "revm"]), help="Which chain runs the contracts.")
@batch_options
@click.option("--json", "as_json", is_flag=True, help="Print sweep.json instead of the table.")
@click.option("--out", type=DIRECTORY, help="Directory, instead of one below reports/runs.")
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change the scenario at every point.")
def sweep(
    scenario: Path,
    varied: tuple[str, ...],
    figures: str | None,
    seeds: str | None,
    backend: str | None,
    jobs: int | None,
    dask: str | None,
    fresh: bool,
    as_json: bool,
    out: Path | None,
    overrides: tuple[str, ...],
) -> int:
    """Run a scenario over a grid of its own values: what each metric does as a parameter changes.

    \b
    simnet sweep byzantine --vary strategy.size=3,5,7 --seeds 5
    simnet sweep mine.yaml --vary economics.slash_share='5..50 %:6' --vary strategy.kind=committee,posp
    simnet sweep mine.yaml --vary 'clients.arrivals=poisson 1/s, poisson 4/s' --figures detection_rate

    VALUES are a list, or LOW..HIGH:COUNT with a unit after HIGH; with ' log' behind COUNT, equal ratios instead of
    equal steps. Several --vary make every combination. All points meet the same seeds. Leaves sweep.html, .csv,
    .parquet and .json; the same --out goes on where Ctrl-C ended. Exit codes: 0; 1 a run broke an invariant,
    2 bad scenario or usage, 3 interrupted, 4 a run failed.
    """
    from simnet.scenario.load import load_scenario
    from simnet.scenario.overrides import by_option
    from simnet.shipped import find_scenario
    from simnet.studies.comparison.catalogue import HEADLINE
    from simnet.studies.sweep.axis import read_axis
    from simnet.studies.sweep.plan import UNJUDGED, make_plan

    chosen = [reading for name in (figures or "").split(",") if name.strip() for reading in readings(name.strip())]
    axes = [read_axis(text) for text in varied]
    file = find_scenario(scenario)
    changes = (*overrides, *by_option("--backend", "chain.backend", backend))
    own = load_scenario(file, (*UNJUDGED, *changes))
    plan = make_plan(file, axes, changes, seeds_of(seeds, own.seed) if seeds else [own.seed])
    with batch(jobs, dask, out, fresh) as settings:
        found = carry_out(plan, settings)
    replay = shlex.join(["simnet", "sweep", str(scenario), *arguments(varied, figures, seeds, changes)])
    conclude(make_console(stderr=as_json), found, tuple(chosen or HEADLINE), bool(chosen), replay, out)
    if as_json:
        print_json(found.as_json())
    return found.exit_code


def arguments(varied: Sequence[str], figures: str | None, seeds: str | None, changes: Sequence[str]) -> list[str]:
    """What makes the same sweep again, as arguments."""
    found = [part for text in varied for part in ("--vary", text)]
    found += ["--figures", figures] if figures else []
    found += ["--seeds", seeds] if seeds else []
    return found + [part for text in changes for part in ("--set", text)]


def carry_out(plan: Plan, settings: Batch) -> Sweep:
    """Run everything, with a line for each run that is over."""
    from simnet.studies.sweep.sweep import sweep as run_all

    def tell(point: Point, over: Over[Evidence]) -> None:
        values = ", ".join(point.values)
        count(f"{values}, seed {over.work.seed}: {over.summary.state}, {over.summary.wall_s:.1f} s", over.was_known)

    with Progress(make_console(stderr=True), len(plan.points) * len(plan.seeds)) as count:
        return run_all(plan, settings, tell)


def conclude(
    console: Console, found: Sweep, wanted: tuple[str, ...], all_of_them: bool, replay: str, out: Path | None
) -> None:
    """Write the files, and print the table of the figures that change, or of all that were asked for."""
    from reports.estimates import cell_text, heading
    from reports.sweep import verdict, write_html
    from simnet.run import RUNS
    from simnet.studies.sweep.sweep import write

    directory = out or RUNS / f"sweep-{found.plan.name}-{found.digest[:8]}"
    directory.mkdir(parents=True, exist_ok=True)
    moving = found.moving(wanted)
    shown = wanted if all_of_them else moving
    same = [reading for reading in wanted if reading not in moving]
    write(found, directory)
    write_html(found, shown, same, replay, directory / "sweep.html")
    header = [*(axis.path for axis in found.plan.axes), *map(heading, shown)]
    rows = [[*one.point.values, *(cell_text(one.estimates[reading]) for reading in shown)] for one in found.reached]
    print_table(console, header, rows)
    console.print()
    if same:
        console.print(f"the same at every point: {', '.join(map(heading, same))}")
    for line in (verdict(found)[1], *found.complaints):
        console.print(line)
    console.print(f"digest  {found.digest}")
    print_whole(console, f"replay  {replay}")
    console.print(f"report  {directory / 'sweep.html'}")
    console.print(f"tables  {directory}/sweep.csv, .parquet, .json")
