"""``economy.html``: the five answers and the months of an economy, in one file that needs nothing but a browser."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reports.html import page_html
from reports.plots import economy
from simnet.economy.answers import SWEPT_PATHS, Answer
from simnet.economy.figures import COLUMNS
from simnet.economy.sensitivity import Effect
from simnet.economy.study import Study


def write_html(study: Study, answers: Sequence[Answer], effects: Sequence[Effect], path: Path) -> None:
    """Write the page."""
    shown = economy.plots(study, effects)
    values = {"study": study, "answers": answers, "columns": COLUMNS, "effects": effects, "swept": SWEPT_PATHS}
    path.write_text(page_html("economy.html.j2", shown, **values), encoding="utf-8")
