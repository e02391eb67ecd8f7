"""Curves: zero, no value, and what has not come yet are three things."""

from __future__ import annotations

import pytest

from dashboards.course import amount, columns, curve, mean, number
from dashboards.text import NOTHING, SPARKS, spark
from simnet.measure.distribution import Course, Distribution


def course(*moments: tuple[float, float]) -> Course:
    """A course of values at times."""
    found = Course()
    for time_s, value in moments:
        found.add(time_s, value)
    return found


def test_a_mean_of_nothing_is_not_zero() -> None:
    shown = curve(course((0.5, 84.0), (3.5, 84.0)), mean, 5, 5, 4.5)
    assert shown == f"█{NOTHING}{NOTHING}█{NOTHING}"


def test_a_count_of_nothing_is_zero_up_to_now_and_blank_after() -> None:
    assert curve(course((0.5, 1.0)), number, 5, 5, 2.5) == "█▁▁  "


def test_a_series_that_has_ended_goes_on_as_zero_to_the_end_of_the_run() -> None:
    assert curve(course((0.5, 1.0), (1.5, 1.0)), number, 6, 6, 6.0) == "██▁▁▁▁"


def test_a_squeezed_mean_weighs_every_value_and_a_squeezed_count_keeps_its_peak() -> None:
    found = course((0.5, 10.0), (0.5, 10.0), (0.5, 10.0), (1.5, 50.0))
    assert columns(found, mean, 1, 2, 2) == [20.0]
    assert columns(found, number, 1, 2, 2) == [3]
    assert columns(found, amount, 1, 2, 2) == [50.0]


@pytest.mark.parametrize("values", [[], [None], [0.0], [0.0, None, 3.0]])
def test_every_column_is_one_character(values: list[float | None]) -> None:
    shown = spark(values)
    assert len(shown) == len(values)
    assert set(shown) <= {*SPARKS, NOTHING}


def test_a_distribution_has_no_gaps_for_want_of_buckets() -> None:
    found = Distribution()
    for value in range(100, 200):
        found.add(float(value))
    _, _, counts = found.histogram(500)
    assert len(counts) <= len(range(min(found.buckets), max(found.buckets) + 1))
