"""Percentiles and courses that the dashboard keeps of streams without end."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simnet.measure.distribution import ACCURACY, BINS_MAX, Course, Distribution

values = st.lists(st.floats(min_value=1e-6, max_value=1e9), min_size=1, max_size=200)


@given(values, st.floats(min_value=0, max_value=1))
def test_a_percentile_is_right_within_the_accuracy(found: list[float], share: float) -> None:
    sketch = Distribution()
    for value in found:
        sketch.add(value)
    exact = float(np.quantile(found, share))
    assert sketch.quantile(share) == pytest.approx(exact, rel=ACCURACY * 1.01)


def test_there_is_no_percentile_of_nothing() -> None:
    assert Distribution().quantile(0.5) is None


def test_zero_is_a_value_too() -> None:
    sketch = Distribution()
    for value in (0.0, 0.0, 0.0, 5.0):
        sketch.add(value)
    assert sketch.quantile(0.5) == 0.0
    assert sketch.quantile(1.0) == pytest.approx(5.0, rel=ACCURACY)


@given(values, st.integers(min_value=1, max_value=60))
def test_a_histogram_loses_nobody(found: list[float], columns: int) -> None:
    sketch = Distribution()
    for value in found:
        sketch.add(value)
    least, most, counts = sketch.histogram(columns)
    assert sum(counts) == len(found)
    assert len(counts) <= columns
    assert least <= min(found) * (1 + ACCURACY)
    assert most >= max(found) * (1 - ACCURACY)


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e3)), max_size=100))
def test_a_course_stays_bounded_and_keeps_its_sums(moments: list[tuple[float, float]]) -> None:
    course = Course()
    for time_s, value in moments:
        course.add(time_s, value)
    assert len(course.counts) <= BINS_MAX
    assert sum(course.counts) == len(moments)
    assert sum(course.totals) == pytest.approx(sum(value for _, value in moments))
    for time_s, _ in moments:
        assert course.counts[int(time_s / course.width_s)] > 0
