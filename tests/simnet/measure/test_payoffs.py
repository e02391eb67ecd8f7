"""What answers really paid and what adversaries got aside, from logs by hand and from whole runs."""

from __future__ import annotations

import pytest

from tests.handmade import Handmade
from tests.small import play

CHEAT = {"behaviour": "random_output", "nodes": ["inference-0"], "probability": "50 %"}


@pytest.fixture
def log() -> Handmade:
    """Two inference nodes and a client; work costs next to nothing."""
    return Handmade().join("inference", "n", "m").join("full", "f").join("client", "c")


def test_what_a_batch_paid_goes_to_its_accepted_claims_by_their_fees(log: Handmade) -> None:
    log.sent("x", fee=1).sent("y", fee=3).sent("z", fee=5).cheated("n", "answer", "y")
    log.posted("a", "x", "y", "z", charged=9).rejected("a", 2).final("a", accepted=2, rejected=1, paid=8)
    assert log.value("honest_answer_payoff_opg") == pytest.approx((2 + 0) / 2)
    assert log.value("dishonest_answer_payoff_opg") == pytest.approx(6)


def test_a_slash_falls_on_the_rejected_claims_of_its_batch_or_else_on_all(log: Handmade) -> None:
    log.sent("w", "x", "y", "z", fee=0).cheated("n", "answer", "x")
    log.posted("a", "w", "x").rejected("a", 1).slashed("n", 10, batch="a")
    log.final("a", accepted=1, rejected=1)
    log.posted("b", "y", "z").slashed("n", 4, batch="b").final("b", accepted=2)
    assert log.value("dishonest_answer_payoff_opg") == pytest.approx(-10)
    assert log.value("honest_answer_payoff_opg") == pytest.approx((0 - 2 - 2) / 3)
    assert log.value("unslashed_frauds") == 0


def test_a_fraud_that_cost_no_stake_is_unslashed_until_its_node_is_slashed_for_that_batch(log: Handmade) -> None:
    log.sent("x", "y").cheated("n", "answer", "x").cheated("n", "answer", "y")
    log.posted("a", "x").posted("b", "y").rejected("a", 0).rejected("b", 0)
    assert log.value("unslashed_frauds") == 2
    log.slashed("n", 1, batch="b")
    assert log.value("unslashed_frauds") == 1


def test_what_is_settled_is_still_counted_when_it_is_forgotten(log: Handmade) -> None:
    log.sent("x", "y", fee=2).cheated("n", "answer", "y")
    log.mine().posted("a", "x", "y").rejected("a", 1).slashed("n", 3, batch="a")
    log.final("a", accepted=1, rejected=1, paid=2)
    names = ("honest_answer_payoff_opg", "dishonest_answer_payoff_opg", "tasks_finalised", "attacker_roi")
    before = log.values(*names)
    for _ in range(70):
        log.mine()
    assert not log.state.tasks
    assert not log.state.settled
    assert not log.state.dealings
    assert log.values(*names) == pytest.approx(before)
    assert before[:2] == (2, -3)


def test_money_off_chain_moves_between_accounts_and_adds_up_to_nothing_inside_the_network() -> None:
    run = play(adversaries=[CHEAT, {"behaviour": "bribed", "nodes": ["full-0"]}])
    aside = {name: node.aside for name, node in run.state.nodes.items() if node.aside}
    assert aside == {"inference-0": -aside["full-0"], "full-0": aside["full-0"]}
    assert aside["full-0"] / 1e18 == run["side_payments_opg"] > 0
    outside = play(adversaries=[{"behaviour": "selective_cheater", "nodes": ["inference-0"]}])
    assert outside.state.nodes["inference-0"].aside / 1e18 == outside["side_payments_opg"] > 0
