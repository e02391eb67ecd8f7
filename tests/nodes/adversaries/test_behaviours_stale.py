"""Inference nodes that answer with what is old, or as wrong as is tolerated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chain.quantities import TaskId
from nodes.adversaries.inference.stale import CacheReplay, StaleModelVersion, nearest
from nodes.adversaries.inference.tolerance import ThresholdHugger, largest, towards_the_runner_up
from nodes.effects import Execute, Purpose
from nodes.records import Perturbed
from simnet.comparators.argmax import Argmax
from simnet.comparators.bitwise import Bitwise
from simnet.comparators.relative import Relative
from tests.driving import (
    INPUT,
    MODEL,
    OUTPUT,
    TASK,
    Course,
    attached,
    execution,
    lies,
    one_after_the_other,
    past,
    task_id,
)
from tests.small import play

ARGMAX = {"kind": "full_reexecution", "comparator": "argmax"}


def answers(*outputs: np.ndarray) -> dict[Any, Any]:
    """Executions give these outputs."""
    return {Execute: one_after_the_other(*map(execution, outputs))}


def answering(task: TaskId, value: np.ndarray = INPUT) -> Execute:
    """The honest node's execution of a task."""
    return Execute(MODEL, value, Purpose.ANSWER, task)


# -- cache_replay ----------------------------------------------------------------------------------------------


def replayed(*inputs: np.ndarray, nearness: float = 0.5, kept: int = 256) -> Course:
    """What a cache makes of these inputs, whose honest outputs are 0, 1, 2, …"""
    outputs = [np.full(3, i, np.float32) for i in range(len(inputs))]
    effects = [answering(task_id(i), value) for i, value in enumerate(inputs)]
    return past(attached(CacheReplay(nearness=nearness, kept=kept)), *effects, answers=answers(*outputs))


def test_a_near_input_gets_the_old_answer_and_that_is_a_fraud() -> None:
    course = replayed(INPUT, INPUT + np.float32(0.1))
    first, second = course.result
    np.testing.assert_array_equal(second.output, first.output)
    assert (second.macs, lies(course)) == (0, [("answer", task_id(1))])


def test_a_far_input_is_answered_honestly_and_remembered() -> None:
    course = replayed(INPUT, INPUT + 5, INPUT + np.float32(5.1))
    assert [answer.output[0] for answer in course.result] == [0, 1, 1]
    assert lies(course) == [("answer", task_id(2))]


def test_the_very_same_input_gets_a_right_answer_for_nothing_and_that_is_no_fraud() -> None:
    course = replayed(INPUT, INPUT)
    assert [answer.output[0] for answer in course.result] == [0, 0]
    assert lies(course) == []


def test_the_oldest_answers_are_forgotten_first() -> None:
    course = replayed(INPUT, INPUT + 5, INPUT, kept=1)
    assert [answer.output[0] for answer in course.result] == [0, 1, 2]


def test_distance_is_measured_against_the_inputs_spread() -> None:
    known = [(np.array([0.0, 2.0]), OUTPUT)]
    near, far = nearest(np.array([1.0, 3.0]), known), nearest(np.array([10.0, 32.0]), known)
    assert near is not None
    assert far is not None
    assert near[0] == pytest.approx(1.0)
    assert far[0] == pytest.approx(np.sqrt((100 + 900) / 2) / 11)
    assert nearest(INPUT, []) is None


@pytest.mark.long
def test_what_near_inputs_have_in_common_passes_by_the_decision_and_not_by_the_numbers() -> None:
    replay = {"behaviour": "cache_replay", "nodes": ["inference-0"]}
    blind = play(adversaries=[replay], strategy=ARGMAX)
    assert blind["fraud_finalised"] == blind["fraud_committed"] > 3
    seeing = play(adversaries=[replay])
    assert (seeing["detection_rate"], seeing["fraud_finalised"]) == (1, 0)
    assert seeing["fraud_detected"] > 0


# -- stale_model_version ---------------------------------------------------------------------------------------


def test_a_stale_version_is_run_in_the_place_of_the_registered_one() -> None:
    course = past(attached(StaleModelVersion(stands_in="fp16")), answering(TASK), answers=answers(OUTPUT))
    assert course.one(Execute).variant == "fp16"
    assert lies(course) == [("answer", TASK)]


def test_executing_the_registered_version_again_finds_the_stale_one() -> None:
    run = play(adversaries=[{"behaviour": "stale_model_version", "nodes": ["inference-0"]}], duration="1 min")
    assert run["fraud_committed"] > 0
    assert (run["detection_rate"], run["fraud_finalised"]) == (1, 0)


# -- threshold_hugger ------------------------------------------------------------------------------------------


def hugged(comparator: Any, clean: np.ndarray = OUTPUT, margin: float = 0.1) -> Course:
    """One answer of a node that knows this comparator."""
    hugger = attached(ThresholdHugger(margin=margin), comparator=comparator)
    return past(hugger, answering(TASK), answers=answers(clean))


@pytest.mark.parametrize("tolerance", [1e-5, 1e-3, 0.1])
def test_a_hugger_uses_what_the_tolerance_leaves_less_its_margin(tolerance: float) -> None:
    course = hugged(Relative(tolerance=tolerance), margin=0.2)
    pushed = course.result[0].output
    assert Relative(tolerance=tolerance).equal(OUTPUT, pushed)
    deviation = float(np.max(np.abs(pushed - OUTPUT)) / np.max(np.abs(OUTPUT)))
    assert deviation == pytest.approx(0.8 * tolerance, rel=0.05)
    assert lies(course) == [("answer", TASK)]
    [record] = [record for record in course.records if isinstance(record, Perturbed)]
    assert record.deviation == pytest.approx(deviation, rel=1e-6)


def test_it_pushes_towards_another_decision() -> None:
    pushed = hugged(Relative(tolerance=0.1)).result[0].output
    top, second = np.argsort(OUTPUT)[[-1, -2]]
    assert pushed[top] < OUTPUT[top]
    assert pushed[second] > OUTPUT[second]
    assert towards_the_runner_up(np.array([3.0])) == [-6.0]


def test_a_comparator_that_looks_at_the_decision_lets_it_come_to_a_hairs_breadth_of_another() -> None:
    pushed = hugged(Argmax(), margin=0.0).result[0].output
    assert np.argmax(pushed) == np.argmax(OUTPUT)
    top, second = np.sort(pushed)[[-1, -2]]
    assert top - second < 1e-5


@pytest.mark.parametrize("comparator", [Bitwise(), None])
def test_without_room_it_is_honest(comparator: Any) -> None:
    course = hugged(comparator)
    np.testing.assert_array_equal(course.result[0].output, OUTPUT)
    assert lies(course) == []


@pytest.mark.parametrize("limit", [0.25, 0.5, 0.999])
def test_the_search_finds_the_edge(limit: float) -> None:
    assert largest(lambda t: t <= limit) == pytest.approx(limit, abs=1e-8)
    assert largest(lambda _: True) == 1.0
    assert largest(lambda _: False) == 0.0


def test_what_a_hugger_does_is_bounded_by_the_tolerance_and_by_nothing_else() -> None:
    hugger = {"behaviour": "threshold_hugger", "nodes": ["inference-0"]}
    for tolerance in (1e-4, 1e-2):
        strategy = {"kind": "full_reexecution", "comparator": {"kind": "relative", "tolerance": tolerance}}
        run = play(adversaries=[hugger], strategy=strategy, duration="1 min")
        assert run["fraud_finalised"] == run["fraud_committed"] > 0
        assert run["slashes_total"] == 0
        assert run["mean_output_deviation"] == pytest.approx(0.9 * tolerance, rel=0.1)
    bitwise = play(
        adversaries=[hugger], strategy={"kind": "full_reexecution", "comparator": "bitwise"}, duration="1 min"
    )
    assert bitwise["fraud_committed"] == 0
    assert bitwise["mean_output_deviation"] is None
