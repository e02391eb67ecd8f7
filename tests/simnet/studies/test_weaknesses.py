"""Known weaknesses of sessions: each costs something, its mitigation brings it to zero, and the page says how much."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from nodes.gateway.terms import MITIGATIONS, mitigated
from simnet.cli.main import main
from simnet.cli.weaknesses import page
from simnet.studies.weaknesses import DEV2, MOVES, Move, Outcome, outcome, outcomes
from tests.source import ROOT


@cache
def found() -> dict[str, dict[str, Outcome]]:
    return {move.name: results for move, results in outcomes()}


HOSTILE = [move for move in MOVES if move.mitigation]


@pytest.mark.parametrize("move", HOSTILE, ids=lambda move: move.name)
def test_a_weakness_costs_something_and_nothing_with_its_mitigation(move: Move) -> None:
    results = found()[move.name]
    assert results["dev2"].lost > 0
    assert results["mitigated"].lost == 0
    assert results["mitigated"].served > 0, "the gateway still serves"


def test_honest_clients_pay_exactly_what_they_owe_under_all_terms() -> None:
    assert {result.lost for result in found()["honest"].values()} == {0}


@pytest.mark.parametrize("move", MOVES, ids=lambda move: move.name)
def test_all_mitigations_together_leave_nothing_to_take(move: Move) -> None:
    assert outcome(move, mitigated(DEV2, ["all"])).lost == 0


def test_of_the_weaknesses_dev8_ends_one() -> None:
    assert [name for name, results in found().items() if results["dev8"].lost == 0] == ["honest", "outlast"]


def test_every_mitigation_ends_some_weakness() -> None:
    assert {move.mitigation for move in HOSTILE} <= set(MITIGATIONS)


def test_the_page_in_the_docs_is_what_comes_of_it() -> None:
    written = (ROOT / "docs" / "weaknesses.md").read_text()
    results = [(move, found()[move.name]) for move in MOVES]
    assert written == page(results), "write it anew: simnet weaknesses --markdown > docs/weaknesses.md"


def test_the_verb_says_so(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["weaknesses"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["move", *(move.name for move in MOVES)]
