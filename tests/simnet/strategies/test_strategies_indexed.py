"""Indexed commitments in whole runs: who checks, what copying is worth, how soon a batch is final."""

from __future__ import annotations

from typing import Any

import pytest

from simnet.scenario.errors import ScenarioErrors
from simnet.strategies.voting.voting import VotingHalf
from tests.small import BASE, Played, play, scenario

ECONOMICS = {**BASE["economics"], "jail": "0 s"}
FRAUD = {"behaviour": "random_output", "nodes": ["inference-0"], "probability": "30 %"}
COPYCAT = {"behaviour": "copycat", "nodes": ["full-0"]}
BITWISE = {"quorum": "3/5", "comparator": "bitwise"}
OPEN = {"kind": "committee", **BITWISE, "commit_reveal": False}
HIDDEN = {"kind": "committee", **BITWISE}


def indexed(**more: Any) -> dict[str, Any]:
    return {"kind": "indexed_commitment", **BITWISE, **more}


def run(*adversaries: dict[str, Any], strategy: dict[str, Any] | None = None, **more: Any) -> Played:
    return play(strategy=strategy or indexed(), adversaries=list(adversaries), economics=ECONOMICS, **more)


def rewarded(played: Played) -> set[str]:
    return {played.tables.names[row["member"]] for row in played.tables.event("Rewarded")}


# -- one round -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 3, 5])
def test_checking_costs_as_many_executions_as_there_are_members(size: int) -> None:
    played = run(strategy=indexed(size=size))
    assert played["verification_overhead_ratio"] == pytest.approx(size)
    assert played["tasks_finalised"] == played["tasks_total"] > 50
    assert played["slashes_total"] == 0
    assert played.broken() == []


@pytest.mark.long
def test_a_batch_is_final_sooner_than_under_a_vote_for_the_same_work() -> None:
    ours, theirs = run(), run(strategy=HIDDEN)
    assert ours["verification_overhead_ratio"] == theirs["verification_overhead_ratio"]
    assert ours["finality_latency_s.p50"] < theirs["finality_latency_s.p50"] - 10


def test_honest_batches_need_no_arbiters() -> None:
    assert run().tables.event("CommitteeDrawn") == []


# -- copying -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("strategy", "pays"), [(OPEN, True), (HIDDEN, False), (indexed(), False)])
def test_copying_pays_under_open_votes_and_neither_under_commit_reveal_nor_here(
    strategy: dict[str, Any], pays: bool
) -> None:
    played = run(COPYCAT, strategy=strategy)
    assert played.lies("full-0", "vote")
    assert (played["copied_votes"] > 0) is pays
    assert ("full-0" in rewarded(played)) is pays
    assert bool(played.slashes("full-0")) is not pays
    assert played["tasks_finalised"] == played["tasks_total"]


def test_copycats_win_nothing_even_where_there_is_fraud() -> None:
    played = run(FRAUD, COPYCAT, settle="3 min")
    assert played["fraud_detected"] == played["fraud_committed"] > 0
    assert played["copied_votes"] == played["adversary_reward_share"] == 0
    assert set(played.slashes("full-0")) == {"missed_reveal"}
    assert played["false_slash_rate"] == 0


def test_a_majority_of_copycats_is_no_quorum_and_leaves_the_batch_to_the_arbiters() -> None:
    played = run({"behaviour": "copycat", "nodes": ["full-0", "full-1", "full-2"]})
    assert played["copied_votes"] == 0
    assert played.tables.event("Agreed") == []
    assert played["tasks_finalised"] == 0  # nor are copies a quorum there
    assert played["false_slash_rate"] == 0


@pytest.mark.long
def test_who_waits_until_others_agree_is_paid_where_no_salt_hides_that_and_earns_nothing_where_one_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rider = {"behaviour": "free_rider_committee", "nodes": ["full-0"]}
    salted = run(rider)
    assert "full-0" not in rewarded(salted)
    assert salted.slashes() == []
    assert salted["tasks_finalised"] == salted["tasks_total"]
    monkeypatch.setattr(VotingHalf, "salt", lambda *_: bytes(32))
    bare = run(rider, name="unsalted")
    assert "full-0" in rewarded(bare)
    assert bare["adversary_reward_share"] == pytest.approx(1 / 5, abs=0.01)
    assert bare.slashes() == []


# -- disagreement --------------------------------------------------------------------------------------------


def test_fraud_is_agreed_on_and_arbiters_find_the_claim() -> None:
    played = run(FRAUD)
    assert played["fraud_detected"] == played["fraud_committed"] > 0
    assert played["false_slash_rate"] == 0
    assert set(played.slashes()) == {"fraud"}


@pytest.mark.long
def test_a_member_that_believes_the_node_is_slashed_when_a_claim_falls_and_never_otherwise() -> None:
    lazy = {"behaviour": "lazy_accept", "nodes": ["full-0"]}
    assert run(lazy).slashes() == []
    assert "full-0" in rewarded(run(lazy))
    assert "wrong_commitment" in run(FRAUD, lazy).slashes("full-0")


def test_a_slanderer_is_outvoted_and_slashed() -> None:
    played = run({"behaviour": "false_reject", "nodes": ["full-0"]})
    assert set(played.slashes()) == {"wrong_commitment"}
    assert played["tasks_finalised"] == played["tasks_total"]
    assert played["false_slash_rate"] == 0


@pytest.mark.parametrize("down", ["full-0", "full-1"])
def test_a_member_that_is_down_costs_time_and_nothing_else(down: str) -> None:
    played = run(faults=[{"at": "4 s", "crash": [down]}])
    assert played["tasks_finalised"] == played["tasks_total"]
    assert down not in rewarded(played)
    assert played.broken() == []


# -- what is refused -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"size": 6}, "cannot be drawn"),
        ({"arbiters": 6}, "cannot be drawn"),
        ({"comparator": "relative"}, "bitwise"),
        ({"quorum": "1/2"}, "half"),
    ],
)
def test_parameters_that_cannot_work_are_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ScenarioErrors, match=says):
        scenario(strategy=indexed(**wrong))


def test_honest_noise_is_refused_since_hashes_would_differ() -> None:
    noisy = {**BASE["nodes"], "inference": {**BASE["nodes"]["inference"], "noise": "gaussian"}}
    with pytest.raises(ScenarioErrors, match="noise"):
        scenario(strategy=indexed(), nodes=noisy)
