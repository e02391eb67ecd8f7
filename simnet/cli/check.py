"""`simnet check`: run many scenarios, as continuous integration does."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simnet.cli.batch import Progress, batch, batch_options
from simnet.cli.cases import Case, cases_of, filtered, under_seeds
from simnet.cli.console import make_console, print_json, print_table
from simnet.cli.exit_codes import HARNESS_FAILED
from simnet.cli.paths import DIRECTORY, FILE
from simnet.cli.scenario_name import ScenarioName

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from simnet.batch.batch import Batch, Over
    from simnet.batch.work import Read, Work
    from simnet.run import Finished
    from simnet.scenario.errors import CannotRunHere
    from simnet.scenario.schema import Scenario

PATTERNS = ("*.yaml", "*.yml")
SKIPPED = "skipped"
"""What becomes of a scenario that asks for a processor which this machine has not."""

HEADER = ("scenario", "outcome", "wall", "why")


@click.command()
@click.argument("paths", nargs=-1, required=True, type=ScenarioName())
@click.option("--backend", type=click.Choice(["anvil", "revm"]), help="Which chain runs the contracts.")
@click.option(
    "--junit",
    type=FILE,
    default=Path("reports/runs/junit.xml"),
    show_default=True,
    help="Where to write the JUnit file.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of the table.")
@click.option("--seeds", metavar="N", help="How many, counting up from each scenario's; or which, such as 3,7,9.")
@click.option(
    "--filter", "wanted", metavar="TEXT", help="Only runs with this in their name, such as tee, or reorg*tee."
)
@click.option("--reports", is_flag=True, help="Write the reports of every run, not only of those that do not pass.")
@click.option("--fail-fast", is_flag=True, help="Stop at the first scenario that does not pass.")
@click.option("--out", type=DIRECTORY, help="Keep the runs there, and go on with what is missing.")
@batch_options
def check(
    paths: tuple[Path, ...],
    backend: str | None,
    seeds: str | None,
    wanted: str | None,
    junit: Path,
    as_json: bool,
    reports: bool,
    fail_fast: bool,
    out: Path | None,
    jobs: int | None,
    dask: str | None,
    fresh: bool,
) -> int:
    """Run scenarios and fail if an expectation or invariant of any does not hold.

    \b
    simnet check honest byzantine --junit out/junit.xml
    simnet check strategies               all of a directory that comes with simnet, or of your own
    simnet check mine.yaml --seeds 20     whether it holds by luck
    simnet check fault_tolerance --filter 'reorg*tee'     some rows of a long table
    simnet check strategies --out out --jobs 8     again after a kill: finished runs are not run again

    A scenario that asks for a GPU is skipped where there is none.

    A directory means the scenario files in it, not those below. Every file is read before the first is run,
    so that a mistake in the last is known at once. A scenario whose compare section says check: true is run
    once with each of the strategies there. In a step of GitHub Actions, what does not hold is annotated
    at its line, and the step's summary has the table. Exit codes as for simnet run; with several reasons, the
    gravest: a harness failure, then a failed scenario, then an inconclusive one.
    """
    from simnet.cli import github
    from simnet.run import OutputError
    from simnet.scenario.overrides import by_option

    chosen = by_option("--backend", "chain.backend", backend)
    console = make_console(stderr=as_json)
    files = scenario_files(paths)
    scenarios, skipped = load_all(files, chosen)
    named = [case for file, one in scenarios.items() for case in cases_of(file, one)]
    cases = filtered([seeded for case in named for seeded in under_seeds(case, seeds)], wanted)
    with batch(jobs, dask, out, fresh) as settings:
        read = reported if reports else reported_unless_passed
        works = [work_of(case, chosen, out, read) for case in cases]
        overs = run_all(cases, works, settings, fail_fast)
    console.print()
    print_table(console, HEADER, [*(row(cases[over.number], over) for over in overs), *map(skipped_row, skipped)])
    github.annotate([(cases[over.number].file, over.summary.results, over.summary.reason) for over in overs])
    github.add_to_summary(markdown(cases, overs, skipped))
    try:
        junit.parent.mkdir(parents=True, exist_ok=True)
        junit.write_bytes(junit_of(overs, skipped))
    except OSError as error:
        raise OutputError(f"cannot write {junit}: {error.strerror}", "choose another place with --junit FILE") from None
    codes = [exit_code(over) for over in overs]
    aside = f", {len(skipped)} skipped" if skipped else ""
    console.print(f"{codes.count(0)} of {len(cases)} scenarios passed{aside}; {junit}")
    if as_json:
        print_json([*(over_json(cases[over.number].file, over) for over in overs), *map(skipped_json, skipped)])
    if len(overs) < len(cases):
        codes.append(3)
    return next((code for code in (HARNESS_FAILED, 1, 3) if code in codes), 0)


def run_all(cases: list[Case], works: list[Work[None]], settings: Batch, fail_fast: bool) -> list[Over[None]]:
    """Run scenarios, saying what became of each. What was never begun is left out. Order as given."""
    from simnet.batch.batch import carry_out

    overs = []
    with Progress(make_console(stderr=True), len(works)) as tell:
        for over in carry_out(works, settings):
            if not was_begun(over):
                continue
            overs.append(over)
            shown, outcome, wall, _ = row(cases[over.number], over)
            tell(f"{shown}: {outcome} ({wall})", over.was_known)
            if fail_fast and exit_code(over):
                settings.stop.request()
    return sorted(overs, key=lambda over: over.number)


def reported(scenario: Scenario, finished: Finished) -> None:
    """Writes the reports of a run into its directory."""
    from reports import write_reports
    from reports.source import finished_run

    write_reports(finished_run(finished))


def reported_unless_passed(scenario: Scenario, finished: Finished) -> None:
    """Writes the reports of a run that did not pass: whoever looks for the reason needs them."""
    if finished.results.exit_code:
        reported(scenario, finished)


def work_of(case: Case, overrides: tuple[str, ...], out: Path | None, read: Read[None]) -> Work[None]:
    """The run of a scenario: in a directory of the usual name, or below `out`."""
    from simnet.batch.work import Work
    from simnet.cli.run import set_options

    scenario = case.scenario
    command = shlex.join(["simnet", "run", str(case.file), *case.options, *set_options((*overrides, *case.overrides))])
    work = Work(scenario, scenario.seed, None, read, command=command)
    return work if out is None else replace(work, out=out / f"{scenario.name}-{scenario.seed}-{work.key[:8]}")


def was_begun(over: Over[None]) -> bool:
    """Whether there was a run, if only a part of one."""
    from simnet.batch.work import INTERRUPTED

    return over.summary.state != INTERRUPTED or over.summary.results is not None


def row(case: Case, over: Over[None]) -> tuple[str, str, str, str]:
    """A run as text."""
    outcome, reason = outcome_of(over)
    return str(case), outcome, f"{over.summary.wall_s:.1f} s", "" if exit_code(over) == 0 else reason


def outcome_of(over: Over[None]) -> tuple[str, str]:
    """What became of a run, and why."""
    results, summary = over.summary.results, over.summary
    if results is None:
        return summary.state, summary.reason
    return results.outcome, summary.reason or results.reason


def skipped_row(error: CannotRunHere) -> tuple[str, str, str, str]:
    """A scenario that this machine cannot run, as text."""
    return error.source, SKIPPED, "–", error.problems[0].message


def skipped_json(error: CannotRunHere) -> dict[str, Any]:
    """A scenario that this machine cannot run, for scripts."""
    return {"file": error.source, "outcome": SKIPPED, "reason": error.problems[0].message}


def over_json(file: Path, over: Over[None]) -> dict[str, Any]:
    """A run for scripts."""
    results, summary = over.summary.results, over.summary
    outcome, reason = outcome_of(over)
    return {
        "file": str(file),
        "scenario": over.work.scenario.name,
        "seed": over.work.seed,
        "outcome": outcome,
        "reason": reason,
        "wall_s": summary.wall_s,
        "digest": results.digest if results is not None else None,
        "directory": str(summary.directory) if summary.directory is not None else None,
        "failed": [] if results is None else [one.expression for one in results.unmet],
    }


def markdown(cases: Sequence[Case], overs: Sequence[Over[None]], skipped: Sequence[CannotRunHere]) -> str:
    """All runs as a table of a step's summary."""
    from reports.summary import MARKS, table

    rows = []
    for over in overs:
        file, outcome, wall, why = row(cases[over.number], over)
        rows.append((f"`{file}`", MARKS.get(outcome, f"❌ {outcome}"), wall, why))
    rows += [(f"`{file}`", f"➖ {outcome}", wall, why) for file, outcome, wall, why in map(skipped_row, skipped)]
    passed = sum(exit_code(over) == 0 for over in overs)
    return f"### simnet check: {passed} of {len(cases)} scenarios passed\n\n{table(HEADER, rows)}\n"


def exit_code(over: Over[None]) -> int:
    """What `simnet run` would have ended with."""
    from simnet.batch.work import FAILED

    results = over.summary.results
    return HARNESS_FAILED if over.summary.state == FAILED or results is None else results.exit_code


def junit_of(overs: Sequence[Over[None]], skipped: Sequence[CannotRunHere]) -> bytes:
    """The JUnit file: a suite for each run, and for each that was skipped."""
    from reports.junit import document, ended_at, lost_suite, skipped_suite, suite
    from reports.replay import replay_line, run_directory

    def suite_of(over: Over[None]) -> Element:
        results, scenario = over.summary.results, over.work.scenario
        if results is None:
            return lost_suite(f"{scenario.name}-{over.work.seed}", over.summary.reason)
        directory = over.work.out or run_directory(results)
        return suite(results, replay_line(directory), ended_at(directory))

    aside = (skipped_suite(Path(error.source).stem, error.problems[0].message) for error in skipped)
    return document((*map(suite_of, overs), *aside))


def scenario_files(paths: tuple[Path, ...]) -> list[Path]:
    """Files that the arguments mean, in order."""
    from simnet.shipped import find_directory

    files: list[Path] = []
    for path in paths:
        where = find_directory(path)
        found = sorted(file for pattern in PATTERNS for file in where.glob(pattern)) if where else [path]
        if not found:
            raise click.UsageError(f"no scenario files in {path}")
        files += found
    return files


def load_all(files: list[Path], overrides: tuple[str, ...]) -> tuple[dict[Path, Scenario], list[CannotRunHere]]:
    """Every scenario, and why others cannot run on this machine. Raises with the errors of all files."""
    from simnet.scenario.errors import CannotRunHere, ScenarioErrors
    from simnet.scenario.load import load_scenario
    from simnet.shipped import find_scenario

    scenarios: dict[Path, Scenario] = {}
    broken: list[ScenarioErrors] = []
    skipped: list[CannotRunHere] = []
    for file in files:
        try:
            scenarios[file] = load_scenario(find_scenario(file), overrides, to_run=True)
        except CannotRunHere as error:
            skipped.append(error)
        except ScenarioErrors as error:
            broken.append(error)
    if len(broken) == 1:
        raise broken[0]
    if broken:
        raise ScenarioErrors(f"{len(broken)} files", [problem for error in broken for problem in error.problems])
    return scenarios, skipped
