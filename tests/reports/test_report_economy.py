"""The report of an economy: every plot, every answer, and words for every column."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape

import pytest

from reports.economy import html, votes
from reports.plots import economy
from simnet.economy.answers import Answer, Estimate
from simnet.economy.figures import COLUMNS
from simnet.economy.sensitivity import Effect
from simnet.economy.study import OnContracts, Study, in_model
from simnet.economy.votes import Ballot
from tests.simnet.economy.worlds import small

ANSWERS = [Answer("Why?", "Because of <this>.", (Estimate("one", 1.0, 0.5, 2.0, "$", "modelled", "note"),))]
EFFECTS = [Effect("stake", f"work.{n}", method, n / 4, 0.1) for n in range(3) for method in ("morris", "sobol")]


@pytest.fixture(scope="module")
def study() -> Study:
    """A small one, whose contracts are the model for once."""
    scenario = small(paths=3, months=100)
    figures = in_model(scenario)
    first = {name: values[:1] for name, values in figures.items()}
    return Study(scenario, OnContracts((0,), first, {}, 1_234, 5, 0.1), figures)


def test_every_column_is_in_a_plot_or_has_its_word(study: Study) -> None:
    shown = economy.plots(study, EFFECTS)
    page = html(study, ANSWERS, EFFECTS)
    told = unescape(page)
    assert "Votes" not in told
    assert "1,234 transactions" in told
    assert "Because of <this>." in told
    assert all(f"<code>{name}</code>" in page for name in COLUMNS)
    assert all(f'data-plot="{name}"' in page for name in shown)
    drawn = json.loads(re.search(r'id="plots">(.*?)</script>', page, re.DOTALL)[1])  # type: ignore[index]
    assert [one["name"] for one in drawn] == list(shown)
    assert drawn[-1]["name"] == "sensitivity-1"


def test_votes_are_on_the_page_as_they_were_counted(study: Study) -> None:
    scenario = small(
        votes=[
            {"month": 2, "slash_share": 0.125, "slash_amount": "3 OPG", "for": ["airdrop"]},
            {"month": 5, "verifier_share": 0.3, "for": ["foundation"], "against": ["airdrop"]},
        ]
    )
    ballots = {2: Ballot(41 * 10**24, 0, True), 5: Ballot(10**24, 40 * 10**24, False)}
    voted = Study(scenario, replace(study.measured, ballots=ballots), study.modelled)
    assert list(votes(voted)) == [
        ("3", "slash share 12.5 %, slash amount 3 OPG", "41,000,000", "0", "carried out"),
        ("6", "verifiers' share 30 %", "1,000,000", "40,000,000", "nothing"),
    ]
    page = unescape(html(voted, ANSWERS, []))
    assert all(f">{cell}<" in page for row in votes(voted) for cell in row)


def test_a_band_holds_its_median_and_dots_are_the_contracts(study: Study) -> None:
    low, high, middle, dots = economy.fan(study, "bonded_opg", "stake", "@blue")
    assert all(a <= b <= c for a, b, c in zip(low["y"], middle["y"], high["y"], strict=True))
    assert dots["y"] == study.modelled["bonded_opg"][0].tolist()


def test_the_end_of_emission_is_marked_where_the_months_reach_it(study: Study) -> None:
    assert len(economy.plots(study, [])["rewards"].layout["shapes"]) == 1
    short = Study(small(months=14), study.measured, study.modelled)
    assert economy.plots(short, [])["rewards"].layout["shapes"] == []
