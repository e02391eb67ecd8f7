"""The page of a diff: what changed between two runs or comparisons, and the curves of both runs over each other."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from reports import REPORT
from reports.changes import cells
from reports.html import page_html
from reports.plots import overlay
from reports.wording import plural
from simnet.studies.comparison.change import IMPROVED, SAME, VERDICTS, WORSE, Change
from simnet.studies.comparison.diff import Difference, Side

PAGES = (REPORT, "comparison.html")
"""The page that a side has of its own, if it has been written."""


def write_html(found: Difference, path: Path, replay: str) -> None:
    """Write the page; `replay` is the command that writes it again. Raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(diff_html(found, path.parent, replay), encoding="utf-8")


def diff_html(found: Difference, directory: Path, replay: str) -> str:
    """The page's text, for a file in `directory`."""
    shown = {plot.name: plot for plot in overlay.plots(found.first, found.second)}
    return page_html(
        "diff.html.j2",
        shown,
        found=found,
        sides=[
            (letter, side, page_of(side, directory))
            for letter, side in zip("AB", (found.first, found.second), strict=True)
        ],
        outcome=outcome(found),
        verdict=verdict(found),
        changed=[cells(change) for change in found.changes if change.verdict != SAME],
        counts=[f"{sum(change.verdict == name for change in found.changes)} {name}" for name in VERDICTS],
        alone=found.alone,
        replay=replay,
    )


def page_of(side: Side, directory: Path) -> str:
    """Where the side's own page is, seen from a directory; empty if there is none."""
    page = next((side.path / name for name in PAGES if (side.path / name).is_file()), None)
    return os.path.relpath(page, directory) if page else ""


def outcome(found: Difference) -> str:
    """As the style sheet calls it: ``fail`` if a figure became worse by more than noise."""
    real = [change.direction for change in found.changes if change.is_real]
    return "fail" if WORSE in real else "pass"


def verdict(found: Difference) -> str:
    """What changed by more than noise, in a sentence or two."""
    if found.is_none:
        return "Both logs are the same, byte for byte."
    real = [change for change in found.changes if change.is_real]
    if not real:
        return "No figure changed by more than noise."
    groups = ((WORSE, "worse"), (IMPROVED, "better"), ("", "neither"))
    parts = [said(word, [one for one in real if one.direction == way]) for way, word in groups]
    return f"{plural(len(real), 'figure')} changed by more than noise. {' '.join(filter(None, parts))}"


def said(word: str, changes: Sequence[Change]) -> str:
    """The first few of these changes, under a word."""
    named = [f"{name}, {before} → {after}" for name, before, after, *_ in map(cells, changes[:3])]
    more = f"; and {len(changes) - 3} more" if len(changes) > 3 else ""
    return f"{word.capitalize()}: {'; '.join(named)}{more}." if changes else ""
