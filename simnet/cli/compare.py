"""`simnet compare`: strategies side by side, over the same seeds."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from simnet.cli.batch import Progress, batch, batch_options
from simnet.cli.console import make_console, print_table
from simnet.cli.paths import DIRECTORY
from simnet.cli.scenario_name import ScenarioName

if TYPE_CHECKING:
    from rich.console import Console

    from simnet.batch.batch import Batch
    from simnet.studies.comparison.comparison import Comparison
    from simnet.studies.comparison.plan import Entrant, Plan
    from simnet.studies.comparison.ran import Ran

NOT_JUDGED = "Expectations of the scenario are not judged here: they are about its own strategy. Invariants are."

HOW_POOLED = (
    "Rates are pooled from the counts of all seeds (Wilson), percentiles from all observations (order statistics);"
    " all else is a mean over seeds (Student's t). Intervals hold 95 %."
)


@click.command()
@click.argument("scenario", type=ScenarioName())
@click.option("--strategies", metavar="A,B,…", help="What to compare, instead of what the scenario says.")
@click.option("--seeds", metavar="N", help="How many, counting up from the scenario's; or which, such as 3,7,9.")
@click.option("--backend", type=click.Choice(["anvil", "revm"]), help="Which chain runs the contracts.")
@batch_options
@click.option("--json", "as_json", is_flag=True, help="Print comparison.json instead of the tables.")
@click.option("--reports", is_flag=True, help="Write the reports of every run, too; the page links them.")
@click.option("--out", type=DIRECTORY, help="Directory, instead of one below reports/runs.")
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change the scenario; may be repeated.")
def compare(
    scenario: Path,
    strategies: str | None,
    seeds: str | None,
    backend: str | None,
    jobs: int | None,
    dask: str | None,
    fresh: bool,
    as_json: bool,
    reports: bool,
    out: Path | None,
    overrides: tuple[str, ...],
) -> int:
    """Run a scenario under several strategies and put what came of it side by side.

    \b
    simnet compare byzantine --strategies none,committee,full_reexecution --seeds 5
    simnet compare byzantine --strategies 'none, {kind: committee, size: 3, label: small}'
    simnet compare mine.yaml --backend revm --jobs 4     with a compare section in mine.yaml

    Each strategy meets the same requests, network and adversaries under the same seeds. Leaves
    comparison.html, .csv, .parquet and .json, and every run. Ctrl-C ends with what there is; the same --out goes
    on from there, or adds --reports.
    Exit codes: 0; 1 a run broke an invariant, 2 bad scenario, 3 interrupted, 4 a run failed.
    """
    from reports.wording import plural
    from simnet.scenario.load import load_scenario
    from simnet.shipped import find_scenario
    from simnet.studies.comparison.plan import make_plan
    from simnet.world.backends import backend_of

    plan = make_plan(
        load_scenario(find_scenario(scenario), changes(strategies, seeds, backend, overrides), to_run=True)
    )
    console = make_console(stderr=as_json)
    strategies_over = f"{len(plan.entrants)} strategies over {plural(len(plan.seeds), 'seed')}"
    console.print(f"{plan.scenario.name}: {strategies_over} on {backend_of(plan.scenario)}")
    with batch(jobs, dask, out, fresh) as settings:
        comparison = carry_out(plan, out, settings)
    if reports:
        report_runs(comparison)
    conclude(console, comparison)
    if as_json:
        click.echo((comparison.directory / "comparison.json").read_text(encoding="utf-8"), nl=False)
    return comparison.exit_code


def changes(
    strategies: str | None, seeds: str | None, backend: str | None, overrides: Sequence[str]
) -> tuple[str, ...]:
    """Everything that the command line changes in the scenario."""
    from simnet.scenario.overrides import Sourced, by_option

    found = [*overrides, *by_option("--backend", "chain.backend", backend)]
    if strategies is not None:
        found.append(Sourced(f"compare.strategies=[{strategies}]", f"--strategies {strategies}"))
    if seeds is not None:
        found.append(Sourced(f"compare.seeds={f'[{seeds}]' if ',' in seeds else seeds}", f"--seeds {seeds}"))
    return tuple(found)


def carry_out(plan: Plan, out: Path | None, settings: Batch) -> Comparison:
    """Run everything, with a line for each run that is over."""
    from simnet.studies.comparison.compare import Options
    from simnet.studies.comparison.compare import compare as carry_out_plan

    def tell(ran: Ran, was_known: bool) -> None:
        count(f"{ran.label}, seed {ran.seed}: {ran.account}", was_known)

    with Progress(make_console(stderr=True), len(plan.entrants) * len(plan.seeds)) as count:
        return carry_out_plan(plan, Options(out, settings, tell, shlex.join(["simnet", *sys.argv[1:]])))


def report_runs(comparison: Comparison) -> None:
    """Write the reports of every run that finished and has none."""
    from reports import REPORT, write_reports
    from reports.source import load_run

    finished = [(ran, comparison.directory / ran.directory) for ran in comparison.ran if ran.digest]
    with Progress(make_console(stderr=True), len(finished)) as count:
        for ran, directory in finished:
            known = (directory / REPORT).is_file()
            if not known:
                write_reports(load_run(directory))
            count(f"report of {ran.label}, seed {ran.seed}", known)


def conclude(console: Console, comparison: Comparison) -> None:
    """Write the report, and print the table with what must be known to read it."""
    from reports.comparison import write_html

    write_html(comparison, comparison.directory / "comparison.html")
    print_figures(console, comparison)
    console.print()
    console.print(HOW_POOLED)
    console.print(NOT_JUDGED)
    for line in comparison.complaints:
        console.print(line)
    console.print(f"report  {comparison.directory / 'comparison.html'}")
    console.print(f"tables  {comparison.directory}/comparison.csv, .parquet, .json")


def print_figures(console: Console, comparison: Comparison) -> None:
    """A line for each figure and a column for each strategy; as many columns at a time as a terminal has room for."""
    from reports.estimates import cell_text, heading
    from simnet.studies.comparison.catalogue import HEADLINE

    first = ["", "runs finished", *(heading(reading) for reading in HEADLINE)]
    columns = []
    for entrant in comparison.plan.entrants:
        figures = [comparison.estimates[entrant.label][reading] for reading in HEADLINE]
        columns.append([entrant.label, tally(comparison, entrant), *map(cell_text, figures)])
    for block in fitted(console, first, columns):
        console.print()
        header, *rows = zip(first, *block, strict=True)
        print_table(console, header, rows)


def tally(comparison: Comparison, entrant: Entrant) -> str:
    """How many runs of a strategy ended how."""
    ran = comparison.of(entrant)
    counts = Counter(one.summary.state for one in ran)
    others = [f", {count} {state}" for state, count in counts.items() if state != "finished"]
    return f"{counts['finished']} of {len(ran)}{''.join(others)}"


def fitted(console: Console, first: list[str], columns: list[list[str]]) -> Iterator[list[list[str]]]:
    """The columns in blocks that fit beside the first one."""

    def width(column: list[str]) -> int:
        return 2 + max(map(len, column))

    block: list[list[str]] = []
    for column in columns:
        full = width(first) + sum(map(width, block)) + width(column) > console.width
        if block and full and console.is_terminal:
            yield block
            block = []
        block.append(column)
    yield block
