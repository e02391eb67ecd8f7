"""`simnet check`: run many scenarios, as continuous integration does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from simnet.cli.console import make_console, print_table

if TYPE_CHECKING:
    from simnet.scenario.schema import Scenario

PATTERNS = ("*.yaml", "*.yml")


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--backend", type=click.Choice(["anvil", "revm"]), help="Which chain runs the contracts.")
@click.option(
    "--junit",
    type=click.Path(path_type=Path),
    default=Path("reports/runs/junit.xml"),
    show_default=True,
    help="Where to write the JUnit file.",
)
@click.option("--fail-fast", is_flag=True, help="Stop at the first scenario that does not pass.")
def check(paths: tuple[Path, ...], backend: str | None, junit: Path, fail_fast: bool) -> int:
    """Run scenarios and fail if an expectation or invariant of any does not hold.

    \b
    simnet check scenarios/
    simnet check scenarios/honest.yaml scenarios/byzantine.yaml --junit out/junit.xml

    A directory means the scenario files in it, not those below. Every file is read before the first is run,
    so that a mistake in the last is known at once. Exit codes as for simnet run; with several reasons, the
    gravest: a harness failure, then a failed scenario, then an inconclusive one.
    """
    from reports.junit import write_junit
    from simnet.cli.run import HARNESS_FAILED, run_with_progress, set_options
    from simnet.run import Options, OutputError

    chosen = (f"chain.backend={backend}",) if backend else ()
    console = make_console()
    files = scenario_files(paths)
    scenarios = load_all(files, chosen)
    results, rows, codes = [], [], []
    for file, scenario in zip(files, scenarios, strict=True):
        options = Options(command=" ".join(["simnet", "run", str(file), *set_options(chosen)]))
        finished = run_with_progress(scenario, options)
        results.append(finished.results)
        codes.append(HARNESS_FAILED if finished.failure else finished.results.exit_code)
        why = "" if codes[-1] == 0 else finished.results.reason
        rows.append((str(file), finished.results.outcome, f"{finished.results.wall_s:.1f} s", why))
        if options.stop.requested or (fail_fast and codes[-1]):
            break
    console.print()
    print_table(console, ("scenario", "outcome", "wall", "why"), rows)
    try:
        junit.parent.mkdir(parents=True, exist_ok=True)
        write_junit(results, junit)
    except OSError as error:
        raise OutputError(f"cannot write {junit}: {error.strerror}", "choose another place with --junit FILE") from None
    console.print(f"{sum(code == 0 for code in codes)} of {len(files)} scenarios passed; {junit}")
    return next((code for code in (HARNESS_FAILED, 1, 3) if code in codes), 0)


def scenario_files(paths: tuple[Path, ...]) -> list[Path]:
    """Files that the arguments mean, in order."""
    files: list[Path] = []
    for path in paths:
        found = sorted(file for pattern in PATTERNS for file in path.glob(pattern)) if path.is_dir() else [path]
        if not found:
            raise click.UsageError(f"no scenario files in {path}")
        files += found
    return files


def load_all(files: list[Path], overrides: tuple[str, ...]) -> list[Scenario]:
    """Every scenario. Raises with the errors of all files."""
    from simnet.scenario.errors import ScenarioErrors
    from simnet.scenario.load import load_scenario

    scenarios, broken = [], []
    for file in files:
        try:
            scenarios.append(load_scenario(file, overrides))
        except ScenarioErrors as error:
            broken.append(error)
    if len(broken) == 1:
        raise broken[0]
    if broken:
        raise ScenarioErrors(f"{len(broken)} files", [problem for error in broken for problem in error.problems])
    return scenarios
