"""Known weaknesses of payments: each costs something, its mitigation brings it to zero, and the page says how much."""

from __future__ import annotations

from functools import cache

import pytest

from nodes.gateway.terms import MITIGATIONS, mitigated
from simnet.cli.main import main
from simnet.cli.weaknesses import page
from simnet.studies.records import ATTESTED, LEDGER, RECORD_MOVES
from simnet.studies.weaknesses import MOVES, VERSIONS, Move, Row, outcome, row
from tests.source import ROOT

ALL = (*MOVES, *RECORD_MOVES)
HOSTILE = [move for move in ALL if move.mitigation]
FIRST = {move.mitigation: move.name for move in reversed(HOSTILE)}
"""One move for each mitigation: `make test` plays these, `make long` all of them."""


@cache
def played(name: str) -> Row:
    """What comes of the move of that name; takes half a second."""
    return row(next(move for move in ALL if move.name == name))


def found() -> dict[str, Row]:
    """What comes of every move."""
    return {move.name: played(move.name) for move in ALL}


def slow_unless(is_quick: bool) -> tuple[pytest.MarkDecorator, ...]:
    """The marks of a case."""
    return () if is_quick else (pytest.mark.long,)


def test_there_are_as_many_hostile_moves_as_promised() -> None:
    assert len(HOSTILE) >= 20


@pytest.mark.parametrize(
    "move", [pytest.param(move, id=move.name, marks=slow_unless(move.name in FIRST.values())) for move in HOSTILE]
)
def test_a_weakness_costs_something_and_nothing_with_its_mitigation(move: Move) -> None:
    plain, safe = played(move.name).found.values(), played(move.name).mitigated.values()
    assert max(outcome.lost for outcome in plain) > 0
    assert {outcome.lost for outcome in safe} == {0}
    assert all(outcome.served > 0 for outcome in safe), "the gateway still serves"


@pytest.mark.parametrize("name", ["honest", "forge", "twice", "recorded"])
def test_honest_clients_pay_exactly_what_they_owe_and_forgers_get_nothing(name: str) -> None:
    assert {outcome.lost for outcome in played(name).found.values()} == {0}


@pytest.mark.parametrize(
    "move", [pytest.param(move, id=move.name, marks=slow_unless(move.name in FIRST.values())) for move in MOVES]
)
def test_all_mitigations_of_sessions_together_leave_nothing_to_take(move: Move) -> None:
    names = [name for name in MITIGATIONS if name != "prepay"]
    if "dev2" not in move.lacks and move.mitigation != "prepay":
        assert outcome(move, mitigated(VERSIONS["dev2"], names), "dev2").lost == 0
    if "2.15.0" not in move.lacks:
        assert outcome(move, mitigated(VERSIONS["2.15.0"], ["all"]), "2.15.0").lost == 0


@pytest.mark.long
def test_what_a_version_ends() -> None:
    ended = {
        version: [name for name, one in found().items() if version in one.found and one.found[version].lost == 0]
        for version in VERSIONS
    }
    assert sorted(ended["dev8"]) == sorted([*ended["dev2"], "outlast", "bad_gateway"])
    assert {"replay", "amnesia"} <= set(ended["2.15.0"])


def test_every_mitigation_is_of_use() -> None:
    assert {move.mitigation for move in HOSTILE} == {*MITIGATIONS, LEDGER, ATTESTED}


@pytest.mark.long
def test_the_page_in_the_docs_is_what_comes_of_it() -> None:
    written = (ROOT / "docs" / "weaknesses.md").read_text()
    results = [found()[move.name] for move in ALL]
    assert written == page(results), "write it anew: simnet weaknesses --markdown > docs/weaknesses.md"


@pytest.mark.long
def test_the_verb_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["weaknesses"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["move", *(move.name for move in ALL)]
