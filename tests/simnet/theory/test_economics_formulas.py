"""Closed forms against the numbers that their sources print, or that follow from them to the last digit."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.deploy import ProtocolParameters
from chain.quantities import OPG, Wei
from simnet.theory.capture import all_collude, any_of, seats_captured, slots_captured
from simnet.theory.detection import detected_within, mean_requests, requests_until, unseen_after
from simnet.theory.dilemma import (
    attention_penalty,
    fraud_floor,
    gain_of_verifying,
    jackpot_needed,
    jackpot_share,
    jackpot_total,
    verifies_if_it_pays,
)
from simnet.theory.randomness import last_revealer_wins
from simnet.theory.sampling import (
    break_even_penalty,
    detector_threshold,
    expected_cheat,
    expected_honest,
    posp_threshold,
    worth_cheating,
)
from simnet.theory.stakes import reward_each, slash_for, split_fees

probabilities = st.floats(0.01, 0.99)
amounts = st.floats(0.1, 1000)


@pytest.mark.parametrize(
    ("reward", "slash", "colluding", "expected"),
    [(1.2, 250, 0.5, 0.007962), (1.2, 100, 0.1, 0.010979), (1.5, 10, 0, 0.086957), (1.5, 10, 0.1, 0.096618)],
)
def test_gt1_the_threshold_of_proof_of_sampling(reward: float, slash: float, colluding: float, expected: float) -> None:
    assert round(posp_threshold(1, reward, slash, colluding), 6) == expected


def test_gt1_the_slope_of_cheating_around_the_threshold() -> None:
    """At half the threshold a cheat earns 1.0 where honesty earns 0.5; at one and a half times it earns nothing."""
    threshold = posp_threshold(1, 1.5, 10)
    assert expected_honest(1.5, 1) == 0.5
    assert expected_cheat(1.5, 10, threshold / 2) == pytest.approx(1.0)
    assert expected_cheat(1.5, 10, threshold) == pytest.approx(0.5)
    assert expected_cheat(1.5, 10, 1.5 * threshold) == pytest.approx(0.0)


def test_gt2_atoma_prints_less_than_one_percent_for_half_the_network_and_a_slash_of_250_costs() -> None:
    assert posp_threshold(1, 1.2, 250, 0.5) < 0.01
    assert posp_threshold(1, 0.0, 250, 0.5) < 0.01


@pytest.mark.parametrize(
    ("share", "needed", "printed"),
    [(0.30, 65, 7.07e-7), (0.35, 65, 0.0178e-2), (0.40, 65, 0.868e-2), (0.40, 86, 4.78e-10)],
)
def test_gt3_gonkas_table_of_collusion(share: float, needed: int, printed: float) -> None:
    assert slots_captured(128, share, needed) == pytest.approx(printed, rel=5e-3)


def test_gt3_any_of_many_fakes() -> None:
    captured = slots_captured(128, 0.35, 65)
    assert any_of(captured, 1) == pytest.approx(captured)
    assert any_of(captured, 1000) == pytest.approx(1 - (1 - captured) ** 1000)
    assert any_of(1.0, 3) == 1.0
    assert any_of(0.0, 3) == 0.0


def test_gt4_all_k_collude() -> None:
    assert all_collude(0.5, 10) == 0.0009765625


@pytest.mark.parametrize(
    ("nodes", "corrupt", "drawn", "needed", "expected"),
    [(20, 4, 3, 2, 0.08772), (20, 4, 3, 3, 0.00351), (20, 6, 5, 3, 0.13132), (20, 6, 5, 5, 0.000387)],
)
def test_gt4_a_corrupt_majority_of_a_committee(
    nodes: int, corrupt: int, drawn: int, needed: int, expected: float
) -> None:
    assert seats_captured(nodes, corrupt, drawn, needed) == pytest.approx(expected, rel=2e-3)


def test_gt4_a_committee_without_a_corrupt_member() -> None:
    assert 1 - seats_captured(20, 4, 3, 1) == pytest.approx(0.49123, abs=5e-6)


@given(st.integers(0, 30), st.integers(1, 30), st.integers(0, 30))
def test_a_panel_always_has_some_number_of_corrupt_seats(corrupt: int, drawn: int, needed: int) -> None:
    assert seats_captured(30, corrupt, drawn, 0) == 1
    assert 0 <= seats_captured(30, corrupt, drawn, needed) <= 1


@pytest.mark.parametrize(("requests", "printed"), [(10, 0.4013), (20, 0.6415), (50, 0.9231)])
def test_gt5_detection_over_many_requests(requests: int, printed: float) -> None:
    assert round(detected_within(0.05, requests), 4) == printed


@pytest.mark.parametrize(("p", "requests"), [(0.01, 459), (0.05, 90), (0.1, 44), (0.2, 21), (0.5, 7)])
def test_gt5_requests_until_99_percent(p: float, requests: int) -> None:
    assert math.ceil(requests_until(p, 0.99)) == requests


def test_gt5_verathos_prints_75_requests_at_6_percent() -> None:
    assert detected_within(0.06, 75) == pytest.approx(0.99, abs=1e-3)
    assert unseen_after(0.06, 75) == pytest.approx(0.01, abs=1e-3)


def test_gt6_pocket_prints_16_relays_until_a_proof_is_due() -> None:
    assert requests_until(0.25, 0.99) == pytest.approx(16.008, abs=5e-4)
    assert mean_requests(0.25) == 4


@pytest.mark.parametrize(("reward", "p", "penalty"), [(20, 0.01, 1980), (10, 0.2, 40), (5, 1.0, 0), (5, 0.0, math.inf)])
def test_gt7_the_penalty_at_which_fraud_earns_nothing(reward: float, p: float, penalty: float) -> None:
    assert break_even_penalty(reward, p) == pytest.approx(penalty)


@given(amounts, probabilities)
def test_gt7_at_the_break_even_penalty_the_expected_gain_is_zero(reward: float, p: float) -> None:
    assert (1 - p) * reward - p * break_even_penalty(reward, p) == pytest.approx(0, abs=1e-9 * reward)


@pytest.mark.parametrize(("loss", "floor"), [(0, 0.01), (100, 0.005)])
def test_gt8_the_floor_under_unpaid_checking(loss: float, floor: float) -> None:
    assert fraud_floor(1, 100, loss) == floor


@given(st.floats(1.01, 100), amounts, amounts)
def test_gt8_looking_pays_above_the_floor_and_below_it_does_not(ratio: float, reward: float, loss: float) -> None:
    floor = fraud_floor(1, reward, loss)
    assert gain_of_verifying(floor, reward, 1, loss) == pytest.approx(0, abs=1e-9)
    assert verifies_if_it_pays(floor * ratio, reward, 1, loss, explores=0.2) == 0.9
    assert verifies_if_it_pays(floor / ratio, reward, 1, loss, explores=0.2) == 0.1


def test_gt9_the_jackpot_halves_with_every_further_challenger() -> None:
    assert [jackpot_share(1000, k) for k in range(1, 6)] == [1000, 500, 250, 125, 62.5]
    assert [jackpot_total(1000, k) for k in range(1, 6)] == [1000, 1000, 750, 500, 312.5]


def test_gt10_a_forced_error_in_a_thousand_needs_a_jackpot_of_a_thousand_costs() -> None:
    assert jackpot_needed(1, 1 / 1000) == pytest.approx(1000)
    assert jackpot_needed(1, 0) == math.inf


def test_an_attention_challenge_must_cost_more_than_the_checks_it_stands_for() -> None:
    assert attention_penalty(2, 0.1) == 20
    assert attention_penalty(2, 0) == math.inf


@pytest.mark.parametrize(("slots", "wins"), [(1, 0.19), (2, 1 - 0.9**4), (0, 0.1)])
def test_gt22_the_last_revealer_picks_among_two_outcomes_a_slot(slots: int, wins: float) -> None:
    assert last_revealer_wins(0.1, slots) == pytest.approx(wins)


def test_gt23_the_threshold_of_a_detector_that_errs() -> None:
    found = detector_threshold(1, 1.5, 10, residual=0.3, detection=0.9, false_positive=0.01, colluding=0.1)
    assert found == pytest.approx(0.7 / (11.5 * 0.80), rel=1e-9)
    assert round(found, 4) == 0.0761


def test_gt23_honesty_never_pays_under_a_detector_that_condemns_the_honest_as_often_as_cheats() -> None:
    assert detector_threshold(1, 1.5, 10, detection=0.5, false_positive=0.45, colluding=0.1) == math.inf


@given(amounts, amounts, st.floats(0.0, 0.4), st.floats(0.5, 1.0), st.floats(0.0, 0.05), st.floats(0.0, 0.2))
def test_gt23_at_the_threshold_honesty_and_fraud_earn_the_same(
    cost: float, slash: float, residual: float, detection: float, false_positive: float, colluding: float
) -> None:
    reward = 1.5 * cost
    p = detector_threshold(
        cost,
        reward,
        slash,
        residual=residual * cost,
        detection=detection,
        false_positive=false_positive,
        colluding=colluding,
    )
    honest = expected_honest(reward, cost, slash, p, false_positive)
    cheat = expected_cheat(reward, slash, p, residual=residual * cost, detection=detection, colluding=colluding)
    assert honest == pytest.approx(cheat, abs=1e-6 * (reward + slash))


def test_a_fraud_worth_more_than_its_expected_slash_pays_at_any_flat_rate() -> None:
    assert not worth_cheating(0, 1, 1.5, 10, p=0.1)
    assert worth_cheating(0.2, 1, 1.5, 10, p=0.1)


PARAMETERS = ProtocolParameters(slash_share_bps=1_000, slash_amount=Wei(5), bounty_share_bps=4_000)


@pytest.mark.parametrize(
    ("slashable", "wrongs", "taken"),
    [(1_000, 0, 0), (1_000, 1, 105), (1_000, 3, 315), (1_000, 10, 1_000), (1_000, 99, 1_000), (3, 1, 3), (0, 1, 0)],
)
def test_a_slash_is_a_share_and_an_amount_for_each_claim_and_never_more_than_there_is(
    slashable: int, wrongs: int, taken: int
) -> None:
    slash = slash_for(PARAMETERS, slashable, wrongs)
    assert slash.taken == taken
    assert slash.bounty == taken * 4 // 10
    assert slash.bounty + slash.burned == taken


def test_fees_are_split_without_losing_a_wei() -> None:
    assert split_fees(ProtocolParameters(verifier_share_bps=2_000), 101) == (81, 20)
    assert split_fees(ProtocolParameters(verifier_share_bps=2_000), 101, verified=False) == (101, 0)
    assert (reward_each(OPG, 3), reward_each(OPG, 0)) == (OPG // 3, 0)
