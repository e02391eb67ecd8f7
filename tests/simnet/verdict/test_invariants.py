"""Invariants: each holds of a sound log and breaks on a doctored one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chain.quantities import OPG
from simnet.plugins import faults
from simnet.verdict.happened import happenings
from simnet.verdict.invariant import Finding
from simnet.verdict.invariants import ALWAYS, AT_THE_END, check_invariants
from simnet.verdict.results import Judged, judge_event, verdict
from tests.handmade import Handmade
from tests.small import play


def sound() -> Handmade:
    """A log in which everything adds up: one claim of two falls, and 10 OPG are slashed and burned."""
    log = Handmade().join("inference", "n").join("full", "f").join("client", "c", stake=1_000).books("genesis")
    log.sent("x", "y").answered("x", "y")
    log.at(2).mine(1).posted("a", "x", "y")
    log.at(4).mine(1).slashed("n", 10, batch="a").rejected("a", 1).final("a", accepted=1, rejected=1, paid=1)
    return log.at(60)


def findings(log: Handmade) -> dict[str, Finding]:
    """All of them by name."""
    return {finding.name: finding for finding in check_invariants(log.rows)}


def broken(log: Handmade) -> list[str]:
    """Names of those that do not hold."""
    return [name for name, finding in findings(log).items() if not finding.held]


def closed(log: Handmade, n: int = 90, paid: int = 1, **others: int) -> Handmade:
    """Read the balances, as they are at the end of the sound log if not said otherwise, and end the log."""
    amounts: dict[str, Any] = {"escrow": 999, "burned": 10, **others}
    return log.books(wallets={"n": paid}, bonded={"n": n}, **amounts).ended()


def test_a_sound_log_breaks_none() -> None:
    assert broken(closed(sound())) == []
    assert len(findings(closed(sound()))) == len(ALWAYS + AT_THE_END)


def test_every_finding_says_what_it_found() -> None:
    assert all(finding.detail for finding in findings(closed(sound())).values())


def fees_times(factor: int) -> Handmade:
    """The sound log, its fees multiplied wherever events tell of them."""
    log = closed(sound())
    for row in log.rows:
        for key in ("paid", "refunded", "toVerifier"):
            if row["kind"] == "contract_event" and key in row["args"]:
                row["args"][key] = str(int(row["args"][key]) * factor)
    return log


def rewarded(amount: int) -> Handmade:
    """The sound log, with a reward that nobody paid in for."""
    log = sound().event("Rewarded", "Committee", batch="a", member="@f", amount=str(amount * OPG))
    return closed(log)


def posted_again(log: Handmade) -> Handmade:
    """A second batch about a task whose claim stands already, and it stands too."""
    return log.sent("w").posted("b", "x", "w", charged=0).final("b", accepted=2)


def left_open(log: Handmade) -> Handmade:
    """One batch more, of one claim that costs nothing."""
    return log.posted("b", "z", charged=0)


def kept_half() -> Handmade:
    """A settlement that says that it paid all, and paid half."""
    log = Handmade().join("inference", "n").join("full", "f").join("client", "c", stake=1_000).books("genesis")
    log.sent("x", "y").posted("a", "x", "y").final("a", accepted=2, paid=2)
    return log.books(wallets={"n": 1}, escrow=998, fees=1).ended()


DOCTORED: list[tuple[str, str, Callable[[], Handmade]]] = [
    ("OPG that nobody has", "supply_is_constant", lambda: closed(sound(), missing=1)),
    ("OPG too many", "supply_is_constant", lambda: closed(sound(), missing=-1)),
    ("balances not read at the end", "supply_is_constant", lambda: sound().ended()),
    ("a slash that took nothing", "ledger_agrees_with_chain", lambda: closed(sound(), n=100)),
    ("stake gone without a slash", "ledger_agrees_with_chain", lambda: closed(sound(), n=89)),
    ("slashed and not burned", "ledger_agrees_with_chain", lambda: closed(sound(), burned=9)),
    ("half of a fee kept", "ledger_agrees_with_chain", kept_half),
    ("a fee refunded and not credited", "ledger_agrees_with_chain", lambda: closed(sound(), escrow=998, fees=1)),
    ("a verifier that keeps what is not its own", "ledger_agrees_with_chain", lambda: closed(sound(), verifier=1)),
    ("bonds without a challenge", "ledger_agrees_with_chain", lambda: closed(sound(), bonds=1)),
    ("fees times ten", "ledger_agrees_with_chain", lambda: fees_times(10)),
    ("a reward of a million", "ledger_agrees_with_chain", lambda: rewarded(1_000_000)),
    ("fees times ten", "nothing_is_paid_from_nothing", lambda: fees_times(10)),
    ("a reward of a million", "nothing_is_paid_from_nothing", lambda: rewarded(1_000_000)),
    ("fees times ten", "fees_are_accounted_for", lambda: fees_times(10)),
    ("fees that stay in the batch", "fees_are_accounted_for", lambda: fees_times(0)),
    ("charged for more than was asked", "fees_are_accounted_for", lambda: closed(sound().posted("b", "x", charged=1))),
    ("final twice", "final_is_final", lambda: closed(sound().final("a", accepted=2))),
    ("rejected after finality", "final_is_final", lambda: closed(sound().rejected("a", 0))),
    ("final and never posted", "final_was_posted", lambda: closed(sound().final("b", accepted=1))),
    ("a claim beyond the count", "final_was_posted", lambda: closed(sound().posted("b", "z").rejected("b", 1))),
    ("final with a claim too many", "final_was_posted", lambda: closed(sound().posted("b", "z").final("b", 2))),
    ("final with a claim too few", "final_was_posted", lambda: closed(sound().posted("b", "z").final("b", 0))),
    ("rejected without a word", "final_was_posted", lambda: closed(sound().posted("b", "z").final("b", 0, 1))),
    (
        "a claim rejected twice",
        "final_was_posted",
        lambda: closed(sound().posted("b", "z", "w").rejected("b", 0).rejected("b", 0).final("b", 1, 1)),
    ),
    ("open for ever", "every_batch_ends", lambda: closed(left_open(sound().at(39)).at(60))),
    ("final too late", "every_batch_ends", lambda: closed(left_open(sound().at(60)).at(81).final("b", accepted=1))),
    ("a claim that stands twice", "no_claim_paid_twice", lambda: closed(posted_again(sound()))),
    ("a block number left out", "time_never_runs_back", lambda: closed(sound().mine(number=4))),
    ("a block number again", "time_never_runs_back", lambda: closed(sound().mine(number=2))),
    ("a timestamp again", "time_never_runs_back", lambda: closed(sound().at(4).mine())),
    ("a timestamp before", "time_never_runs_back", lambda: closed(sound().at(3).mine())),
    ("a task answered twice", "no_task_twice", lambda: closed(sound().answered("x"))),
]


@pytest.mark.parametrize(("name", "doctored"), [pytest.param(n, d, id=f"{n}: {why}") for why, n, d in DOCTORED])
def test_a_doctored_log_breaks_the_invariant_that_it_offends(name: str, doctored: Callable[[], Handmade]) -> None:
    assert name in broken(doctored())


def test_every_invariant_is_shown_to_break() -> None:
    assert {name for _, name, _ in DOCTORED} == {invariant.name for invariant in ALWAYS + AT_THE_END}


@pytest.mark.parametrize(
    "healthy",
    [
        pytest.param(lambda: left_open(sound().at(60)).at(80), id="open and due at the very end"),
        pytest.param(lambda: left_open(sound().at(60)).at(80).final("b", accepted=1).at(90), id="final when due"),
        pytest.param(
            lambda: left_open(sound().at(60)).at(70).add("fault_injected", **fault("heal")).at(90),
            id="disturbed by a fault",
        ),
        pytest.param(lambda: left_open(sound().at(60)).at(70).cheated("n", "fetch", "b").at(90), id="by an adversary"),
        pytest.param(lambda: sound().at(60).add("fault_injected", **fault("crash")).at(99), id="nothing open"),
    ],
)
def test_a_batch_may_be_open_until_its_time_is_over_counted_from_the_last_disturbance(
    healthy: Callable[[], Handmade],
) -> None:
    assert broken(closed(healthy())) == []


def test_a_disturbance_excuses_for_the_stated_time_and_no_longer() -> None:
    log = left_open(sound().at(60)).at(70).add("fault_injected", **fault("heal")).at(91)
    assert broken(closed(log)) == ["every_batch_ends"]
    assert "1 of 2 batches" in findings(closed(log))["every_batch_ends"].detail


def test_while_a_fault_keeps_somebody_down_nothing_is_due_and_the_finding_says_so() -> None:
    down = left_open(sound().at(60)).at(70).add("fault_injected", **fault("crash", condition="down", lasts=True))
    found = findings(closed(down.at(1_000)))["every_batch_ends"]
    assert (found.held, found.detail) == (True, "not judged, since a fault never ended: n crashed")
    assert broken(closed(down.add("fault_ended", **fault("crash"), whole=True).at(1_021))) == ["every_batch_ends"]


def test_a_fault_without_an_end_that_stops_nobody_excuses_nothing() -> None:
    log = left_open(sound().at(60)).at(70).add("fault_injected", **fault("price", lasts=True)).at(1_000)
    assert broken(closed(log)) == ["every_batch_ends"]


def fault(verb: str, condition: str = "", lasts: bool = False) -> dict[str, Any]:
    """What a record of a fault holds."""
    return {"fault": 1, "verb": verb, "says": "n crashed", "targets": [], "condition": condition, "lasts": lasts}


def test_where_a_log_states_no_time_nothing_is_said_of_open_batches() -> None:
    log = left_open(sound()).at(1_000)
    log.rows[0]["finality_bound_s"] = 0.0
    assert broken(closed(log)) == []


def test_a_rejection_in_the_very_block_of_finality_is_in_time() -> None:
    assert "final_is_final" not in broken(closed(sound().at(4).rejected("a", 0)))


def test_a_claim_that_fell_in_one_batch_may_stand_in_the_next() -> None:
    assert broken(closed(sound().sent("w").posted("b", "y", "w", charged=0).final("b", accepted=2))) == []


def test_what_a_reorg_undid_may_happen_again() -> None:
    log = sound().books("epoch", wallets={"n": 1}, bonded={"n": 90}, escrow=999, burned=10)
    log.at(5).add("chain_reorged", depth=1, first=2, transactions=2)
    log.at(6).mine(1, number=3).slashed("n", 10, batch="a").rejected("a", 1)
    log.final("a", accepted=1, rejected=1, paid=1)
    assert broken(closed(log)) == []


def test_what_a_reorg_undid_for_good_must_be_undone_in_the_balances() -> None:
    log = sound().at(5).add("chain_reorged", depth=1, first=2, transactions=2)
    assert broken(closed(log)) == ["ledger_agrees_with_chain"]
    again = sound().at(5).add("chain_reorged", depth=1, first=2, transactions=2)
    assert broken(again.books(escrow=998, fees=2).ended()) == []


def test_the_balances_of_a_run_that_was_cut_short_are_not_asked_for_if_they_were_never_read() -> None:
    log = sound().ended("cut short: anvil died")
    assert broken(log) == []
    assert set(findings(log)) == {invariant.name for invariant in ALWAYS}
    read = sound().books(wallets={"n": 1}, bonded={"n": 90}, escrow=999, burned=10, missing=1).ended("interrupted")
    assert "supply_is_constant" in broken(read)


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
    assert [name for name in happenings() if judge_event(name, state).held] == []


def test_what_happened_once_happened() -> None:
    log = sound().cheated("f", "vote", "a").event("Equivocation", batch="a").event("Jailed", "Staking", node="@n")
    fault = {"fault": 1, "says": "", "targets": [], "condition": "", "lasts": False}
    for verb in faults():
        log.add("fault_injected", verb=verb, **fault)
    log.add("message_sent", sender="c", receiver="n", what="x", size_bytes=1, delay_s=0, lost="loss")
    log.posted("v", "z").final("v", accepted=0, voided=1)
    log.add("chain_reorged", depth=1, first=99, transactions=0)
    state = log.slashed("f", 1, "missed_reveal").state
    assert [name for name in happenings() if not judge_event(name, state).held] == []


def test_a_real_run_breaks_none() -> None:
    run = play(adversaries=[{"behaviour": "quantize", "nodes": ["inference-0"], "probability": "30 %"}])
    assert run.broken() == []
    assert run["slashed_opg"] > 0
