"""``sweep.html``: what each figure does as a parameter changes, in one file that needs nothing but a browser."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reports.estimates import heading, interval_text, value_text
from reports.html import page_html
from reports.plots.sweep import plots
from reports.wording import plural
from simnet.studies.sweep.sweep import Sweep


def write_html(found: Sweep, shown: Sequence[str], same: Sequence[str], replay: str, path: Path) -> None:
    """Write the page: `shown` are the figures that it draws, `same` those that are the same at every point."""
    path.write_text(sweep_html(found, shown, same, replay), encoding="utf-8")


def sweep_html(found: Sweep, shown: Sequence[str], same: Sequence[str], replay: str) -> str:
    """The page's text."""
    return page_html(
        "sweep.html.j2",
        plots(found, shown),
        found=found,
        readings=shown,
        same=same,
        heading=heading,
        rows=[
            [(value_text(one.estimates[reading]), interval_text(one.estimates[reading])) for reading in shown]
            for one in found.reached
        ],
        verdict=verdict(found),
        replay=replay,
    )


def verdict(found: Sweep) -> tuple[str, str]:
    """The outcome, as the style sheet calls it, and the first sentence."""
    runs = sum(len(one.overs) for one in found.reached)
    missing = runs - sum(len(one.evidence) for one in found.reached)
    if found.exit_code in (1, 4):
        return "fail", f"Of {plural(runs, 'run')}, {plural(len(found.complaints), 'run')} failed or broke an invariant."
    if missing:
        return "inconclusive", f"{plural(missing, 'run')} of {runs:,} did not take place: interrupted."
    return "pass", f"All {plural(runs, 'run')} finished, and every invariant held."
