"""Learning from payoffs: means, trials, exploration, and the record of every choice."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.adversaries.learning.experience import Bandit, Experience
from nodes.identity import Role
from nodes.records import Decided
from tests.driving import Course, attached, follow

ACTIONS = ("honest", "small", "int8")


class Chooser(Bandit):
    """Something that chooses."""

    role: ClassVar[Role] = Role.INFERENCE


def choosing(chooser: Chooser, times: int = 1, context: str = "") -> list[Decided]:
    """So many choices in a row."""
    courses: list[Course] = [follow(chooser.choose(ACTIONS, f"task {i}", context)) for i in range(times)]
    records: list[Any] = [course.records[0] for course in courses]
    assert [course.result for course in courses] == [record.action for record in records]
    return records


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=30))
def test_without_recency_an_expectation_is_the_mean_of_all_payoffs(payoffs: list[float]) -> None:
    known = Experience()
    for payoff in payoffs:
        known.book("a", payoff)
    assert known.expected["a"] == pytest.approx(sum(payoffs) / len(payoffs), abs=1e-9)


def test_with_recency_old_payoffs_are_forgotten() -> None:
    plain, quick = Experience(), Experience(recency=0.5)
    for payoff in [0.0] * 50 + [1.0] * 5:
        plain.book("a", payoff)
        quick.book("a", payoff)
    assert plain.expected["a"] < 0.1
    assert quick.expected["a"] > 0.95


def test_the_best_action_is_that_with_the_highest_mean_and_the_first_if_nothing_is_known() -> None:
    known = Experience()
    assert known.best(ACTIONS) == "honest"
    known.book("small", -1.0)
    assert known.best(ACTIONS) == "small", "of what is known"
    known.book("int8", 2.0)
    assert known.best(ACTIONS) == "int8"


def test_each_action_is_tried_first_and_the_best_is_taken_after_that() -> None:
    chooser = attached(Chooser(trials=2, explore=0.0))
    chooser.experience("").book("int8", 5.0)
    chosen = choosing(chooser, 9)
    assert [one.action for one in chosen] == ["honest"] * 2 + ["small"] * 2 + ["int8"] * 2 + ["int8"] * 3
    assert [one.explored for one in chosen] == [True] * 6 + [False] * 3


def test_a_share_of_choices_is_made_to_find_out() -> None:
    chooser = attached(Chooser(trials=1, explore=0.3))
    chooser.experience("").book("honest", 1.0)
    chosen = choosing(chooser, 1_003)[3:]
    explored = [one for one in chosen if one.explored]
    assert len(explored) == pytest.approx(300, abs=60)
    assert {one.action for one in explored} == set(ACTIONS)
    assert {one.action for one in chosen if not one.explored} == {"honest"}


def test_what_pays_in_one_situation_says_nothing_about_another() -> None:
    chooser = attached(Chooser(trials=1, explore=0.0))
    chooser.experience("duty").book("small", 9.0)
    assert choosing(chooser, 4, "duty")[-1].action == "small"
    assert choosing(chooser, 4, "voluntary")[-1].action == "honest"


def test_every_choice_is_recorded_with_what_was_expected_of_each_action_known() -> None:
    chooser = attached(Chooser(trials=1))
    chooser.experience("").book("small", 0.25)
    [record] = choosing(chooser)
    assert record == Decided("inference-0", "", "task 0", "honest", True, {"small": 0.25})


def test_the_same_stream_gives_the_same_choices() -> None:
    runs = [[one.action for one in choosing(attached(Chooser(explore=0.9)), 50)] for _ in range(2)]
    assert runs[0] == runs[1]
