"""Full nodes whose weight is not what it seems."""

from __future__ import annotations

from typing import Any

import pytest

from chain.quantities import OPG, Wei
from nodes.adversaries.behaviour import Balance, Coalition
from nodes.adversaries.full.stakes import BorrowedStake, StakeWhale, Sybil
from nodes.effects import Note, Read, Receive, Sleep, Spawn, Submit
from tests.driving import always, attached, event, follow, inbox, lies, mined, past, refused, who
from tests.small import Played, play

FRAUD = {"behaviour": "random_output", "nodes": ["inference-0"], "probability": "30 %"}
BALANCE = Balance(Wei(90), Wei(0))
TRIO = Coalition(("full-0", "full-1", "full-2"))
BATCH = bytes(31) + b"\1"


def stakes(run: Played) -> dict[str, int]:
    """What full nodes begin with, in OPG."""
    return {
        row["name"]: int(row["stake"]) // OPG for row in run.tables.of("participant_joined") if row["role"] == "full"
    }


# -- sybil -----------------------------------------------------------------------------------------------------


def test_a_sybils_identities_share_one_stake() -> None:
    assert Sybil().initial_balance(BALANCE, "full-1", TRIO, Wei(1_000)) == Balance(Wei(30), Wei(0))


def test_rewards_by_identity_grow_with_the_number_of_identities_for_the_same_stake() -> None:
    def share(identities: int) -> Any:
        names = [f"full-{i}" for i in range(identities)]
        run = play(
            adversaries=[{"behaviour": "sybil", "nodes": names}],
            nodes={"inference": {"count": 2, "batch_interval": "10 s"}, "full": {"count": 4 + identities}},
            duration="1 min",
        )
        assert sum(amount for name, amount in stakes(run).items() if name in names) == pytest.approx(20_000, abs=3)
        return run["adversary_reward_share"]

    assert share(1) == pytest.approx(1 / 5)
    assert share(4) == pytest.approx(4 / 8)


# -- stake_whale -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_whales_hold_their_share_of_all_stake_together(share: float) -> None:
    peers = Wei(90 * 6)  # six others for each, of whom two are whales too
    each = StakeWhale(share=share).initial_balance(BALANCE, "full-0", TRIO, peers).bonded
    assert 3 * each / (3 * each + 4 * 90) == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize(("share", "fraud_wins"), [(0.6, False), (0.7, True)])
def test_a_whale_alone_decides_from_the_quorums_share_of_stake_on(share: float, fraud_wins: bool) -> None:
    whale = [{"behaviour": "stake_whale", "nodes": ["full-0"], "share": share},
             {"behaviour": "rubber_stamp_cartel", "nodes": ["full-0"]}]  # fmt: skip
    run = play(adversaries=[FRAUD, *whale], duration="1 min")
    assert stakes(run)["full-0"] == pytest.approx(80_000 * share / (1 - share), abs=1)
    assert (run["fraud_finalised"] == run["fraud_committed"] > 0) is fraud_wins
    assert (run["false_slash_rate"] > 0) is fraud_wins
    assert run.broken() == []


@pytest.mark.parametrize(("share", "vetoes"), [(0.3, False), (0.4, True)])
def test_more_than_a_third_can_veto_and_less_cannot(share: float, vetoes: bool) -> None:
    whale = [{"behaviour": "stake_whale", "nodes": ["full-0"], "share": share},
             {"behaviour": "false_reject", "nodes": ["full-0"]}]  # fmt: skip
    run = play(adversaries=whale, duration="1 min")
    assert (run["quorum_failures"] > 0) is vetoes
    assert (run["tasks_finalised"] == 0) is vetoes


# -- borrowed_stake --------------------------------------------------------------------------------------------


LOAN = BorrowedStake.model_validate({"amount": "500 wei"})
POSTED = event("BatchPosted", batch=BATCH)
DRAWN = event("CommitteeDrawn", "Committee", batch=BATCH)


def test_the_loan_lies_in_its_wallet() -> None:
    assert LOAN.initial_balance(BALANCE, "full-0", TRIO, Wei(0)) == Balance(Wei(90), Wei(500))


def test_a_loan_is_bonded_at_a_post_and_unbonded_after_the_draw() -> None:
    borrower = attached(LOAN, "full-0")
    course = past(borrower, Receive(), answers=inbox(POSTED, POSTED))
    [borrow] = course.of(Spawn)  # one loan, however many batches are posted
    taken = follow(borrow.steps, {Read: always(who("full-1").address), Submit: mined, Note: always(None)})
    assert [(call.function, call.args[-1]) for call in taken.calls] == [("approve", 500), ("stake", 500)]
    assert lies(taken) == [("stake", "0x" + BATCH.hex())]
    [give_back] = past(borrower, Receive(), answers=inbox(DRAWN, DRAWN)).of(Spawn)
    returned = follow(give_back.steps, {Read: always(60), Submit: mined})
    assert [(call.function, call.args) for call in returned.calls] == [("unbond", (500,)), ("withdraw", ())]
    assert returned.one(Sleep).seconds == 61
    assert len(past(borrower, Receive(), answers=inbox(POSTED)).of(Spawn)) == 1, "and it may borrow again"


def test_a_loan_that_could_not_be_bonded_is_not_unbonded() -> None:
    borrower = attached(LOAN, "full-0")
    [borrow] = past(borrower, Receive(), answers=inbox(POSTED)).of(Spawn)
    follow(borrow.steps, {Read: always(who("full-1").address), Submit: refused})
    assert past(borrower, Receive(), answers=inbox(DRAWN)).of(Spawn) == []


def test_stake_that_is_younger_than_the_batch_is_left_out_of_its_draw_with_all_that_it_was_added_to() -> None:
    run = play(
        adversaries=[{"behaviour": "borrowed_stake", "nodes": ["full-0"]}],
        strategy={"kind": "committee", "size": 3},
        economics={"beacon_round": "6 s", "unbonding": "10 s"},
        nodes={"inference": {"count": 2, "batch_interval": "10 s"}, "full": {"count": 4}},
    )
    borrower = run.tables.participants["full-0"]["address"]
    assert len(run.tables.event("Staked")) > 1
    posted = {row["batch"]: row["t"] for row in run.tables.event("BatchPosted")}
    for drawn in run.tables.event("CommitteeDrawn"):
        bonded = [row["t"] for row in run.tables.event("Staked") if row["t"] <= drawn["t"]]
        if bonded and max(bonded) > posted[drawn["batch"]]:
            assert borrower not in drawn["members"]
    honest_share = 3 / 4 / 3
    assert run["adversary_reward_share"] < honest_share
    assert run.broken() == []
