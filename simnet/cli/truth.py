"""`simnet truth`: compare simnet with published formulas and tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simnet.cli.batch import Progress, batch, batch_options
from simnet.cli.console import make_console, print_json, print_table
from simnet.cli.paths import DIRECTORY, FILE

if TYPE_CHECKING:
    from simnet.batch.batch import Batch
    from simnet.studies.truth.judge import Verdict
    from simnet.studies.truth.suite import CaseResult

HEADER = ("case", "quantity", "expected", "simulated", "events", "n", "notices", "p-value", "verdict")


@click.command()
@click.argument("cases", nargs=-1)
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change the scenarios: how to sabotage.")
@click.option("--backend", type=click.Choice(["anvil", "revm"]), help="Which chain runs the contracts.")
@click.option("--tasks", type=click.IntRange(min=1), help="Ask no more than so many: enough where contracts decide.")
@click.option("--out", type=DIRECTORY, help="Keep results there, and go on with what is missing.")
@batch_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of the table.")
@click.option(
    "--directory",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Where the cases are; those that come with simnet if not given.",
)
@click.option("--markdown", type=FILE, help="Write the page of the docs as well.")
def truth(
    cases: tuple[str, ...],
    overrides: tuple[str, ...],
    backend: str | None,
    tasks: int | None,
    out: Path | None,
    jobs: int | None,
    dask: str | None,
    fresh: bool,
    as_json: bool,
    directory: Path | None,
    markdown: Path | None,
) -> int:
    """Simulate published statements and compare: exact tests at a level of 5 % for the whole suite.

    Each row says from which true values on it would fail, with a probability of 80 %. One that would not notice a
    bias of half is inconclusive.

    \b
    simnet truth
    simnet truth GT-5 GT-6
    simnet truth GT-6 --set strategy.probability=0.3     does not hold: the sampler is biased
    simnet truth GT-3c GT-7a GT-9 GT-14a --backend anvil --tasks 1500     what contracts decide, on anvil
    simnet truth --out results     again after a kill: finished cases are not run again

    Exit codes: 0 all held, 1 one did not, 2 no such case or a bad file, 3 none failed and one was
    inconclusive, or it was interrupted.
    """
    from simnet.cli.check import load_all
    from simnet.scenario.overrides import by_option
    from simnet.shipped import shipped
    from simnet.studies.truth.judge import Outcome
    from simnet.studies.truth.suite import case_files

    where = directory or shipped() / "truth"
    files = case_files(where, cases)
    limits = (*by_option("--backend", "chain.backend", backend), *by_option("--tasks", "clients.tasks", tasks))
    chosen = (*overrides, *limits)
    load_all(files, chosen)
    with batch(jobs, dask, out, fresh) as settings:
        results = run_cases(files, chosen, settings)
    console = make_console(stderr=as_json)
    if as_json:
        print_json([case_json(result) for result in results])
    rows = [row for result in results for row in table_rows(result)]
    print_table(console, HEADER, rows)
    for result in results:
        if result.broken:
            console.print(f"{result.truth.id}: {result.broken}")
    outcomes = [result.outcome for result in results]
    seconds = sum(result.wall_s for result in results)
    console.print(
        f"{outcomes.count(Outcome.HOLDS)} of {len(results)} cases hold, {sum(r.tasks for r in results):,} tasks,"
        f" {seconds:.0f} s of runs"
    )
    if markdown is not None:
        from simnet.studies.truth.document import as_markdown

        markdown.write_text(as_markdown(results), encoding="utf-8")
    if settings.stop.requested:
        return 3
    return 1 if Outcome.FAILS in outcomes else 3 if Outcome.INCONCLUSIVE in outcomes else 0


def run_cases(files: list[Path], overrides: tuple[str, ...], settings: Batch) -> list[CaseResult]:
    """Run cases, saying which is done. Order as given."""
    from simnet.batch.batch import carry_out
    from simnet.studies.truth.suite import case, case_result

    works = [case(file, overrides) for file in files]
    done = {}
    with Progress(make_console(stderr=True), len(files)) as tell:
        for over in carry_out(works, settings):
            result = case_result(files[over.number], over.work.scenario, over.summary)
            done[over.number] = result
            tell(f"{result.truth.id}: {result.outcome} ({result.wall_s:.1f} s)", over.was_known)
    return [done[number] for number in range(len(files))]


def case_json(result: CaseResult) -> dict[str, Any]:
    """A case for scripts: each of its numbers, and the outcome of all."""
    from simnet.studies.truth.document import reasons

    numbers = [
        {
            "formula": verdict.check.formula,
            "with": dict(verdict.check.with_),
            "expected": verdict.expected,
            "simulated": None if verdict.observed is None else verdict.observed.value,
            "n": 0 if verdict.observed is None else verdict.observed.n,
            "p_value": verdict.p_value,
            "outcome": str(verdict.outcome),
            "why": reasons(verdict),
        }
        for verdict in result.verdicts
    ]
    about = {"case": result.truth.id, "outcome": str(result.outcome), "broken": result.broken}
    return {**about, "tasks": result.tasks, "wall_s": result.wall_s, "numbers": numbers}


def table_rows(result: CaseResult) -> list[tuple[str, ...]]:
    """One row a number."""
    return [(result.truth.id, *cells(verdict)) for verdict in result.verdicts]


def cells(verdict: Verdict) -> tuple[str, ...]:
    """A verdict as text."""
    from simnet.studies.truth.document import events, notices, number, reasons

    arguments = ", ".join(f"{name} {value:g}" for name, value in verdict.check.with_.items())
    observed = verdict.observed
    return (
        f"{verdict.check.formula}({arguments})",
        number(verdict.expected),
        "" if observed is None else number(observed.value),
        events(verdict),
        "" if observed is None else f"{observed.n:,}",
        notices(verdict),
        "" if verdict.p_value is None else f"{verdict.p_value:.2g}",
        reasons(verdict) or str(verdict.outcome),
    )
