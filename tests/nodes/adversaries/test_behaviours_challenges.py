"""Full nodes that dispute what is right, and what their bonds cost them."""

from __future__ import annotations

from typing import Any

import pytest

from chain.quantities import TaskId
from chain.seam import Call
from nodes.adversaries.full.challenges import FalseChallenger
from nodes.effects import Check, Submit, Verdict
from tests.driving import TASK, always, any_claim, attached, lies, mined, past, task_id, who, yielding
from tests.small import Played, play

CHALLENGE = Submit(Call(who("full-0").address, "Optimistic", "challenge"))


def looking(task: TaskId = TASK, assigned: bool = False) -> Check:
    """The honest node's look at a claim."""
    return Check("inference-0", any_claim(task=task), task, lambda: yielding(), assigned)


ANSWERS = {Check: always(Verdict.VALID), Submit: mined}


def test_it_finds_fault_voluntarily_and_is_honest_when_assigned() -> None:
    course = past(attached(FalseChallenger(), "full-0"), looking(), looking(assigned=True), answers=ANSWERS)
    assert course.result == [Verdict.INVALID, Verdict.VALID]
    assert lies(course) == [("check", TASK)]


def test_it_stops_when_its_money_for_challenges_is_spent() -> None:
    griefer = attached(FalseChallenger(challenges=2), "full-0")
    course = past(griefer, *[effect for _ in range(3) for effect in (looking(), CHALLENGE)], answers=ANSWERS)
    assert course.result[::2] == [Verdict.INVALID, Verdict.INVALID, Verdict.VALID]


def test_it_challenges_its_share_of_the_claims() -> None:
    checks = [looking(task_id(i)) for i in range(200)]
    course = past(attached(FalseChallenger(share=0.25), "full-0"), *checks, answers=ANSWERS)
    assert len(lies(course)) == pytest.approx(50, abs=25)


def disputed(*adversaries: dict[str, Any], sealed: bool = False) -> Played:
    """An optimistic network in which nobody cheats."""
    strategy = {"kind": "optimistic", "challenge_window": "20 s", "sealed": sealed}
    return play(adversaries=list(adversaries), strategy=strategy, duration="1 min")


def test_false_challenges_delay_honest_work_and_cost_the_griefer_its_bonds() -> None:
    calm, griefed = disputed(), disputed({"behaviour": "false_challenger", "nodes": ["full-0"]})
    assert griefed["finality_latency_s.p50"] > calm["finality_latency_s.p50"] + 10
    assert griefed["tasks_finalised"] == griefed["tasks_total"]
    decided = griefed.tables.event("ChallengeDecided")
    assert {griefed.tables.names[row["challenger"]] for row in decided} == {"full-0"}
    assert sum(int(row["forfeited"]) for row in decided) > 0
    assert griefed.tables.event("Compensated")
    assert griefed["attacker_roi"] < 0
    assert (griefed["false_slash_rate"], griefed.broken()) == (0, [])


@pytest.mark.parametrize("sealed", [False, True])
def test_a_griefer_on_a_budget_stops(sealed: bool) -> None:
    run = disputed({"behaviour": "false_challenger", "nodes": ["full-0"], "challenges": 2}, sealed=sealed)
    assert len(run.tables.event("Challenged")) == 2


def test_a_seal_that_is_never_opened_costs_its_bonds_and_delays_nothing() -> None:
    griefer = {"behaviour": "false_challenger", "nodes": ["full-0"]}
    run = disputed(griefer, {"behaviour": "withhold_reveal", "nodes": ["full-0"]}, sealed=True)
    sealed, lost = run.tables.event("ChallengeSealed"), run.tables.event("BondForfeited")
    assert len(lost) == len(sealed) > 3
    assert {row["batch"]: row["amount"] for row in lost} == {row["batch"]: row["bonded"] for row in sealed}
    assert run.tables.event("Challenged") == []
    assert run["tasks_finalised"] == run["tasks_total"]
    assert run["finality_latency_s.p50"] == disputed(sealed=True)["finality_latency_s.p50"]
    assert run.broken() == []


def test_a_seal_that_is_opened_costs_nothing_by_itself() -> None:
    run = disputed({"behaviour": "false_challenger", "nodes": ["full-0"]}, sealed=True)
    assert len(run.tables.event("Challenged")) == len(run.tables.event("ChallengeSealed")) > 3
    assert run.tables.event("BondForfeited") == []
