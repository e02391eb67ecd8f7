"""``economy.html``: the five answers and the months of an economy, in one file that needs nothing but a browser."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from chain.quantities import OPG
from chain.units import format_opg
from reports.html import page_html
from reports.plots import economy
from simnet.economy.answers import SWEPT_PATHS, Answer
from simnet.economy.figures import COLUMNS
from simnet.economy.sensitivity import Effect
from simnet.economy.study import Study
from simnet.economy.terms import terms_of

VOTES = ("month", "vote", "for, OPG", "against, OPG", "came of it")
"""Header of the table of votes."""

WORDS = {"slash_share_bps": "slash share", "slash_amount": "slash amount", "verifier_share_bps": "verifiers' share"}


def votes(study: Study) -> Iterator[tuple[str, str, str, str, str]]:
    """A row for each vote, as the governor counted it; months count from 1."""
    motions = terms_of(study.scenario).motions
    for month, ballot in study.measured.ballots.items():
        changes = motions[month].changes.items()
        what = ", ".join(
            f"{WORDS[name]} {f'{value / 100:g} %' if name.endswith('_bps') else format_opg(value)}"
            for name, value in changes
        )
        votes_for, against = (f"{wei / OPG:,.0f}" for wei in (ballot.voted_for, ballot.voted_against))
        yield str(month + 1), what, votes_for, against, "carried out" if ballot.passed else "nothing"


def write_html(study: Study, answers: Sequence[Answer], effects: Sequence[Effect], path: Path) -> None:
    """Write the page."""
    path.write_text(html(study, answers, effects), encoding="utf-8")


def html(study: Study, answers: Sequence[Answer], effects: Sequence[Effect]) -> str:
    """The page."""
    return page_html(
        "economy.html.j2",
        economy.plots(study, effects),
        study=study,
        answers=answers,
        votes=list(votes(study)),
        votes_header=VOTES,
        columns=COLUMNS,
        effects=effects,
        swept=SWEPT_PATHS,
    )
