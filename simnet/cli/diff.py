"""`simnet diff`: what changed between two runs, and whether it is beyond noise."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simnet.cli.console import make_console, print_table, waiting
from simnet.cli.readings import readings

if TYPE_CHECKING:
    from rich.console import Console

    from simnet.studies.comparison.change import Change
    from simnet.studies.comparison.diff import Difference

CHANGED_FOR_THE_WORSE = 1


@click.command()
@click.argument("first", metavar="RUN_A", type=click.Path(path_type=Path))
@click.argument("second", metavar="RUN_B", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead.")
@click.option(
    "--fail-on",
    "guarded",
    multiple=True,
    metavar="METRIC",
    help="End with 1 if that figure changed beyond noise and not for the better; may be repeated.",
)
def diff(first: Path, second: Path, as_json: bool, guarded: tuple[str, ...]) -> int:
    """Say what changed from RUN_A to RUN_B: scenario, versions, figures, and which of these is more than noise.

    \b
    simnet diff reports/runs/byzantine-42-be865f9d reports/runs/latest
    simnet diff before/ after/ --fail-on detection_rate --fail-on soft_latency_ms.p95
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
    return CHANGED_FOR_THE_WORSE if any(change.is_worse for change in watched) else 0


def show(console: Console, found: Difference, watched: Sequence[Change]) -> None:
    """Everything that changed, as tables; figures that did not are only counted."""
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
    for letter, side, other in (("A", found.first, found.second), ("B", found.second, found.first)):
        if alone := [label for label in side.evidence if label not in other.evidence]:
            console.print(f"only in {letter}: {', '.join(alone)}")
    rows = [row(change) for change in found.changes if change.verdict != SAME]
    console.print()
    if rows:
        print_table(console, ("figure", "A", "B", "difference", "verdict", "why"), rows)
        console.print()
    counts = [f"{sum(change.verdict == verdict for change in found.changes)} {verdict}" for verdict in VERDICTS]
    console.print(f"figures: {', '.join(counts)}")
    for change in watched:
        console.print("; ".join(filter(None, (f"{name_of(change)}: {verdict_of(change)}", change.why))))


def verdict_of(change: Change) -> str:
    """The verdict, and whether it is good news."""
    return f"{change.verdict}, {change.direction}" if change.is_real and change.direction else change.verdict


def row(change: Change) -> tuple[str, ...]:
    """A figure's line."""
    from reports.estimates import bounds_text, written

    unit, difference = change.spec.unit, ""
    if change.difference is not None:
        sign = "+" if change.difference > 0 else ""
        interval = bounds_text(change.interval, unit)
        difference = sign + written(change.difference, unit) + (f" ({interval})" if interval else "")
    before, after = written(change.before, unit), written(change.after, unit)
    return name_of(change), before, after, difference, verdict_of(change), change.why


def name_of(change: Change) -> str:
    """The figure, and in a comparison whose."""
    from reports.estimates import heading

    return f"{change.label}: {heading(change.reading)}" if change.label else heading(change.reading)


def text(value: Any) -> str:
    """A field's value."""
    return "–" if value is None else str(value)
