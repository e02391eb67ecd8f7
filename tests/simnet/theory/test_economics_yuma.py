"""Yuma consensus: the median by stake, what is clipped, and what copying it earns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simnet.theory.yuma import KAPPA, copied, dividends, median

EQUAL = np.ones(3)
HONEST = np.array([[0.5, 0.5], [0.6, 0.4], [0.4, 0.6]])
"""Three validators who judge two miners, and do not quite agree."""


def test_the_median_is_what_half_of_the_stake_supports_and_not_half_of_the_heads() -> None:
    assert median(EQUAL, HONEST).tolist() == [0.5, 0.5]
    assert median(np.array([1.0, 1.0, 5.0]), HONEST).tolist() == [0.4, 0.6]


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(1, 100)), min_size=1, max_size=9))
def test_half_of_the_stake_gives_the_median_or_more_and_no_larger_weight_has_as_much(
    given_by: list[tuple[float, float]],
) -> None:
    weights, stakes = (np.array(column) for column in zip(*given_by, strict=True))
    (found,) = median(stakes, weights[:, None])
    assert stakes[weights >= found].sum() >= KAPPA * stakes.sum() * (1 - 1e-12)
    assert stakes[weights > found].sum() <= KAPPA * stakes.sum() * (1 + 1e-12)


def test_who_agrees_with_the_median_earns_most_and_everything_is_shared_out() -> None:
    earned = dividends(EQUAL, HONEST[None])
    assert earned.sum() == pytest.approx(1)
    assert earned[0] > earned[1] == pytest.approx(earned[2])


def test_dividends_follow_stake_where_all_agree() -> None:
    agreed = np.tile([0.7, 0.3], (4, 3, 1))
    assert dividends(np.array([1.0, 1.0, 2.0]), agreed) == pytest.approx([0.25, 0.25, 0.5])


def test_a_copier_of_the_present_is_never_clipped() -> None:
    epochs = np.stack([HONEST, HONEST[::-1], HONEST])
    for seat in range(3):
        with_a_copier = copied(EQUAL, epochs, seat, concealed=0)
        assert dividends(EQUAL, with_a_copier)[seat] >= dividends(EQUAL, epochs)[seat] - 1e-12


def test_old_weights_cost_a_copier_where_weights_move_and_nothing_where_they_do_not() -> None:
    still = np.tile([0.9, 0.1], (6, 3, 1))
    moving = still.copy()
    moving[1::2] = [0.1, 0.9]
    assert dividends(EQUAL, copied(EQUAL, still, 0, concealed=1))[0] == pytest.approx(1 / 3)
    assert dividends(EQUAL, copied(EQUAL, moving, 0, concealed=0))[0] == pytest.approx(1 / 3)
    assert dividends(EQUAL, copied(EQUAL, moving, 0, concealed=1))[0] < 0.2


def test_nothing_is_earned_where_nothing_is_valued() -> None:
    assert dividends(EQUAL, np.zeros((2, 3, 2))).tolist() == [0, 0, 0]
