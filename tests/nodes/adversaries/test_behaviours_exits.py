"""Inference nodes that leave before they are made to pay, or come back as somebody else."""

from __future__ import annotations

from typing import Any

import pytest

from chain.quantities import Wei
from chain.seam import Call
from nodes.adversaries.behaviour import Balance, Coalition
from nodes.adversaries.inference.exits import HitAndRun, Whitewash
from nodes.effects import Execute, Purpose, Read, Receive, Sleep, Spawn, Submit, Subscribe
from tests.driving import (
    INPUT,
    MODEL,
    TASK,
    always,
    attached,
    event,
    execution,
    follow,
    inbox,
    mined,
    past,
    refused,
    who,
)
from tests.small import Played, play

ME = who("inference-0").address
POST = Submit(Call(ME, "Settlement", "postBatch"))
ANSWER = Execute(MODEL, INPUT, Purpose.ANSWER, TASK)
OWNER = Coalition(("inference-0", "inference-1", "inference-2"))


# -- hit_and_run -----------------------------------------------------------------------------------------------


def test_it_runs_once_enough_batches_are_posted_and_only_after_it_has_lied() -> None:
    runner, answers = attached(HitAndRun(batches=2)), {Execute: always(execution()), Submit: mined}
    assert past(runner, POST, POST, answers=answers).of(Spawn) == []
    course = past(runner, ANSWER, POST, POST, POST, answers=answers)
    assert len(course.of(Spawn)) == 1
    assert isinstance(course.effects[-2], Spawn), "at its second post after the lie"


def test_a_post_that_reverts_does_not_count() -> None:
    runner = attached(HitAndRun())
    assert past(runner, ANSWER, POST, answers={Execute: always(execution()), Submit: refused}).of(Spawn) == []


def test_running_is_to_unbond_to_wait_and_to_withdraw() -> None:
    chain = {"stakeOf": 500, "unbondingPeriod": 60}
    course = follow(attached(HitAndRun()).run(), {Read: lambda read: chain[read.function], Submit: mined})
    assert [(call.function, call.args) for call in course.calls] == [("unbond", (500,)), ("withdraw", ())]
    assert course.one(Sleep).seconds == 61


def test_who_has_lost_everything_has_nothing_to_run_with() -> None:
    assert follow(attached(HitAndRun()).run(), {Read: always(0)}).calls == []


def running(unbonding: str) -> Played:
    """A run in which verification takes about half a minute."""
    return play(
        adversaries=[{"behaviour": "hit_and_run", "nodes": ["inference-0"]}],
        economics={"beacon_round": "6 s", "jail": "20 s", "unbonding": unbonding},
        duration="1 min",
    )


def test_stake_that_is_out_before_the_verdict_cannot_be_slashed() -> None:
    run = running("5 s")
    assert run["fraud_detected"] == run["unslashed_frauds"] > 0
    assert run["slashes_total"] == 0
    assert run["attacker_roi"] > 0
    assert run.broken() == []


def test_stake_that_is_still_unbonding_is_slashed_all_the_same() -> None:
    run = running("10 min")
    assert run["fraud_detected"] > run["unslashed_frauds"] == 0
    assert set(run.slashes("inference-0")) == {"fraud"}
    assert run["attacker_roi"] < 0
    assert run.broken() == []


# -- whitewash -------------------------------------------------------------------------------------------------


def test_only_the_first_identity_is_bonded_at_the_start() -> None:
    balance, nothing = Balance(Wei(10), Wei(1)), Wei(0)
    balances = [Whitewash().initial_balance(balance, name, OWNER, Wei(30)) for name in OWNER.members]
    assert balances == [balance, Balance(nothing, Wei(11)), Balance(nothing, Wei(11))]


@pytest.mark.parametrize(("slashed", "steps_in"), [("inference-0", 1), ("inference-2", 0), ("inference-1", 0)])
def test_an_identity_steps_in_when_the_one_before_it_is_slashed(slashed: str, steps_in: int) -> None:
    spare = attached(Whitewash(), "inference-1", coalition=OWNER)
    news = [event("Slashed", "Staking", node=who(slashed).address)] * 2
    course = past(spare, Subscribe(("Jailed",)), Receive(), answers=inbox(*news))
    assert course.one(Subscribe).events == ("Jailed", "Slashed")
    assert len(course.of(Spawn)) == steps_in
    assert not course.ended, "the node itself is not told"


def test_stepping_in_is_to_bond_what_was_kept() -> None:
    spare, chain = attached(Whitewash(), "inference-1", coalition=OWNER), {"balanceOf": 70, "staking": ME}
    course = follow(spare.enter(), {Read: lambda read: chain[read.function], Submit: mined})
    assert [(call.contract, call.function, call.args) for call in course.calls] == [
        ("OPG", "approve", (ME, 70)),
        ("Staking", "stake", (1, 70)),
    ]


@pytest.mark.parametrize(("name", "asks"), [("inference-0", 0), ("inference-1", 0), ("inference-2", 1)])
def test_an_identity_that_has_a_successor_is_left_in_jail(name: str, asks: int) -> None:
    identity = attached(Whitewash(), name, coalition=OWNER)
    course = past(identity, Submit(Call(who(name).address, "Staking", "unjail")), answers={Submit: mined})
    assert len(course.calls) == asks


def whitewashing(identities: int, **sections: Any) -> Played:
    """A run in which whoever is slashed stays in jail for good."""
    names = [f"inference-{i}" for i in range(identities)]
    return play(
        adversaries=[{"behaviour": "whitewash", "nodes": names}],
        nodes={"inference": {"count": 4, "batch_interval": "10 s"}, "full": {"count": 4}},
        economics={"jail": "10 min"},
        **sections,
    )


def test_each_new_identity_buys_another_round_of_fraud_at_the_price_of_its_stake() -> None:
    one, three = whitewashing(1), whitewashing(3)
    assert three["fraud_committed"] > one["fraud_committed"] > 0
    assert {row["node"] for row in three.lies()} == {"inference-0", "inference-1", "inference-2"}
    first_lies = [min(row["t"] for row in three.lies(f"inference-{i}")) for i in range(3)]
    first_slashes = {row["node"]: row["t"] for row in reversed(three.tables.event("Slashed"))}
    assert first_slashes[three.tables.participants["inference-0"]["address"]] < first_lies[1]
    assert three["slashed_opg"] > one["slashed_opg"]
    assert three["attacker_roi"] < 0
    assert three.broken() == []


def test_clients_do_not_ask_an_identity_before_it_is_bonded() -> None:
    run = whitewashing(2)
    bonded = run.tables.event("Staked")[0]["t"]
    asked = [row["t"] for row in run.tables.of("task_sent") if row["node"] == "inference-1"]
    assert asked
    assert min(asked) > bonded
