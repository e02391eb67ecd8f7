"""`simnet diff`: what changed between two runs, and whether it is beyond noise."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simnet.cli.console import make_console, open_page, print_table, waiting
from simnet.cli.paths import FILE
from simnet.cli.readings import readings

if TYPE_CHECKING:
    from rich.console import Console

    from simnet.studies.comparison.change import Change
    from simnet.studies.comparison.diff import Difference

CHANGED_FOR_THE_WORSE = 1

PAGE = "diff.html"
"""The name of the page, where nobody chose one."""


@click.command()
@click.argument("first", metavar="RUN_A", type=click.Path(path_type=Path))
@click.argument("second", metavar="RUN_B", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead.")
@click.option("--html", "page", type=FILE, metavar="FILE", help="Write a page with curves of both.")
@click.option("--open", "opens", is_flag=True, help="Open the page in a browser; without --html, RUN_B/diff.html.")
@click.option(
    "--fail-on",
    "guarded",
    multiple=True,
    metavar="METRIC",
    help="End with 1 if that figure changed beyond noise and not for the better; may be repeated.",
)
def diff(first: Path, second: Path, as_json: bool, page: Path | None, opens: bool, guarded: tuple[str, ...]) -> int:
    """Say what changed from RUN_A to RUN_B: scenario, versions, figures, and which of these is more than noise.

    \b
    simnet diff reports/runs/byzantine-42-be865f9d reports/runs/latest
    simnet diff before/ after/ --fail-on detection_rate --fail-on soft_latency_ms.p95
    simnet diff before/ after/ --open           a page with the curves of both runs over each other
    simnet diff comparison-a/ comparison-b/     directories that simnet compare left

    Figures are computed anew from both logs. Under one seed, counts and sums differ for no other reason than the
    change, and are called exact; rates and percentiles are tested. Exit codes: 0; 1 with --fail-on; 2 not a run.
    """
    from reports.sides import read_sides
    from simnet.studies.comparison.diff import diff as hold_against

    guarded_readings = [reading for name in guarded for reading in readings(name)]
    with waiting("reading both logs"):
        found = hold_against(*read_sides(first, second))
    watched = [change for change in found.changes if change.reading in guarded_readings]
    if as_json:
        click.echo(json.dumps(found.as_json(), indent=2, ensure_ascii=False))
    else:
        show(make_console(), found, watched)
    if page or opens:
        write_page(found, page or second / PAGE, opens)
    return CHANGED_FOR_THE_WORSE if any(change.is_worse for change in watched) else 0


def write_page(found: Difference, path: Path, opens: bool) -> None:
    """Write the page, say where it is, and open it if that is wanted. Raises `OutputError`."""
    from reports.diff import write_html
    from simnet.run import OutputError

    sides = [str(side.path) for side in (found.first, found.second)]
    try:
        write_html(found, path, shlex.join(["simnet", "diff", *sides, "--html", str(path)]))
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}", "choose another place with --html FILE") from None
    click.echo(f"page  {path}", err=True)
    if opens:
        open_page(path)


def show(console: Console, found: Difference, watched: Sequence[Change]) -> None:
    """Everything that changed, as tables; figures that did not are only counted."""
    from reports.changes import cells, name_of, verdict_of
    from simnet.studies.comparison.change import SAME, VERDICTS

    for letter, side in (("A", found.first), ("B", found.second)):
        console.print(f"{letter}  {side.path}  {side.about}")
    if found.is_none:
        console.print("Both logs are the same, byte for byte.")
    for title, changed in (("scenario", found.scenario), ("versions", found.versions)):
        console.print()
        if changed:
            print_table(console, (title, "A", "B"), [(path, text(one), text(other)) for path, one, other in changed])
        else:
            console.print(f"{title}: no difference")
    for letter, labels in found.alone.items():
        console.print(f"only in {letter}: {', '.join(labels)}")
    rows = [cells(change) for change in found.changes if change.verdict != SAME]
    console.print()
    if rows:
        print_table(console, ("figure", "A", "B", "difference", "verdict", "why"), rows)
        console.print()
    counts = [f"{sum(change.verdict == verdict for change in found.changes)} {verdict}" for verdict in VERDICTS]
    console.print(f"figures: {', '.join(counts)}")
    for change in watched:
        console.print("; ".join(filter(None, (f"{name_of(change)}: {verdict_of(change)}", change.why))))


def text(value: Any) -> str:
    """A field's value."""
    return "–" if value is None else str(value)
