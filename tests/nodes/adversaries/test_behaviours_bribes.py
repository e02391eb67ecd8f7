"""Full nodes whose votes are for sale, and what a bribe costs."""

from __future__ import annotations

from typing import Any

import pytest

from chain.quantities import OPG, BatchId
from chain.seam import Call
from nodes.adversaries.behaviour import Behaviour
from nodes.adversaries.full.bribes import Bribed, Extortionist, PPlusEpsilonBribe
from nodes.effects import Check, Receive, Submit, Verdict
from nodes.records import SidePayment
from tests.driving import (
    TASK,
    Course,
    always,
    any_claim,
    attached,
    event,
    inbox,
    lies,
    mined,
    past,
    task_id,
    who,
    yielding,
)
from tests.small import Played, play

FRAUD = {"behaviour": "random_output", "nodes": ["inference-0"], "probability": "30 %"}
ME = who("full-0").address
BATCH = bytes(31) + b"\1"
NAME = BatchId("0x" + BATCH.hex())


def judging(behaviour: Behaviour, node: str = "inference-0") -> Course:
    """One check by a full node whose accomplice is inference-0."""
    check = Check(node, any_claim(), TASK, lambda: yielding())
    return past(attached(behaviour, "full-0", ["inference-0"]), check, answers={Check: always(Verdict.INVALID)})


def money(course: Course) -> list[tuple[str, str, int]]:
    """Side payments: payer, payee, wei."""
    return [(r.payer, r.payee, int(r.amount)) for r in course.records if isinstance(r, SidePayment)]


def full(count: int) -> list[str]:
    """Names of so many full nodes."""
    return [f"full-{i}" for i in range(count)]


def bought(kind: str, count: int, **more: Any) -> Played:
    """A run with one node that cheats and so many full nodes for sale."""
    return play(adversaries=[FRAUD, {"behaviour": kind, "nodes": full(count), **more}])


# -- bribed ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("price", "sold"), [("0.5 OPG", True), ("1 OPG", True), ("1.5 OPG", False)])
def test_a_bribe_is_taken_if_it_covers_the_price(price: str, sold: bool) -> None:
    course = judging(Bribed.model_validate({"bribe": "1 OPG", "price": price}))
    assert course.result == [Verdict.VALID if sold else Verdict.INVALID]
    assert lies(course) == ([("check", TASK)] if sold else [])
    assert money(course) == ([("inference-0", "full-0", OPG)] if sold else [])


def test_nobody_pays_for_the_verdict_on_a_stranger() -> None:
    course = judging(Bribed(), "inference-1")
    assert (course.result, money(course)) == ([Verdict.INVALID], [])


def test_whoever_buys_a_quorum_gets_its_fraud_through_and_pays_for_every_claim() -> None:
    run = bought("bribed", 4)
    assert run["fraud_finalised"] == run["fraud_committed"] > 5
    assert run["detection_rate"] == 0
    claims = sum(row["node"] == "inference-0" for row in run.tables.of("claim_made"))
    assert run["side_payments_opg"] == 4 * claims


def test_a_vote_that_is_bought_alone_is_lost_with_more_than_the_bribe() -> None:
    run = bought("bribed", 1)
    assert (run["fraud_finalised"], run["detection_rate"]) == (0, 1)
    assert set(run.slashes("full-0")) == {"wrong_vote"}
    lost = sum(int(row["amount"]) for row in run.tables.event("Slashed") if run.tables.names[row["node"]] == "full-0")
    assert lost / OPG > run["side_payments_opg"]


# -- p_plus_epsilon_bribe --------------------------------------------------------------------------------------


def test_the_promise_falls_due_when_the_vote_is_lost_and_covers_the_loss_and_a_little() -> None:
    believer = attached(PPlusEpsilonBribe.model_validate({"epsilon": "1 OPG"}), "full-0", ["inference-0"])
    reason = b"wrong_vote".ljust(32, b"\0")
    slash = event("Slashed", "Staking", node=ME, amount=5 * OPG, reason=reason)
    other = event("Slashed", "Staking", node=who("full-1").address, amount=5 * OPG, reason=reason)
    silence = event("Slashed", "Staking", node=ME, amount=5 * OPG, reason=b"missed_reveal".ljust(32, b"\0"))
    check = Check("inference-0", any_claim(), TASK, lambda: yielding())
    course = past(believer, check, Receive(), answers=inbox(other, silence, slash))
    assert course.result is None, "the node never hears of it"
    assert money(course) == [("inference-0", "full-0", 6 * OPG)]


def test_without_a_sold_vote_nothing_is_due() -> None:
    slash = event("Slashed", "Staking", node=ME, amount=OPG, reason=b"wrong_vote")
    assert money(past(attached(PPlusEpsilonBribe(), "full-0"), Receive(), answers=inbox(slash))) == []


def test_a_bribe_that_enough_believe_in_wins_and_costs_nothing() -> None:
    run = bought("p_plus_epsilon_bribe", 4)
    assert run["fraud_finalised"] == run["fraud_committed"] > 5
    assert run["side_payments_opg"] == 0


def test_a_bribe_that_too_few_believe_in_is_lost_and_costs_the_briber_dearly() -> None:
    run = bought("p_plus_epsilon_bribe", 1)
    assert run["fraud_finalised"] == 0
    slashed = sum(
        int(row["amount"]) for row in run.tables.event("Slashed") if run.tables.names[row["node"]] == "full-0"
    )
    assert run["side_payments_opg"] == pytest.approx(slashed / OPG + 0.1 * len(run.slashes("full-0")))


# -- extortionist ----------------------------------------------------------------------------------------------


def revealing(yielding_share: float, posted: bool = True) -> Course:
    """One reveal on a batch whose poster it knows, or not."""
    extortionist = attached(Extortionist(yielding=yielding_share), "full-0")
    if posted:
        post = event("BatchPosted", batch=BATCH, node=who("inference-0").address)
        past(extortionist, Receive(), answers=inbox(post))
    return past(extortionist, Submit(Call(ME, "Committee", "reveal", (BATCH,)), NAME), answers={Submit: mined})


def test_a_vote_that_is_paid_for_is_opened() -> None:
    course = revealing(1.0)
    assert len(course.calls) == 1
    assert money(course) == [("inference-0", "full-0", OPG)]
    assert lies(course) == [("ransom", NAME)]


@pytest.mark.parametrize(("share", "posted"), [(0.0, True), (1.0, False)])
def test_a_vote_that_is_not_paid_for_stays_hidden(share: float, posted: bool) -> None:
    course = revealing(share, posted)
    assert (course.calls, money(course)) == ([], [])
    assert lies(course) == [("reveal", NAME)]


def test_commitments_and_the_beacon_are_not_held_to_ransom() -> None:
    extortionist = attached(Extortionist(yielding=0.0), "full-0")
    calls = [Call(ME, "Committee", "commit", (BATCH,)), Call(ME, "Beacon", "reveal", (BATCH,))]
    course = past(extortionist, *(Submit(call, NAME) for call in calls), answers={Submit: mined})
    assert (course.calls, lies(course)) == (calls, [])


def test_whether_a_node_pays_is_drawn_by_the_batch() -> None:
    extortionist = attached(Extortionist(yielding=0.3), "full-0")
    posts = [event("BatchPosted", batch=bytes.fromhex(task_id(i)[2:]), node=who("inference-0").address)
             for i in range(200)]  # fmt: skip
    past(extortionist, *(Receive() for _ in posts), answers=inbox(*posts))
    reveals = [Submit(Call(ME, "Committee", "reveal"), task_id(i)) for i in range(200)]
    course = past(extortionist, *reveals, answers={Submit: mined})
    assert len(course.calls) == pytest.approx(60, abs=25)


def test_two_of_five_can_hold_the_quorum_to_ransom_and_lose_stake_where_nobody_pays() -> None:
    paying = play(adversaries=[{"behaviour": "extortionist", "nodes": full(2), "yielding": 1}])
    assert paying["quorum_failures"] == 0
    assert paying["side_payments_opg"] == 2 * len(paying.tables.event("BatchFinal"))
    assert paying["attacker_roi"] > 0
    defiant = play(adversaries=[{"behaviour": "extortionist", "nodes": full(2), "yielding": 0}])
    assert defiant["quorum_failures"] > 50
    assert set(defiant.slashes()) == {"missed_reveal"}
    assert (defiant["side_payments_opg"], defiant["false_slash_rate"]) == (0, 0)
    assert defiant["attacker_roi"] < 0


def test_one_of_five_holds_nobody_to_ransom() -> None:
    run = play(adversaries=[{"behaviour": "extortionist", "nodes": full(1), "yielding": 0}])
    assert run["quorum_failures"] == 0
    assert run["tasks_finalised"] == run["tasks_total"]
