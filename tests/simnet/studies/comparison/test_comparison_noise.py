"""The tests behind "beyond noise": what really differs is found, what does not is left alone."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simnet.measure.metric import wilson
from simnet.studies.comparison.noise import ALPHA, Floats, fewest, newcombe, percentiles, rates, seeds


def test_rates_that_differ_much_differ_beyond_noise() -> None:
    trial = rates((95, 100), (60, 100))
    assert trial.p is not None
    assert trial.p < 1e-6
    low, high = trial.interval or (0, 0)
    assert low is not None
    assert high is not None
    assert low < -0.35 < high < 0


def test_rates_that_differ_little_are_within_noise() -> None:
    trial = rates((95, 100), (92, 100))
    assert trial.p is not None
    assert trial.p > 0.5


@pytest.mark.parametrize(("n", "can_tell"), [(0, False), (3, False), (4, True), (5, True)])
def test_of_too_few_even_all_against_none_tells_nothing(n: int, can_tell: bool) -> None:
    assert (rates((0, n), (n, n)).p is not None) == can_tell


def test_newcombes_interval_is_as_published() -> None:
    """Newcombe 1998, table II, method 10: 56/70 - 48/80 and 9/10 - 3/10."""
    assert newcombe((48, 80), (56, 70)) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert newcombe((3, 10), (9, 10)) == pytest.approx((0.1705, 0.8090), abs=5e-5)


@given(st.integers(0, 50), st.integers(1, 50), st.integers(0, 50), st.integers(1, 50))
def test_the_interval_of_a_difference_holds_it_and_turns_with_it(k1: int, n1: int, k2: int, n2: int) -> None:
    first, second = (min(k1, n1), n1), (min(k2, n2), n2)
    low, high = newcombe(first, second)
    difference = second[0] / second[1] - first[0] / first[1]
    assert low - 1e-9 <= difference <= high + 1e-9
    assert newcombe(second, first) == pytest.approx((-high, -low))


def series(values: Floats) -> pd.Series[float]:
    """Observations of tasks 0, 1, …"""
    return pd.Series(values)


@pytest.mark.parametrize("same_world", [True, False])
def test_against_itself_a_sample_is_within_noise(same_world: bool) -> None:
    sample = series(np.random.default_rng(1).lognormal(size=500))
    trial = percentiles(sample, sample, 0.95, same_world=same_world)
    assert trial.p is not None
    assert trial.p > 0.5


def test_a_shift_of_the_tail_alone_is_found_in_the_tail_alone() -> None:
    draws = np.random.default_rng(2)
    first, second = draws.normal(100, 5, 1000), draws.normal(100, 5, 1000)
    second[:100] += 60
    tail, middle = (percentiles(series(first), series(second), share, same_world=False).p for share in (0.95, 0.5))
    assert tail is not None
    assert middle is not None
    assert tail < 0.001
    assert middle > ALPHA


def test_pairs_show_a_shift_that_is_small_beside_what_tasks_differ_by() -> None:
    draws = np.random.default_rng(3)
    near_and_far = np.concatenate([draws.normal(20, 2, 150), draws.normal(200, 20, 150)])
    first, second = series(near_and_far), series(near_and_far + draws.normal(4, 1, 300))
    paired = percentiles(first, second, 0.95, same_world=True)
    apart = percentiles(first, second, 0.95, same_world=False)
    assert (paired.method, paired.n) == ("paired bootstrap", "300 tasks")
    assert paired.p is not None
    assert apart.p is not None
    assert paired.p < 0.01 < 0.2 < apart.p


def test_samples_that_have_few_tasks_in_common_are_not_paired() -> None:
    first = series(np.arange(100.0))
    trial = percentiles(first, first.set_axis(first.index + 50), 0.5, same_world=True)
    assert trial.method == "bootstrap"


@pytest.mark.parametrize("share", [0.5, 0.95, 0.99])
def test_a_percentile_needs_enough_observations(share: float) -> None:
    enough = series(np.arange(float(fewest(share))))
    assert percentiles(enough, enough + 1e6, share, same_world=False).p is not None
    assert percentiles(enough, enough[1:], share, same_world=False).p is None


def too_many(alarms: int, rounds: int) -> bool:
    """Whether that is more than four standard deviations above 5 %; all draws are fixed by the seed."""
    return alarms > rounds * (ALPHA + 4 * math.sqrt(ALPHA * (1 - ALPHA) / rounds))


@pytest.mark.long
def test_false_alarms_are_as_rare_as_they_should_be() -> None:
    draws, rounds = np.random.default_rng(3), 200
    alarms = {"rates": 0, "median": 0, "tail": 0, "paired": 0, "welch": 0}
    for _ in range(rounds):
        one, other = draws.lognormal(size=(2, 200))
        k1, k2 = (int(count) for count in draws.binomial(80, 0.3, size=2))
        few, more = draws.normal(size=(2, 5))
        found = {
            "rates": rates((k1, 80), (k2, 80)).p,
            "median": percentiles(series(one), series(other), 0.5, same_world=False).p,
            "tail": percentiles(series(one), series(other), 0.95, same_world=False).p,
            "paired": seeds(few, more, matched=True).p,
            "welch": seeds(few, more, matched=False).p,
        }
        for name, p in found.items():
            alarms[name] += p is not None and p < ALPHA
    assert not [name for name, count in alarms.items() if too_many(count, rounds)], alarms


def test_false_alarms_among_pairs_are_as_rare() -> None:
    draws, rounds, alarms = np.random.default_rng(4), 60, 0
    for _ in range(rounds):
        base, one, other = draws.lognormal(size=(3, 80))
        p = percentiles(series(base + one), series(base + other), 0.5, same_world=True).p
        alarms += p is not None and p < ALPHA
    assert not too_many(alarms, rounds), alarms


def test_pairing_finds_what_differences_between_seeds_would_hide() -> None:
    first = [100.0, 200.0, 300.0, 400.0]
    second = [103.0, 204.0, 303.5, 403.0]
    paired, apart = seeds(first, second, matched=True).p, seeds(first, second, matched=False).p
    assert paired is not None
    assert apart is not None
    assert paired < 0.01 < 0.9 < apart


def test_one_seed_tells_nothing_and_the_same_change_in_every_seed_tells_all() -> None:
    assert seeds([1.0], [2.0], matched=True).p is None
    assert seeds([1.0, 2.0], [2.0, 3.0], matched=True).p == 0.0
    assert seeds([1.0, 2.0], [1.0, 2.0], matched=True).p == 1.0
    assert seeds([1.0, 1.0], [2.0, 2.0], matched=False).p == 0.0


def test_wilsons_interval_lies_behind_the_difference() -> None:
    (low, high), n = wilson(0, 10), 10
    assert newcombe((0, n), (0, n)) == pytest.approx((-high, high))
    assert low == 0
