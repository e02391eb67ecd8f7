"""Invariants: each holds of a sound log and breaks on a doctored one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chain.quantities import TOTAL_SUPPLY
from simnet.verdict.happened import HAPPENINGS
from simnet.verdict.invariants import ALWAYS, AT_THE_END, Finding, check_invariants
from simnet.verdict.results import Judged, judge_event, verdict
from tests.handmade import Handmade
from tests.small import play


def sound() -> Handmade:
    """A log in which everything adds up: one claim of two falls, and 10 OPG are slashed and burned."""
    log = Handmade().join("inference", "n").join("full", "f").join("client", "c", stake=1_000)
    log.sent("x", "y").answered("x", "y")
    log.at(2).mine(1).posted("a", "x", "y")
    log.at(4).mine(1).slashed("n", 10).rejected("a", 1).final("a", accepted=1, rejected=1)
    return log.at(60)


def findings(log: Handmade) -> dict[str, Finding]:
    """All of them by name."""
    return {finding.name: finding for finding in check_invariants(log.tables)}


def broken(log: Handmade) -> list[str]:
    """Names of those that do not hold."""
    return [name for name, finding in findings(log).items() if not finding.held]


def closed(log: Handmade, burned: int = 10, n: int = 90, **books: Any) -> Handmade:
    """Read the books and end the log."""
    return log.books({"n": n, "f": 100}, burned, **books).ended()


def test_a_sound_log_breaks_none() -> None:
    assert broken(closed(sound())) == []
    assert len(findings(closed(sound()))) == len(ALWAYS + AT_THE_END)


def test_every_finding_says_what_it_found() -> None:
    assert all(finding.detail for finding in findings(closed(sound())).values())


DOCTORED: list[tuple[str, str, Callable[[], Handmade]]] = [
    ("a wei too few", "supply_is_constant", lambda: closed(sound(), accounted=TOTAL_SUPPLY - 1)),
    ("a wei too many", "supply_is_constant", lambda: closed(sound(), accounted=TOTAL_SUPPLY + 1)),
    ("books never read", "supply_is_constant", lambda: sound().ended()),
    ("a slash that took nothing", "log_agrees_with_stake", lambda: closed(sound(), n=100)),
    ("stake gone without a slash", "log_agrees_with_stake", lambda: closed(sound(), n=89)),
    ("slashed and not burned", "burned_is_slashed", lambda: closed(sound(), burned=9)),
    ("final twice", "final_is_final", lambda: closed(sound().final("a", accepted=2))),
    ("rejected after finality", "final_is_final", lambda: closed(sound().rejected("a", 0))),
    ("a block number left out", "time_never_runs_back", lambda: closed(sound().mine(number=4))),
    ("a block number again", "time_never_runs_back", lambda: closed(sound().mine(number=2))),
    ("a timestamp again", "time_never_runs_back", lambda: closed(sound().at(4).mine())),
    ("a timestamp before", "time_never_runs_back", lambda: closed(sound().at(3).mine())),
    ("a task answered twice", "no_task_twice", lambda: closed(sound().answered("x"))),
]


@pytest.mark.parametrize(("name", "doctored"), [pytest.param(n, d, id=why) for why, n, d in DOCTORED])
def test_a_doctored_log_breaks_the_invariant_that_it_offends(name: str, doctored: Callable[[], Handmade]) -> None:
    assert name in broken(doctored())


def test_every_invariant_is_shown_to_break() -> None:
    assert {name for _, name, _ in DOCTORED} == {invariant.__name__ for invariant in ALWAYS + AT_THE_END}


def test_more_may_be_burned_than_slashes_burned() -> None:
    """Rewards that nobody earned are burned too."""
    assert broken(closed(sound(), burned=11)) == []


def test_a_rejection_in_the_very_block_of_finality_is_in_time() -> None:
    assert broken(closed(sound().at(4).rejected("a", 0))) == []


def test_what_a_reorg_undid_may_happen_again() -> None:
    log = sound().at(5).add("chain_reorged", depth=1, first=2, transactions=2)
    log.at(6).mine(1, number=3).slashed("n", 10).rejected("a", 1).final("a", accepted=1, rejected=1)
    assert broken(closed(log)) == []


def test_the_books_of_a_run_that_was_cut_short_are_not_asked_for_if_they_were_never_read() -> None:
    log = sound().ended("cut short: anvil died")
    assert broken(log) == []
    assert set(findings(log)) == {invariant.__name__ for invariant in ALWAYS}
    read = sound().books({"n": 90, "f": 100}, 10, accounted=1).ended("interrupted")
    assert broken(read) == ["supply_is_constant"]


# -- the verdict ---------------------------------------------------------------------------------------------

HELD, MISSED = Judged("a > 0", 1, True, "a is 1"), Judged("b > 0", 0, False, "b is 0, expected b > 0")
SOUND, BROKEN = Finding("sound", True, "fine"), Finding("leaky", False, "a wei is missing")


@pytest.mark.parametrize(
    ("expectations", "sometimes", "invariants", "ended", "outcome", "reason"),
    [
        ((HELD,), (HELD,), (SOUND,), "completed", "pass", "every expectation and invariant held"),
        ((), (), (SOUND,), "completed", "pass", "every expectation and invariant held"),
        ((HELD, MISSED), (), (SOUND,), "completed", "fail", "1 of 2 expectations did not hold: b is 0"),
        ((HELD,), (MISSED,), (SOUND,), "completed", "fail", "never happened: b > 0"),
        ((HELD,), (), (SOUND, BROKEN), "completed", "fail", "invariant broken: leaky: a wei is missing"),
        ((MISSED,), (MISSED,), (SOUND,), "interrupted", "inconclusive", "the run was interrupted"),
        ((HELD,), (), (SOUND, BROKEN), "interrupted", "fail", "invariant broken: leaky"),
        ((HELD,), (), (SOUND,), "cut short: anvil died", "inconclusive", "the run was cut short: anvil died"),
    ],
)
def test_a_broken_invariant_fails_any_run_and_a_missed_expectation_only_a_completed_one(
    expectations: Any, sometimes: Any, invariants: Any, ended: str, outcome: str, reason: str
) -> None:
    found, why = verdict(expectations, sometimes, invariants, ended)
    assert found == outcome
    assert why.startswith(reason)


# -- sometimes -----------------------------------------------------------------------------------------------


def test_every_event_that_a_scenario_may_ask_for_can_be_looked_for() -> None:
    state = Handmade().state
    assert [name for name in HAPPENINGS if judge_event(name, state).held] == []


def test_what_happened_once_happened() -> None:
    log = sound().cheated("f", "vote", "a").event("Equivocation", batch="a").event("Jailed", "Staking", node="@n")
    fault = {"fault": 1, "says": "", "targets": [], "condition": "", "lasts": False}
    log.add("fault_injected", verb="partition", **fault).add("fault_injected", verb="crash", **fault)
    log.add("message_sent", sender="c", receiver="n", what="x", size_bytes=1, delay_s=0, lost="loss")
    log.posted("v", "z").final("v", accepted=0, voided=1)
    log.add("chain_reorged", depth=1, first=99, transactions=0)
    state = log.slashed("f", 1, "missed_reveal").state
    assert [name for name in HAPPENINGS if not judge_event(name, state).held] == []


def test_a_real_run_breaks_none() -> None:
    run = play(adversaries=[{"behaviour": "quantize", "nodes": ["inference-0"], "probability": "30 %"}])
    assert run.broken() == []
    assert run["slashed_opg"] > 0
