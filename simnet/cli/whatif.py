"""`simnet whatif`: the page for a vote, two parameter sets on the same scenarios and seeds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from simnet.cli.batch import Progress, batch, batch_options
from simnet.cli.console import make_console, print_json, print_table
from simnet.cli.paths import DIRECTORY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from simnet.batch.batch import Batch, Over
    from simnet.studies.whatif.parameters import ParameterSet
    from simnet.studies.whatif.punished import Witnessed
    from simnet.studies.whatif.whatif import Subject, WhatIf

OUT = Path("reports/runs")


@click.command()
@click.argument("first", metavar="A", type=click.Path(path_type=Path))
@click.argument("second", metavar="B", type=click.Path(path_type=Path))
@click.option("--on", "files", multiple=True, type=click.Path(path_type=Path), help="A scenario; may be repeated.")
@click.option("--seeds", type=click.IntRange(1, 1_000), default=3, show_default=True, help="How many, counting from 1.")
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change the scenarios on both sides.")
@click.option("--no-run", is_flag=True, help="Only name what can never act.")
@batch_options
@click.option("--json", "as_json", is_flag=True, help="Print whatif.json instead of tables.")
@click.option("--out", type=DIRECTORY, help="Directory, instead of one below reports/runs.")
def whatif(
    first: Path,
    second: Path,
    files: tuple[Path, ...],
    seeds: int,
    overrides: tuple[str, ...],
    no_run: bool,
    jobs: int | None,
    dask: str | None,
    fresh: bool,
    as_json: bool,
    out: Path | None,
) -> int:
    """Say what changes if parameter set B is voted for instead of A: who is punished, when, rightly or wrongly.

    \b
    simnet whatif whatif/sets/today whatif/sets/strict
    simnet whatif mine.yaml theirs.yaml --on byzantine --on fault_tolerance/outage --seeds 5
    simnet whatif mine.yaml theirs.yaml --no-run     name what can never act

    A set is a file with a name and `set: {path: value}`, or `proposal: 0x…`, calldata of a vote. Without --on, a rogue
    node, an outage of half of the honest fleet, and a degraded node. Leaves one page as HTML, Markdown, CSV and JSON.
    Exit codes: 0; 2 a bad file, 3 interrupted, 4 a run failed.
    """
    from simnet.scenario.formats import PARAMETER_SET
    from simnet.shipped import find_scenario, shipped
    from simnet.studies.whatif.parameters import load_set
    from simnet.studies.whatif.whatif import subject

    sets = load_set(find_scenario(first, PARAMETER_SET)), load_set(find_scenario(second, PARAMETER_SET))
    chosen = [find_scenario(file) for file in files] or sorted((shipped() / "whatif").glob("*.yaml"))
    subjects = [subject(file, sets, overrides) for file in chosen]
    console = make_console()
    if no_run:
        print_idle(console, subjects)
        return 0
    with batch(jobs, dask, out, fresh) as settings:
        found = carry_out(sets, subjects, range(1, seeds + 1), settings)
    replay = ["simnet", "whatif", str(first), str(second), *(part for file in files for part in ("--on", str(file)))]
    replay += ["--seeds", str(seeds), *(part for one in overrides for part in ("--set", one))]
    where = out or OUT / f"whatif-{sets[0].name}-{sets[1].name}-{found.digest[:8]}"
    conclude(console, found, replay, where, as_json)
    return 0


def carry_out(
    sets: tuple[ParameterSet, ParameterSet], subjects: Sequence[Subject], seeds: Sequence[int], settings: Batch
) -> WhatIf:
    """Run everything, with a line for each run that is over."""
    from simnet.studies.whatif.whatif import LETTERS, what_if

    def tell(over: Over[Witnessed]) -> None:
        letter = LETTERS[over.number // len(seeds) % len(LETTERS)]
        count(f"{over.work.scenario.name}, {letter}, seed {over.work.seed}: {over.summary.state}", over.was_known)

    with Progress(make_console(stderr=True), len(subjects) * len(LETTERS) * len(seeds)) as count:
        return what_if(sets, subjects, seeds, settings, tell)


def print_idle(console: Console, subjects: Sequence[Subject]) -> None:
    """What can never act, without a run."""
    from simnet.studies.whatif.whatif import LETTERS

    rows = [
        (one.name, letter, text)
        for one in subjects
        for letter, never in zip(LETTERS, one.idle, strict=True)
        for text in never
    ]
    without = "everything can act, as far as can be told without a run"
    print_table(console, ("scenario", "set", "can never act"), rows, without)


def conclude(console: Console, found: WhatIf, replay: list[str], out: Path, as_json: bool) -> None:
    """Write the page in all its forms, and print what it says."""
    import orjson

    from reports.whatif import (
        NOBODY_PUNISHED,
        SLASHED,
        changes,
        nothing_changes,
        punished,
        slashed,
        verdict,
        write_pages,
    )

    out.mkdir(parents=True, exist_ok=True)
    write_pages(found, replay, out)
    found.tidy().to_csv(out / "whatif.csv", index=False)
    (out / "whatif.json").write_bytes(orjson.dumps(found.as_json(), option=orjson.OPT_INDENT_2))
    if as_json:
        print_json(found.as_json())
        return
    print_idle(console, [one.subject for one in found.seen])
    for seen in found.seen:
        console.print()
        name, seeds = seen.subject.name, len(found.seeds)
        rows = list(punished(seen, seeds))
        print_table(console, (f"{name}: punished", "A", "B"), rows, f"{name}: {NOBODY_PUNISHED}")
        header = (f"{name}: beyond noise", "A", "B", "difference", "")
        print_table(console, header, list(changes(seen)), f"{name}: {nothing_changes(seeds)}")
    console.print()
    print_table(console, SLASHED, list(slashed(found)))
    console.print(verdict(found))
    console.print(f"digest  {found.digest}")
    console.print(f"pages   {out}/whatif.html, .md, .csv, .json")
