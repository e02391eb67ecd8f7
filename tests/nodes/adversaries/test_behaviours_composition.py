"""How behaviours are bounded and put together: phases, probabilities, several on one node, state of one's own."""

from __future__ import annotations

from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.adversaries.behaviour import ALWAYS, Behaviour, Gate, filtered, on, subject_of
from nodes.adversaries.inference.answers import Equivocate, LabelFlip, Quantize
from nodes.adversaries.inference.controls import HonestNoisy
from nodes.effects import Effect, Execute, Now, Purpose, Reply, Sleep, Steps, Submit
from nodes.identity import Role
from nodes.messages import InferenceAnswer
from nodes.records import Cheated, Perturbed
from tests.driving import (
    INPUT,
    MODEL,
    OUTPUT,
    TASK,
    always,
    any_claim,
    asking,
    attached,
    execution,
    follow,
    lies,
    past,
    signed_answer,
    signing_as,
    task_id,
    yielding,
)
from tests.small import play


def asked(number: int) -> Execute:
    """The execution of task so-and-so."""
    return Execute(MODEL, INPUT, Purpose.ANSWER, task_id(number))


# -- gates ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("now", "acts"), [(9.999, False), (10.0, True), (19.999, True), (20.0, False)])
def test_a_behaviour_acts_from_the_first_moment_of_its_phase_to_just_before_the_last(now: float, acts: bool) -> None:
    course = past(
        attached(Quantize()),
        asked(1),
        gate=Gate(10.0, 20.0),
        answers={Now: always(now), Execute: always(execution())},
    )
    assert course.one(Execute).variant == ("int8" if acts else "fp32")
    assert bool(lies(course)) is acts


def test_a_behaviour_without_a_phase_does_not_ask_for_the_time() -> None:
    assert past(attached(Quantize()), asked(1), answers={Execute: always(execution())}).of(Now) == []


def drawn(probability: float, key: str, count: int = 3000) -> list[int]:
    """Numbers of the tasks on which a behaviour acts."""
    gate = Gate(probability=probability, key=key)
    return [number for number in range(count) if gate.drawn(task_id(number))]


@pytest.mark.parametrize("probability", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_a_behaviour_acts_on_about_its_share_of_the_tasks(probability: float) -> None:
    share = len(drawn(probability, "k")) / 3000
    assert share == pytest.approx(probability, abs=0.03)
    assert probability not in (0.0, 1.0) or share == probability


@given(st.floats(0, 1), st.floats(0, 1))
def test_who_acts_more_often_acts_on_the_same_tasks_and_more(one: float, other: float) -> None:
    fewer, more = sorted((one, other))
    assert set(drawn(fewer, "k", 100)) <= set(drawn(more, "k", 100))


def test_two_nodes_draw_different_tasks_and_one_node_the_same_ones_again() -> None:
    assert drawn(0.5, "1/inference-0/quantize") == drawn(0.5, "1/inference-0/quantize")
    both = set(drawn(0.5, "1/inference-0/quantize")) & set(drawn(0.5, "1/inference-1/quantize"))
    assert len(both) / 3000 == pytest.approx(0.25, abs=0.03)


def test_a_gate_decides_the_same_for_every_effect_about_one_task() -> None:
    gate = Gate(probability=0.5, key="k")
    for number in range(50):
        task = task_id(number)
        reply = Reply(asking(None, task), InferenceAnswer(task, OUTPUT, b""))
        assert subject_of(asked(number)) == subject_of(reply) == task
        assert gate.drawn(subject_of(asked(number))) == gate.drawn(subject_of(reply))


def test_a_phase_holds_in_a_run() -> None:
    run = play(adversaries=[{"behaviour": "quantize", "nodes": ["inference-0"], "from": "40 s", "until": "80 s"}])
    times = [row["t"] for row in run.lies("inference-0")]
    assert times
    assert 40 <= min(times) <= max(times) < 80
    executed = [row for row in run.tables.of("executed") if (row["node"], row["purpose"]) == ("inference-0", "answer")]
    assert {row["variant"] for row in executed if not 40 <= row["t"] < 80} == {"fp32"}
    assert run["detection_rate"] == 1


# -- composition ---------------------------------------------------------------------------------------------


class Doubled(Behaviour):
    """Test behaviour that says everything twice."""

    role: ClassVar[Role] = Role.INFERENCE
    defeats: ClassVar[str] = ""
    stopped_by: ClassVar[str] = ""
    shows_in: ClassVar[str] = ""

    @on(Sleep, Submit)
    def twice(self, effect: Effect) -> Steps:
        """Carry it out twice."""
        yield effect
        return (yield effect)


def test_a_behaviour_may_repeat_an_effect_and_leaves_all_others_alone() -> None:
    sleep, now = Sleep(1.0), Now()
    course = past(Doubled(), sleep, now, answers={Now: always(3.0)})
    assert course.effects == [sleep, sleep, now]
    assert course.result == [None, 3.0]


def test_behaviours_nest_and_what_the_inner_one_sends_the_outer_one_sees() -> None:
    sleep = Sleep(1.0)
    inner = filtered(yielding(sleep), Doubled(), ALWAYS)
    assert follow(filtered(inner, Doubled(), ALWAYS)).effects == [sleep] * 4


def test_the_steps_past_a_behaviour_return_what_the_steps_return() -> None:
    def steps() -> Steps:
        yield Sleep(1.0)
        return "done"

    assert follow(filtered(steps(), Doubled(), ALWAYS)).result == "done"


def test_two_behaviours_on_one_node_both_act_and_both_are_on_record() -> None:
    noisy, quantize = attached(HonestNoisy()), attached(Quantize())
    steps = filtered(filtered(yielding(asked(1)), noisy, ALWAYS), quantize, ALWAYS)
    course = follow(steps, {Execute: always(execution())})
    assert course.one(Execute).variant == "int8"
    assert [type(record) for record in course.records] == [Cheated, Perturbed]


def test_a_node_that_flips_labels_and_equivocates_does_both_in_a_run() -> None:
    run = play(
        adversaries=[
            {"behaviour": "label_flip", "nodes": ["inference-0"], "probability": "20 %"},
            {"behaviour": "equivocate", "nodes": ["inference-0"], "probability": "20 %"},
        ]
    )
    acted = {row["behaviour"] for row in run.lies("inference-0")}
    assert acted == {"label_flip", "equivocate"}
    assert set(run.slashes("inference-0")) == {"fraud", "equivocation"}
    assert run["fraud_finalised"] == run["false_slash_rate"] == 0
    assert run.tables.participants["inference-0"]["behaviours"] == ["label_flip", "equivocate"]


def test_equivocation_falsifies_whatever_answer_an_inner_behaviour_let_through() -> None:
    honest = Reply(asking(None), InferenceAnswer(TASK, OUTPUT, signed_answer(OUTPUT)))
    steps = filtered(filtered(yielding(honest), attached(LabelFlip()), ALWAYS), attached(Equivocate()), ALWAYS)
    course = follow(steps, signing_as("inference-0"))
    assert lies(course) == [("answer", TASK)]


# -- state and ground truth ----------------------------------------------------------------------------------


class Counter(Behaviour):
    """Test behaviour that counts what passes."""

    role: ClassVar[Role] = Role.INFERENCE
    defeats: ClassVar[str] = ""
    stopped_by: ClassVar[str] = ""
    shows_in: ClassVar[str] = ""
    _count: int = 0

    def begin(self) -> None:
        """Nothing yet."""
        self._count = 0

    @on(Sleep)
    def count(self, effect: Sleep) -> Steps:
        """One more."""
        self._count += 1
        yield effect
        return self._count


def test_what_a_behaviour_keeps_in_memory_belongs_to_one_node() -> None:
    kind = Counter()
    one, other = attached(kind, "inference-0"), attached(kind, "inference-1")
    assert past(one, Sleep(1.0), Sleep(1.0)).result == [1, 2]
    assert past(other, Sleep(1.0)).result == [1]
    assert past(one, Sleep(1.0)).result == [3]


def test_the_state_of_a_behaviour_outlives_one_task_of_its_node() -> None:
    """Every generator of a host passes the same instance."""
    kind = attached(Counter())
    assert [past(kind, Sleep(1.0)).result for _ in range(3)] == [[1], [2], [3]]


def test_nothing_is_on_record_when_everybody_is_honest() -> None:
    run = play()
    assert run.lies() == []
    assert not any(row["behaviours"] for row in run.tables.of("participant_joined"))


def test_a_behaviour_that_never_comes_to_act_is_named_and_accused_of_nothing() -> None:
    run = play(adversaries=[{"behaviour": "quantize", "nodes": ["inference-0"], "probability": "0 %"}])
    assert run.lies() == []
    assert run.tables.participants["inference-0"]["dishonest"] is True
    assert (run["fraud_committed"], run["slashes_total"]) == (0, 0)


def test_ground_truth_names_exactly_the_tasks_on_which_the_cheaper_model_ran() -> None:
    run = play(
        adversaries=[{"behaviour": "model_swap", "nodes": ["inference-0", "inference-1"], "probability": "30 %"}]
    )
    swapped = {(row["node"], row["task"]) for row in run.tables.of("executed") if row["variant"] == "small"}
    assert swapped == {(row["node"], row["subject"]) for row in run.lies()}
    assert len(swapped) == len(run.lies())


def test_only_participants_see_effects_and_no_claim_says_who_lied() -> None:
    """A strategy works from claims and logs: neither carries ground truth."""
    words = {"behaviour", "dishonest", "fraud", "honest"}
    assert not words & set(type(any_claim()).__dataclass_fields__)
    run = play(adversaries=[{"behaviour": "model_swap", "nodes": ["inference-0"], "probability": "30 %"}])
    for name in run.tables.chain:
        assert not words & set(run.tables.event(name)[0])
