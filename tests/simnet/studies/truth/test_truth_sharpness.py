"""How rows are tested, and what they would notice."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from simnet.scenario.truth import Check
from simnet.studies.truth.judge import Outcome, Verdict, agrees_in_print
from simnet.studies.truth.sharpness import ALPHA, BLUNT, POWER, accepted, p_value, sharpness_of
from simnet.studies.truth.values import Amounts, Frequency, Line, Mean, Observation, Ratio, Shares, mean_of

COIN = Check.model_validate({"formula": "constant", "with": {"value": 0.5}, "observe": "frauds_finalised"})


def outcome(observed: Observation, expected: float) -> Outcome:
    """What becomes of a row."""
    return Verdict(
        COIN, expected, observed, p_value(observed, expected), sharpness_of(observed, expected), True
    ).outcome


@pytest.mark.parametrize(
    ("value", "printed", "agrees"),
    [
        (0.00796, "<0.01", True),
        (0.0101, "<0.01", False),
        (0.0877193, "0.0877", True),
        (0.0877193, "0.0878", False),
        (1980.0, "1980", True),
        (0.98998, "0.99", True),
        (7.0706e-7, "7.07e-7", True),
        (7.0806e-7, "7.07e-7", False),
    ],
)
def test_a_formula_must_give_the_printed_digits(value: float, printed: str, agrees: bool) -> None:
    assert agrees_in_print(value, printed) is agrees


class TestCounts:
    def test_certain_events_allow_no_exception(self) -> None:
        assert outcome(Frequency(100, 100), 1.0) is Outcome.HOLDS
        assert outcome(Frequency(99, 100), 1.0) is Outcome.FAILS
        assert outcome(Frequency(0, 100), 0.0) is Outcome.HOLDS
        assert outcome(Frequency(1, 100), 0.0) is Outcome.FAILS

    def test_nothing_observed_is_inconclusive(self) -> None:
        assert outcome(Frequency(0, 0), 0.5) is Outcome.INCONCLUSIVE

    @pytest.mark.parametrize("n", [20, 300, 20_000])
    def test_the_bounds_of_the_test_are_where_its_p_value_crosses_the_level(self, n: int) -> None:
        low, high = accepted(0.2, n, ALPHA)
        for k in {low, high}:
            assert p_value(Frequency(k, n), 0.2) >= ALPHA  # type: ignore[operator]
        for k in {k for k in (low - 1, high + 1) if 0 <= k <= n}:
            assert p_value(Frequency(k, n), 0.2) < ALPHA  # type: ignore[operator]

    def test_a_true_share_at_the_limit_is_noticed_as_often_as_stated(self) -> None:
        n, sharp = 1_000, sharpness_of(Frequency(200, 1_000), 0.2)
        assert sharp is not None
        assert sharp.below is not None
        assert sharp.above is not None
        low, high = accepted(0.2, n, ALPHA)
        for share in (sharp.below, sharp.above):
            noticed = binom.cdf(low - 1, n, share) + binom.sf(high, n, share)
            assert noticed == pytest.approx(POWER, abs=1e-6)

    def test_five_expected_events_cannot_fail_low_and_are_inconclusive(self) -> None:
        few = Frequency(5, 1_372)
        sharp = sharpness_of(few, 0.0035)
        assert sharp is not None
        assert sharp.below is None
        assert sharp.events == pytest.approx(4.8, abs=0.01)
        assert outcome(few, 0.0035) is Outcome.INCONCLUSIVE

    def test_misses_that_are_as_rare_are_inconclusive_too(self) -> None:
        sharp = sharpness_of(Frequency(650, 656), 0.99)
        assert sharp is not None
        assert sharp.above is None
        assert outcome(Frequency(650, 656), 0.99) is Outcome.INCONCLUSIVE

    def test_too_few_events_can_still_fail(self) -> None:
        assert outcome(Frequency(60, 1_372), 0.0035) is Outcome.FAILS

    @settings(max_examples=30, deadline=None)
    @given(share=st.floats(0.01, 0.99), n=st.integers(50, 5_000))
    def test_more_observations_notice_less(self, share: float, n: int) -> None:
        fewer, more = (sharpness_of(Frequency(0, count), share) for count in (n, 4 * n))
        assert fewer is not None
        assert more is not None
        assert more.bias <= fewer.bias

    def test_the_limit_between_inconclusive_and_holds(self) -> None:
        held = {n: outcome(Frequency(n // 100, n), 0.01) for n in range(1_000, 20_000, 1_000)}
        changes = [n for n in list(held)[1:] if held[n] is not held[n - 1_000]]
        assert held[1_000] is Outcome.INCONCLUSIVE
        assert held[19_000] is Outcome.HOLDS
        assert changes == [10_000]  # a hundred events, of which half would be noticed
        assert BLUNT == 0.5


class TestScales:
    def test_a_value_is_tested_by_the_share_that_it_follows_from(self) -> None:
        payoff = Frequency(200, 1_000, Line(10, -50))
        assert payoff.value == pytest.approx(0)
        assert p_value(payoff, 0.0) == p_value(Frequency(200, 1_000), 0.2)
        sharp, share = sharpness_of(payoff, 0.0), sharpness_of(Frequency(200, 1_000), 0.2)
        assert sharp is not None
        assert share is not None
        assert sharp.above == pytest.approx(10 - 50 * (share.below or 0))
        assert sharp.bias == share.bias

    def test_an_inverse_scale_turns_the_limits_around(self) -> None:
        sharp = sharpness_of(Frequency(250, 1_000, Ratio(1.0)), 4.0)
        assert sharp is not None
        assert sharp.below is not None
        assert sharp.above is not None
        assert sharp.below < 4 < sharp.above
        assert sharp.bias == pytest.approx(max(4 / sharp.below - 1, 1 - 4 / sharp.above))

    def test_a_value_that_no_share_gives_fails(self) -> None:
        assert outcome(Frequency(200, 1_000, Line(10, -50)), 11.0) is Outcome.FAILS
        assert outcome(Frequency(0, 1_000, Ratio(math.nan)), 0.1) is Outcome.FAILS


class TestShares:
    def test_each_part_is_tested_at_a_level_corrected_for_their_number(self) -> None:
        parts = [Frequency(150, 1_000)] * 19
        assert outcome(Shares((*parts, Frequency(150, 1_000))), 0.15) is Outcome.HOLDS
        assert outcome(Shares((*parts, Frequency(0, 1_000))), 0.15) is Outcome.FAILS
        odd = Frequency(191, 1_000)
        assert p_value(odd, 0.15) < 20 * ALPHA  # type: ignore[operator]
        assert p_value(Shares((*parts, odd)), 0.15) == pytest.approx(20 * p_value(odd, 0.15))  # type: ignore[operator]

    def test_it_is_as_sharp_as_its_bluntest_part(self) -> None:
        sharp = sharpness_of(Shares((Frequency(50, 100), Frequency(5_000, 10_000))), 0.5)
        blunt = sharpness_of(Shares((Frequency(50, 100), Frequency(50, 100))), 0.5)
        assert sharp == blunt

    def test_no_parts_are_inconclusive(self) -> None:
        assert outcome(Shares(()), 0.5) is Outcome.INCONCLUSIVE


class TestMeans:
    def test_a_mean_is_tested_by_its_standard_error(self) -> None:
        assert outcome(Mean(1.0, 0.1, 50), 1.3) is Outcome.HOLDS
        assert outcome(Mean(1.0, 0.1, 50), 1.4) is Outcome.FAILS
        assert outcome(Mean(1.0, 0.2, 50), 1.0) is Outcome.INCONCLUSIVE
        assert outcome(Mean(math.inf, math.inf, 50), 1.0) is Outcome.FAILS

    def test_its_sharpness_is_what_a_normal_mean_has(self) -> None:
        sharp = sharpness_of(Mean(1.0, 0.1, 50), 1.0)
        assert sharp is not None
        assert sharp.above is not None
        seen = np.random.default_rng(1).normal(sharp.above, 0.1, 20_000)
        failed = [p_value(Mean(value, 0.1, 50), 1.0) < ALPHA for value in seen]  # type: ignore[operator]
        assert np.mean(failed) == pytest.approx(POWER, abs=0.02)

    def test_one_value_has_no_error(self) -> None:
        assert mean_of([2.0]).error == math.inf


class TestAmounts:
    def test_every_amount_must_be_right(self) -> None:
        assert outcome(Amounts((2.0, 2.0)), 2.0) is Outcome.HOLDS
        assert outcome(Amounts((2.0, 2.0 + 1e-9)), 2.0) is Outcome.FAILS
        assert outcome(Amounts(()), 2.0) is Outcome.INCONCLUSIVE
