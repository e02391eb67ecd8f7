"""``equilibrium.html``: indifference thresholds against theory, in one file that needs nothing but a browser."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reports.html import page_html
from reports.plots import indifference
from simnet.studies.equilibrium.search import Found


def write_html(found: Sequence[Found], path: Path) -> None:
    """Write the page."""
    path.write_text(equilibrium_html(found), encoding="utf-8")


def equilibrium_html(found: Sequence[Found]) -> str:
    """The page's text."""
    plots = {plot.name: plot for plot in map(indifference.plot, found)}
    held = sum(one.held for one in found)
    sentence = f"{held} of {len(found)} indifference thresholds agree with theory."
    verdict = ("pass" if held == len(found) else "fail", sentence)
    return page_html("equilibrium.html.j2", plots, found=found, verdict=verdict)
