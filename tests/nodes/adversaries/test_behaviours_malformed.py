"""Calls that nobody should make: what they took where the mend is taken out again, and that they take nothing now."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nodes.adversaries.client.malformed import Bait, WildInput
from nodes.effects import Request, Spawn
from nodes.messages import InferenceRequest
from tests.driving import FEE, INPUT, MODEL, TASK, always, attached, follow, lies, past
from tests.mutants import MUTANTS
from tests.small import BASE, Played, play

ASKED = Request("inference-0", InferenceRequest(TASK, MODEL, INPUT, FEE, None), 5.0)


def test_a_task_is_asked_once_more_with_another_input() -> None:
    bait = attached(Bait(), "client-0")
    course = past(bait, ASKED, ASKED, answers={Request: always(None)})
    assert lies(course) == [("bait", TASK)]
    other = follow(course.one(Spawn).steps, {Request: always(None)}).one(Request).message
    assert isinstance(other, InferenceRequest)
    assert other.task == TASK
    np.testing.assert_array_equal(other.value, INPUT[::-1])


def test_an_input_of_floats_becomes_one_that_no_circuit_takes() -> None:
    course = past(attached(WildInput(), "client-0"), ASKED, answers={Request: always(None)})
    sent = course.one(Request).message
    assert isinstance(sent, InferenceRequest)
    assert sent.value.shape == INPUT.shape
    assert np.isnan(sent.value.flat[0])
    assert lies(course) == [("wild_input", TASK)]


@pytest.mark.parametrize("kind", ["bait", "wild_input"])
@pytest.mark.parametrize("strategy", ["committee", "zkml"])
def test_nobody_honest_loses_by_it_and_nothing_stops(kind: str, strategy: str) -> None:
    proving = {"prover": "simulated", "proof_times": "jolt_atlas"} if strategy == "zkml" else {}
    run = play(
        adversaries=[{"behaviour": kind, "nodes": ["client-0"]}],
        strategy={"kind": strategy, **proving},
        duration="90 s",
    )
    assert any(row["act"] == kind for row in run.tables.of("cheated"))
    assert run["slashes_total"] == 0
    assert run["tasks_finalised"] > 0
    assert run.broken() == []


# -- with the mend, and without ------------------------------------------------------------------------------


def played(
    behaviour: str, node: str, mutant: str, monkeypatch: pytest.MonkeyPatch, **more: Any
) -> tuple[Played, Played]:
    """A run with the behaviour, and one whose contracts have the defect that it was made for."""
    adversaries = [{"behaviour": behaviour, "nodes": [node]}, *more.pop("others", ())]
    sound = play(adversaries=adversaries, name="sound", **more)
    MUTANTS[mutant].deploy_instead(monkeypatch)
    return sound, play(adversaries=adversaries, name=mutant, **more)


def test_dust_has_no_seat_unless_the_least_stake_is_dust() -> None:
    nodes = {"inference": {"count": 2, "batch_interval": "10 s"}, "full": {"count": 10}}
    dust = [{"behaviour": "dust_bonds", "role": "full", "count": 6}]
    sections = {"adversaries": dust, "nodes": nodes, "strategy": {"kind": "committee", "size": 4}, "duration": "60 s"}
    sound = play(**sections)
    assert dusty_seats(sound) == 0
    assert sound["tasks_finalised"] == sound["tasks_total"]
    assert dusty_seats(play(**sections, economics={**BASE["economics"], "min_stake_full": "1 wei"})) > 0


def dusty_seats(run: Played) -> int:
    """Seats on panels whose stake is dust."""
    return sum(weight < 10**18 for drawn in run.tables.event("CommitteeDrawn") for weight in map(int, drawn["weights"]))


def test_a_claim_of_no_fee_is_refunded_what_was_paid_unless_the_claim_says_how_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    liar = [{"behaviour": "random_output", "nodes": ["inference-0"]}]
    sound, bare = played("zero_fee", "inference-0", "claims_say_what_is_refunded", monkeypatch, others=liar)
    for run, refunds in ((sound, True), (bare, False)):
        assert run["fraud_detected"] == run["fraud_committed"] > 3
        assert bool(sum(int(row["amount"]) for row in run.tables.event("Refunded"))) is refunds


@pytest.mark.long
def test_whoever_makes_a_batch_final_has_no_more_of_the_pay_than_its_lot(monkeypatch: pytest.MonkeyPatch) -> None:
    sound, bare = played("bounty_sniper", "full-0", "attested_pays_the_caller", monkeypatch, strategy={"kind": "tee"})
    assert sound["adversary_reward_share"] < 0.6
    assert bare["adversary_reward_share"] > 0.7


def test_reports_of_who_has_nothing_at_stake_call_no_arbiters(monkeypatch: pytest.MonkeyPatch) -> None:
    strategy = {"kind": "secret_seed_duty", "epoch": "30 s"}
    sound, bare = played("hollow_reporter", "full-0", "anybody_reports", monkeypatch, strategy=strategy)
    assert sound.lies("full-0", "vote")
    assert sound.tables.event("CommitteeDrawn") == []
    assert bare.tables.event("CommitteeDrawn")
    assert bare["verification_overhead_ratio"] > sound["verification_overhead_ratio"] + 1


def test_an_accusation_that_is_repeated_costs_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    lazy = [{"behaviour": "lazy_accept", "nodes": ["full-1"]}]
    strategy = {"kind": "attention_challenge", "called": "30 %", "challenge_window": "50 s"}
    sound, bare = played("echo", "full-0", "accusations_repeat", monkeypatch, others=lazy, strategy=strategy)
    for run, repeats in ((sound, False), (bare, True)):
        accused = [(row["batch"], row["node"], row["claims"]) for row in run.tables.event("Inattentive")]
        assert accused
        assert (len(accused) > len(set(accused))) is repeats


def test_a_node_that_denounces_itself_loses_no_less_than_one_that_does_not() -> None:
    liars = [{"behaviour": "random_output", "nodes": ["inference-0", "inference-1"], "until": "30 s"}]
    run = play(
        adversaries=[*liars, {"behaviour": "self_denunciation", "nodes": ["inference-0"], "until": "30 s"}],
        economics={**BASE["economics"], "jail": "10 min"},
    )
    lost = [lost_by_claim(run, name) for name in ("inference-0", "inference-1")]
    assert run["equivocations_proved"] > 0
    assert lost[0] >= 0.9 * lost[1] > 0  # the bounty apart, which nobody else earned
    assert run["fraud_finalised"] == 0
    assert run["false_slash_rate"] == 0


def lost_by_claim(run: Played, name: str) -> float:
    """Wei that a node lost for each claim that fell, less what it got back as bounties."""
    address = run.tables.participants[name]["address"]
    taken = sum(int(row["amount"]) for row in run.tables.event("Slashed") if row["node"] == address)
    back = sum(int(row["amount"]) for row in run.tables.event("BountyPaid") if row["to"] == address)
    fell = sum(row["rejected"] for row in run.tables.event("BatchFinal") if row["node"] == address)
    return float((taken - back) / fell)
