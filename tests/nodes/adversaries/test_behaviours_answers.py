"""Inference nodes that give wrong answers: what each gets past, and what stops it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chain.formats.signing import answer_digest, recover
from nodes.adversaries.inference.answers import (
    AnswerBehaviour,
    EarlyExit,
    Equivocate,
    InputTruncate,
    LabelFlip,
    ModelSwap,
    Quantize,
    RandomOutput,
)
from nodes.effects import Execute, Purpose, Reply, Sign
from nodes.messages import InferenceAnswer, Refusal
from nodes.models.tensors import tensor_hash
from simnet.log.figures import Figures
from tests.driving import (
    INPUT,
    MODEL,
    MODEL_HASH,
    OUTPUT,
    TASK,
    Course,
    always,
    asking,
    attached,
    execution,
    lies,
    past,
    signed_answer,
    signing_as,
    who,
)
from tests.small import play
from tests.stage import DOMAIN

NOBODY_CHECKS = {"kind": "none"}
EVERYBODY_CHECKS = {"kind": "full_reexecution", "comparator": {"kind": "relative", "tolerance": 2e-5}}
CHEATER = "inference-0"

SUBSTITUTIONS: list[tuple[str, dict[str, Any]]] = [
    ("random_output", {}),
    ("label_flip", {}),
    ("label_flip", {"target": 3}),
    ("model_swap", {}),
    ("quantize", {"variant": "fp16"}),
    ("quantize", {"variant": "int8"}),
    ("quantize", {"variant": "int4"}),
    ("early_exit", {}),
    ("input_truncate", {}),
]

FOUND_ALIKE = ("model_swap", "early_exit", "input_truncate")
FOUND = [pytest.param(*one, marks=pytest.mark.long if one[0] in FOUND_ALIKE else ()) for one in SUBSTITUTIONS]
"""All of them; `make long` has those that are as far off as others to who executes again."""


def cheating(behaviour: str, **parameters: Any) -> list[dict[str, Any]]:
    """One node that cheats on three tasks in ten."""
    return [{"behaviour": behaviour, "nodes": [CHEATER], "probability": "30 %", **parameters}]


# -- in whole runs -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("behaviour", "parameters"), SUBSTITUTIONS)
def test_nobody_checking_every_wrong_answer_becomes_final_and_earns_its_fee(
    behaviour: str, parameters: dict[str, Any]
) -> None:
    run = play(strategy=NOBODY_CHECKS, adversaries=cheating(behaviour, **parameters))
    assert run["fraud_committed"] == run["fraud_finalised"] == len(run.lies(CHEATER)) > 5
    assert (run["detection_rate"], run["slashes_total"]) == (0, 0)
    assert run["attacker_roi"] > 0


@pytest.mark.parametrize(("behaviour", "parameters"), FOUND)
def test_executing_again_finds_every_wrong_answer_and_the_cheat_pays(
    behaviour: str, parameters: dict[str, Any]
) -> None:
    run = play(strategy=EVERYBODY_CHECKS, adversaries=cheating(behaviour, **parameters))
    assert run["detection_rate"] == 1
    assert run["fraud_committed"] == run["fraud_detected"] > 2
    assert (run["fraud_finalised"], run["false_slash_rate"]) == (0, 0)
    assert run.slashes() == run.slashes(CHEATER) == ["fraud"] * run["slashes_total"]
    assert run["attacker_roi"] < -0.1
    assert run.broken() == []


def test_every_lie_is_on_record_and_nothing_else_is() -> None:
    """The rejected claims are exactly those that the ground truth calls lies."""
    run = play(strategy=EVERYBODY_CHECKS, adversaries=cheating("quantize"))
    claims = Figures(run.tables).claims
    rejected = claims.index[claims["outcome"] == "rejected"]
    assert sorted(rejected) == sorted(row["subject"] for row in run.lies(act="answer"))


def test_what_a_cheat_saves_is_the_work_it_did_not_do() -> None:
    def macs(behaviour: str) -> dict[str, int]:
        run = play(strategy=NOBODY_CHECKS, adversaries=cheating(behaviour))
        (model,) = run.tables.of("model_served")
        lied = {row["subject"] for row in run.lies()}
        spent = sum(row["macs"] for row in run.tables.of("executed") if row["task"] in lied)
        return {"spent": spent, "due": model["macs"] * len(lied)}

    assert macs("random_output")["spent"] == 0
    for cheaper in ("model_swap", "early_exit"):
        assert 0 < macs(cheaper)["spent"] < macs(cheaper)["due"]
    for expensive in ("label_flip", "input_truncate", "quantize"):
        assert macs(expensive)["spent"] == macs(expensive)["due"]


@pytest.mark.parametrize(("strategy", "rate"), [(NOBODY_CHECKS, 1.0), (EVERYBODY_CHECKS, 0.0)])
def test_a_targeted_flip_succeeds_only_where_nobody_checks(strategy: dict[str, Any], rate: float) -> None:
    run = play(strategy=strategy, adversaries=cheating("label_flip", target=3))
    assert run["targeted_success_rate"] == rate


@pytest.mark.parametrize(
    ("comparator", "rate"), [("argmax", 0.0), ({"kind": "relative", "tolerance": 2e-5}, 1.0), ("bitwise", 1.0)]
)
def test_rounded_weights_pass_a_look_at_the_decision_and_no_tolerance_below_their_error(
    comparator: Any, rate: float
) -> None:
    run = play(
        strategy={**EVERYBODY_CHECKS, "comparator": comparator}, adversaries=cheating("quantize", variant="fp16")
    )
    assert run["detection_rate"] == rate
    assert run["false_slash_rate"] == 0


def test_a_loose_tolerance_lets_rounded_weights_through() -> None:
    loose = {**EVERYBODY_CHECKS, "comparator": {"kind": "relative", "tolerance": 0.5}}
    run = play(strategy=loose, adversaries=cheating("quantize"))
    assert (run["detection_rate"], run["fraud_finalised"]) == (0, run["fraud_committed"])


def test_a_node_that_tells_its_client_another_story_gets_past_those_who_check_the_chain() -> None:
    clients = {"count": 4, "arrivals": "poisson 1/s", "audit": False}
    run = play(strategy=EVERYBODY_CHECKS, clients=clients, adversaries=cheating("equivocate"))
    assert run["fraud_finalised"] == run["fraud_committed"] == len(run.lies()) > 5
    assert (run["equivocations_proved"], run["slashes_total"]) == (0, 0)
    assert run["attacker_roi"] > 0


def test_clients_that_audit_prove_every_equivocation() -> None:
    run = play(strategy=EVERYBODY_CHECKS, adversaries=cheating("equivocate"))
    assert run["equivocations_proved"] == run["fraud_detected"] == run["fraud_committed"] == len(run.lies()) > 5
    assert set(run.slashes()) == set(run.slashes(CHEATER)) == {"equivocation"}
    assert (run["fraud_finalised"], run["false_slash_rate"]) == (0, 0)
    assert run["attacker_roi"] < -0.1


# -- as filters ----------------------------------------------------------------------------------------------

ASKED = Execute(MODEL, INPUT, Purpose.ANSWER, TASK)
ALL: list[AnswerBehaviour] = [
    RandomOutput(),
    LabelFlip(),
    ModelSwap(),
    Quantize(),
    EarlyExit(),
    InputTruncate(),
]


def executed(behaviour: AnswerBehaviour, effect: Execute = ASKED, output: np.ndarray = OUTPUT) -> Course:
    """What becomes of an execution past a behaviour."""
    return past(attached(behaviour), effect, answers={Execute: always(execution(output))})


@pytest.mark.parametrize("behaviour", ALL, ids=lambda b: b.kind)
def test_an_execution_that_checks_somebody_else_is_left_alone(behaviour: AnswerBehaviour) -> None:
    check = Execute(MODEL, INPUT, Purpose.CHECK, TASK)
    course = executed(behaviour, check)
    assert course.effects == [check]


@pytest.mark.parametrize("behaviour", ALL, ids=lambda b: b.kind)
def test_a_falsified_answer_is_recorded_once_under_its_task(behaviour: AnswerBehaviour) -> None:
    assert lies(executed(behaviour)) == [("answer", TASK)]


@pytest.mark.parametrize(
    ("behaviour", "variant"),
    [
        (ModelSwap(), "small"),
        (EarlyExit(), "early_exit"),
        (Quantize(), "int8"),
        (Quantize(variant="int4"), "int4"),
        (Quantize(variant="fp16"), "fp16"),
    ],
)
def test_a_substitution_runs_another_variant_of_the_same_model_on_the_same_input(
    behaviour: AnswerBehaviour, variant: str
) -> None:
    (run,) = executed(behaviour).of(Execute)
    assert (run.model, run.variant, run.purpose, run.task) == (MODEL, variant, Purpose.ANSWER, TASK)
    assert run.value is INPUT


def test_random_output_executes_nothing_and_answers_in_the_right_shape() -> None:
    course = executed(RandomOutput())
    assert course.of(Execute) == []
    (answer,) = course.result
    assert (answer.output.shape, answer.output.dtype, answer.macs) == (OUTPUT.shape, np.float32, 0)


@pytest.mark.parametrize(
    ("honest", "target", "expected"),
    [
        ([0.0, 2.0, 1.0], None, [0.0, 1.0, 2.0]),
        ([0.0, 2.0, 1.0], 0, [2.0, 0.0, 1.0]),
        ([0.0, 2.0, 1.0], 9, [0.0, 1.0, 2.0]),
        ([3.0], None, [-3.0]),
    ],
    ids=["runner-up", "target", "no such class", "one number"],
)
def test_label_flip_changes_the_decision_and_as_little_else_as_can_be(
    honest: list[float], target: int | None, expected: list[float]
) -> None:
    given = np.array(honest, np.float32)
    (answer,) = executed(LabelFlip(target=target), output=given).result
    assert answer.output.tolist() == expected
    assert given.tolist() == honest


def test_an_answer_that_says_what_the_attacker_wants_anyway_is_no_lie() -> None:
    course = executed(LabelFlip(target=1))
    assert lies(course) == []
    assert course.result[0].output.tolist() == OUTPUT.tolist()


@pytest.mark.parametrize(("share", "expected"), [(0.25, [5, 6, 7, 0]), (0.5, [5, 6, 0, 0]), (0.01, [5, 6, 7, 0])])
def test_input_truncate_cuts_the_tail_off_and_at_least_one_entry(share: float, expected: list[int]) -> None:
    value = np.array([5, 6, 7, 8], np.float32)
    (run,) = executed(InputTruncate(share=share), Execute(MODEL, value, Purpose.ANSWER, TASK)).of(Execute)
    assert run.value.tolist() == expected
    assert value.tolist() == [5, 6, 7, 8]


def test_cutting_off_a_tail_that_was_empty_is_no_lie() -> None:
    effect = Execute(MODEL, np.array([5, 6, 7, 0], np.float32), Purpose.ANSWER, TASK)
    assert executed(InputTruncate(), effect).effects == [effect]


def test_equivocate_sends_another_output_signed_as_well_as_the_honest_one() -> None:
    envelope = asking(None)
    honest = Reply(envelope, InferenceAnswer(TASK, OUTPUT, signed_answer(OUTPUT)))
    course = past(attached(Equivocate()), honest, answers=signing_as("inference-0"))
    (answer,) = course.said
    assert isinstance(answer, InferenceAnswer)
    assert answer.output.tolist() == (-OUTPUT).tolist()
    digest = answer_digest(DOMAIN, bytes.fromhex(TASK[2:]), MODEL_HASH, tensor_hash(INPUT), tensor_hash(answer.output))
    assert recover(digest, answer.signature) == who("inference-0").address
    assert lies(course) == [("answer", TASK)]


def test_equivocate_leaves_every_other_reply_alone() -> None:
    reply = Reply(asking(None), Refusal(TASK, "in jail"))
    course = past(attached(Equivocate()), reply)
    assert course.effects == [reply]
    assert course.of(Sign) == []
