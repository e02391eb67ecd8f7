"""Intervals hold what they promise, and say so where they cannot."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.intervals import of_distribution, of_mean, of_quantile


def test_the_median_of_a_hundred_lies_between_the_40th_and_the_61st() -> None:
    # Conover, Practical Nonparametric Statistics: P(40 <= B(100, 1/2) <= 60) = 0.965
    assert of_quantile(list(range(1, 101)), 0.5) == (40, 61)


@pytest.mark.parametrize(
    ("n", "share", "bounded"), [(5, 0.5, False), (6, 0.5, True), (71, 0.95, False), (72, 0.95, True)]
)
def test_too_few_values_have_no_interval(n: int, share: float, bounded: bool) -> None:
    assert (of_quantile([float(i) for i in range(n)], share) is not None) == bounded


@given(st.lists(st.floats(-1e9, 1e9), min_size=6, max_size=300))
def test_the_interval_of_the_median_encloses_it(values: list[float]) -> None:
    ordered = sorted(values)
    interval = of_quantile(ordered, 0.5)
    assert interval is not None
    assert interval[0] <= float(np.median(ordered)) <= interval[1]


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_it_covers_the_true_quantile_at_least_as_often_as_it_says(share: float) -> None:
    rng, hits, trials = np.random.default_rng(1), 0, 2000
    for sample in np.sort(rng.random((trials, 200))):
        interval = of_quantile(sample.tolist(), share)
        assert interval is not None
        hits += interval[0] <= share <= interval[1]
    assert hits / trials >= 0.945


def test_a_mean_needs_two_values() -> None:
    assert of_mean([]) is None
    assert of_mean([3.0]) is None
    assert of_mean([3.0, 3.0]) == (3.0, 3.0)
    low, high = of_mean([1.0, 3.0]) or (0, 0)
    assert (round(low, 2), round(high, 2)) == (0.04, 3.96)


def test_the_band_of_a_distribution_narrows_with_the_root_of_n() -> None:
    assert round(of_distribution(100), 4) == 0.1358
    assert round(of_distribution(100) / of_distribution(10_000), 6) == 10
