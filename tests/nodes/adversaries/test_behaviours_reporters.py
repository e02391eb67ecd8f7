"""Full nodes whose verdicts hang on something other than the claim."""

from __future__ import annotations

from typing import Any

import pytest

from chain.quantities import TaskId
from nodes.adversaries.full.reporters import ConstantReporter, IncapableNegative, SamplingShirker
from nodes.effects import Check, Verdict
from tests.driving import MODEL_HASH, TASK, always, any_claim, attached, lies, past, task_id, yielding
from tests.small import play

FRAUD = {"behaviour": "random_output", "nodes": ["inference-0"], "probability": "30 %"}
HONEST_VERDICT = {Check: always(Verdict.INVALID)}


def checking(task: TaskId = TASK, model: bytes = MODEL_HASH) -> Check:
    """The honest node's check of a claim."""
    return Check("inference-0", any_claim(task=task, model=model), task, lambda: yielding())


def full(count: int) -> list[str]:
    """Names of so many full nodes."""
    return [f"full-{i}" for i in range(count)]


# -- sampling_shirker ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_shirker_checks_its_share_and_waves_the_rest_through(share: float) -> None:
    checks = [checking(task_id(i)) for i in range(300)]
    course = past(attached(SamplingShirker(checks=share), "full-0"), *checks, answers=HONEST_VERDICT)
    assert len(course.of(Check)) == pytest.approx(300 * share, abs=0 if share in (0, 1) else 40)
    assert [verdict for verdict in course.result if verdict is Verdict.VALID] == [Verdict.VALID] * len(lies(course))
    assert len(lies(course)) + len(course.of(Check)) == 300


def test_two_shirkers_do_not_skip_the_same_claims() -> None:
    checks = [checking(task_id(i)) for i in range(50)]
    skipped = [
        [subject for _, subject in lies(past(attached(SamplingShirker(), name), *checks, answers=HONEST_VERDICT))]
        for name in ("full-0", "full-1")
    ]
    assert skipped[0] != skipped[1]


@pytest.mark.long
def test_a_lone_validator_that_shirks_lets_through_what_it_skips() -> None:
    def sampled(checks: Any) -> Any:
        return play(
            adversaries=[FRAUD, {"behaviour": "sampling_shirker", "nodes": full(3), "checks": checks}],
            strategy={"kind": "posp", "probability": 1},
            nodes={"inference": {"count": 2, "batch_interval": "10 s"}, "full": {"count": 3}},
            economics={"slash_share": "0.1 %", "jail": 0, "beacon_round": "6 s"},
        )

    diligent, half, lazy = sampled(1), sampled("50 %"), sampled(0)
    assert (diligent["detection_rate"], lazy["detection_rate"]) == (1, 0)
    assert 0 < half["detection_rate"] < 1
    assert half["verification_work_ratio"] == pytest.approx(0.5, abs=0.15)


def test_a_shirker_among_the_diligent_is_slashed_for_the_fraud_that_it_missed() -> None:
    run = play(adversaries=[FRAUD, {"behaviour": "sampling_shirker", "nodes": ["full-0"]}])
    assert run["verification_work_ratio"] == pytest.approx(0.9, abs=0.04)
    assert set(run.slashes("full-0")) == {"wrong_vote"}
    assert (run["fraud_finalised"], run["false_slash_rate"]) == (0, 0)


# -- constant_reporter -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("says", "verdict"), [("valid", Verdict.VALID), ("invalid", Verdict.INVALID),
                                               ("abstain", Verdict.ABSTAIN)])  # fmt: skip
def test_a_constant_reporter_says_the_same_of_everything(says: Any, verdict: Verdict) -> None:
    course = past(attached(ConstantReporter(says=says), "full-0"), checking(task_id(1)), checking(task_id(2)))
    assert course.result == [verdict] * 2
    assert lies(course) == [("check", task_id(1)), ("check", task_id(2))]


def test_if_all_report_alike_fraud_stands_and_everybody_is_paid_for_no_work() -> None:
    run = play(adversaries=[FRAUD, {"behaviour": "constant_reporter", "nodes": full(5)}], duration="1 min")
    assert run["verification_work_ratio"] == 0
    assert run["fraud_finalised"] == run["fraud_committed"] > 0
    assert (run["slashes_total"], run["adversary_reward_share"]) == (0, 1)


@pytest.mark.long
def test_constant_noes_are_outvoted_and_slashed() -> None:
    run = play(adversaries=[{"behaviour": "constant_reporter", "nodes": ["full-0"], "says": "invalid"}])
    assert run["quorum_failures"] == 0
    assert set(run.slashes("full-0")) == {"wrong_vote"}
    assert run["false_slash_rate"] == 0


# -- incapable_negative ----------------------------------------------------------------------------------------


def test_it_votes_no_on_models_that_it_cannot_run_and_checks_the_others() -> None:
    models = {"m": MODEL_HASH, "n": bytes(32)}
    node = attached(IncapableNegative(models=("n", "unknown")), "full-0", models=models)
    course = past(node, checking(task_id(1)), checking(task_id(2), bytes(32)), answers={Check: always(Verdict.VALID)})
    assert course.result == [Verdict.VALID, Verdict.INVALID]
    assert lies(course) == [("check", task_id(2))]


def test_if_no_model_is_named_it_can_run_none() -> None:
    assert past(attached(IncapableNegative(), "full-0"), checking()).result == [Verdict.INVALID]


@pytest.mark.parametrize(("quorum", "voided"), [("2/3", True), ("3/5", False)])
def test_noes_of_the_incapable_void_honest_work_where_the_capable_are_no_quorum(quorum: str, voided: bool) -> None:
    run = play(
        adversaries=[{"behaviour": "incapable_negative", "nodes": full(2)}],
        strategy={"kind": "full_reexecution", "quorum": quorum},
        duration="1 min",
    )
    assert (run["quorum_failures"] > 0) is voided
    assert (run["tasks_finalised"] == 0) is voided


def test_to_abstain_instead_costs_nobody_anything_but_counts_as_little() -> None:
    adversary = {"behaviour": "incapable_negative", "nodes": ["full-0"]}
    says_no = play(adversaries=[adversary], duration="1 min")
    abstains = play(adversaries=[{**adversary, "says": "abstain"}], duration="1 min")
    assert set(says_no.slashes("full-0")) == {"wrong_vote"}
    assert (abstains["slashes_total"], abstains["quorum_failures"]) == (0, 0)
