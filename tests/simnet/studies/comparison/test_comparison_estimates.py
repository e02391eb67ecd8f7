"""Figures over several seeds: what is pooled, how wide the interval is, and what stays undefined."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simnet.measure.catalogue import distributions
from simnet.measure.metric import wilson
from simnet.measure.stakes import StakeTerms, honesty_stake, stake_terms, total
from simnet.studies.comparison.catalogue import CATALOGUE, HEADLINE, READINGS, readings_of
from simnet.studies.comparison.estimates import COUNTS, OBSERVATIONS, SEEDS, Estimate, pool
from simnet.studies.comparison.frontier import frontier
from tests.comparison_samples import CHEAT, evidence
from tests.small import play


def test_a_rate_is_pooled_from_counts_and_not_from_rates() -> None:
    found = pool([evidence(1, counts={"detection_rate": (1, 1)}), evidence(2, counts={"detection_rate": (0, 9)})])
    rate = found["detection_rate"]
    assert (rate.value, rate.n, rate.basis) == (0.1, 10, COUNTS)
    assert rate.interval == wilson(1, 10)


def test_a_percentile_is_that_of_all_observations_and_not_a_mean_of_percentiles() -> None:
    few, many = [1.0], [9.0] * 99
    found = pool(
        [evidence(1, observations={"soft_latency_ms": few}), evidence(2, observations={"soft_latency_ms": many})]
    )
    median = found["soft_latency_ms.p50"]
    assert (median.value, median.n, median.basis) == (9.0, 100, OBSERVATIONS)


def test_a_percentile_of_too_few_has_an_open_interval() -> None:
    values = [float(i) for i in range(30)]
    found = pool([evidence(observations={"soft_latency_ms": values})])
    low, high = found["soft_latency_ms.p95"].interval or (None, None)
    assert low is not None
    assert high is None
    assert None not in (found["soft_latency_ms.p50"].interval or (None,))


def test_anything_else_is_a_mean_over_seeds_with_students_interval() -> None:
    found = pool([evidence(seed, values={"gas_per_inference": gas}) for seed, gas in ((1, 10.0), (2, 12.0), (3, 14.0))])
    gas = found["gas_per_inference"]
    assert (gas.value, gas.n, gas.basis) == (12.0, 3, SEEDS)
    assert gas.interval == pytest.approx((12 - 4.302653 * 2 / math.sqrt(3), 12 + 4.302653 * 2 / math.sqrt(3)))


def test_one_seed_gives_a_mean_no_interval() -> None:
    assert pool([evidence(values={"gas_per_inference": 10.0})])["gas_per_inference"].interval is None


def test_a_seed_without_a_value_does_not_count_as_zero() -> None:
    found = pool([evidence(1, values={"attacker_roi": 2.0}), evidence(2)])["attacker_roi"]
    assert (found.value, found.n) == (2.0, 1)


def test_of_no_runs_every_figure_is_there_and_undefined() -> None:
    found = pool([])
    assert found.keys() == READINGS.keys()
    assert all((figure.value, figure.n, figure.interval) == (None, 0, None) for figure in found.values())


def test_every_distribution_of_the_catalogue_has_its_observations() -> None:
    state = play(adversaries=[CHEAT]).state
    assert distributions(state).keys() == {name for name, spec in CATALOGUE.items() if spec.statistics}


def test_tables_lead_with_figures_that_exist() -> None:
    assert set(HEADLINE) <= READINGS.keys()
    assert readings_of("soft_latency_ms") == ("soft_latency_ms.p50", "soft_latency_ms.p95", "soft_latency_ms.p99")
    assert readings_of("soft_latency_ms.p95") == ("soft_latency_ms.p95",)
    assert readings_of("soft_latency") == ()


@pytest.mark.parametrize(("reward", "rate", "penalty"), [(20.0, 0.01, 1980.0), (10.0, 0.2, 40.0)])
def test_the_stake_is_pockets_break_even_penalty(reward: float, rate: float, penalty: float) -> None:
    detected = round(1000 * rate)
    terms = StakeTerms(decided=1000, detected=detected, gain_opg=1000 * reward, slashed_shares=detected * 1.0)
    stake, interval = honesty_stake(terms)
    assert stake == pytest.approx(penalty)
    assert interval is not None
    assert interval[0] < penalty < interval[1]


def test_a_slash_of_a_tenth_takes_ten_times_the_stake() -> None:
    whole, tenth = (StakeTerms(100, 50, 100.0, 50 * share) for share in (1.0, 0.1))
    assert honesty_stake(tenth)[0] == pytest.approx(10 * (honesty_stake(whole)[0] or 0))


def test_where_nothing_is_ever_punished_no_stake_is_enough() -> None:
    assert honesty_stake(StakeTerms(10, 0, 1.0, 0.0)) == (math.inf, None)
    assert honesty_stake(StakeTerms(10, 10, 1.0, 0.0)) == (math.inf, None)


def test_where_everything_is_punished_any_stake_is_enough_but_for_the_interval() -> None:
    stake, interval = honesty_stake(StakeTerms(20, 20, 1.0, 2.0))
    assert stake == 0
    assert interval is not None
    assert interval[0] == 0 < interval[1]


def test_without_fraud_the_stake_is_undefined() -> None:
    assert honesty_stake(StakeTerms()) == (None, None)


@given(st.lists(st.builds(StakeTerms, st.just(10), st.integers(0, 10), st.floats(0, 9), st.floats(0, 9)), max_size=5))
def test_terms_of_several_runs_add_up(terms: list[StakeTerms]) -> None:
    assert total(terms).decided == 10 * len(terms)
    assert total(terms).detected == sum(one.detected for one in terms)


def test_the_terms_of_a_run_are_its_frauds_fees_and_slashes() -> None:
    played = play(adversaries=[CHEAT])
    terms = stake_terms(played.state)
    assert terms.detected == terms.decided == played["fraud_detected"] > 0
    assert terms.gain_opg / terms.decided == pytest.approx(0.8 * 0.02, rel=1e-3)  # verifiers get a fifth of the fee
    assert terms.slashed_shares == pytest.approx(0.1 * terms.detected, rel=0.01)  # the share that a wrong claim costs


def test_an_unpunished_fraud_is_counted_too() -> None:
    played = play(adversaries=[CHEAT], strategy="none")
    terms = stake_terms(played.state)
    assert (terms.detected, terms.slashed_shares) == (0, 0.0)
    assert terms.decided == played["fraud_finalised"] > 0


def plane(places: dict[str, tuple[float | None, float | None]]) -> dict[str, dict[str, Estimate]]:
    """Estimates of overhead and detection rate."""
    overhead, rate = CATALOGUE["verification_overhead_ratio"], CATALOGUE["detection_rate"]
    return {
        label: {
            overhead.name: Estimate(overhead, "mean", cost, 1, None, SEEDS),
            rate.name: Estimate(rate, "rate", security, 1, None, COUNTS),
        }
        for label, (cost, security) in places.items()
    }


def efficient(places: dict[str, tuple[float | None, float | None]]) -> set[str]:
    """Labels on the frontier."""
    found = frontier(plane(places), "verification_overhead_ratio", "detection_rate")
    return {point.label for point in found.points if point.efficient}


def test_what_another_beats_on_both_counts_is_not_on_the_frontier() -> None:
    assert efficient({"none": (0, 0), "few": (1, 0.9), "all": (5, 0.9), "worse": (6, 0.1)}) == {"none", "few"}


def test_equals_do_not_beat_each_other() -> None:
    assert efficient({"one": (1, 0.5), "other": (1, 0.5)}) == {"one", "other"}


def test_a_strategy_without_a_place_is_named() -> None:
    found = frontier(plane({"none": (0, 0), "failed": (None, 1)}), "verification_overhead_ratio", "detection_rate")
    assert found.undefined == ("failed",)
