"""`simnet equilibrium`: find where rational participants switch, and compare with theory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from simnet.cli.batch import Progress, batch, batch_options
from simnet.cli.console import make_console, print_table
from simnet.cli.paths import DIRECTORY

if TYPE_CHECKING:
    from rich.console import Console

    from simnet.batch.batch import Batch
    from simnet.scenario.equilibrium import Indifference
    from simnet.studies.equilibrium.probe import Probed
    from simnet.studies.equilibrium.search import Effort, Found

OUT = Path("reports/runs/equilibrium")
HEADER = ("case", "quantity", "formula", "theory", "found", "95 % interval", "choices", "tasks", "verdict")


@click.command()
@click.argument("cases", nargs=-1)
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change the scenarios: how to sabotage.")
@click.option("--backend", type=click.Choice(["anvil", "revm"]), help="Which chain runs the contracts.")
@click.option("--rounds", type=click.IntRange(1, 20), default=3, show_default=True, help="How often to look closer.")
@click.option("--runs", type=click.IntRange(2, 100), default=6, show_default=True, help="Values tried in each round.")
@click.option("--out", type=DIRECTORY, default=OUT, show_default=True, help="Directory to write to.")
@batch_options
@click.option(
    "--directory",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Where the cases are; those that come with simnet if not given.",
)
def equilibrium(
    cases: tuple[str, ...],
    overrides: tuple[str, ...],
    backend: str | None,
    rounds: int,
    runs: int,
    out: Path,
    jobs: int | None,
    dask: str | None,
    fresh: bool,
    directory: Path | None,
) -> int:
    """Sweep a quantity until rational participants switch, and compare the value with theory.

    \b
    simnet equilibrium
    simnet equilibrium EQ-1 EQ-3 --rounds 4
    simnet equilibrium EQ-1a --set economics.slash_amount='0.05 OPG'     red: S is half of what theory is told

    Leaves equilibrium.html, .csv and .parquet. Runs that --out has from before are not run again. Exit codes:
    0 all held, 1 one did not, 2 no such case or a bad file, 3 interrupted, 4 a run failed.
    """
    from simnet.scenario.overrides import by_option
    from simnet.shipped import shipped
    from simnet.studies.equilibrium.search import Effort
    from simnet.studies.truth.suite import case_files

    where = directory or shipped() / "equilibrium"
    files = case_files(where, cases)
    chosen = (*overrides, *by_option("--backend", "chain.backend", backend))
    console = make_console()
    with batch(jobs, dask, out, fresh) as settings:
        found = find_all(files, chosen, Effort(rounds, runs), settings)
    conclude(console, found, out)
    return 0 if all(one.held for one in found) else 1


def find_all(files: list[Path], overrides: tuple[str, ...], effort: Effort, settings: Batch) -> list[Found]:
    """Search all cases, saying what each run showed."""
    from simnet.studies.equilibrium.search import search

    def tell(statement: Indifference, one: Probed, was_known: bool) -> None:
        turned = f"{one.chosen.turned} of {one.chosen.n} prefer {statement.turns_to}"
        count(f"{statement.id}, {statement.vary} {one.chosen.value:.4g}: {turned} ({one.wall_s:.1f} s)", was_known)

    with Progress(make_console(stderr=True), effort.total * len(files)) as count:
        return search(files, overrides, effort, settings, tell)


def conclude(console: Console, found: list[Found], out: Path) -> None:
    """Write tables and report, and print the verdicts."""
    from reports.equilibrium import write_html
    from simnet.studies.equilibrium.tidy import write

    out.mkdir(parents=True, exist_ok=True)
    write(found, out)
    write_html(found, out / "equilibrium.html")
    console.print()
    print_table(console, HEADER, [row(one) for one in found])
    held = sum(one.held for one in found)
    console.print(f"{held} of {len(found)} cases hold")
    console.print(f"report  {out / 'equilibrium.html'}")
    console.print(f"tables  {out}/equilibrium.csv, .parquet")


def row(found: Found) -> tuple[str, ...]:
    """A case as text."""
    threshold, statement = found.threshold, found.statement
    arguments = ", ".join(f"{name} {value:g}" for name, value in statement.with_.items())
    verdict = "theory is outside" if found.is_bounded else "not bounded: search further"
    return (
        statement.id,
        statement.vary,
        f"{statement.formula}({arguments})",
        f"{found.expected:.4g}",
        f"{threshold.value:.4g}",
        f"{threshold.low:.4g} – {threshold.high:.4g}",
        f"{sum(chosen.n for chosen in found.choices):,}",
        f"{sum(one.tasks for one in found.probed):,}",
        "holds" if found.held else verdict,
    )
