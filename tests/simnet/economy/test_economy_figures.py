"""Figures of concentration, against values worked out by hand, and thresholds against theory."""

from __future__ import annotations

import numpy as np
import pytest

from simnet.economy.figures import gini, nakamoto
from simnet.economy.paths import draw
from simnet.economy.thresholds import Turn, changed, reached, sweep, try_fraud, with_fall
from simnet.studies.equilibrium.fit import Chosen, fit
from tests.simnet.economy.worlds import small


@pytest.mark.parametrize(
    ("stakes", "coefficient"), [([1, 1, 1, 1], 0.0), ([0, 0, 0, 1], 0.75), ([1, 2, 3, 4], 0.25), ([0, 0], 0.0)]
)
def test_gini(stakes: list[int], coefficient: float) -> None:
    assert gini(np.array([stakes], dtype=object))[0] == pytest.approx(coefficient)


@pytest.mark.parametrize(
    ("stakes", "fewest"), [([1] * 9, 4), ([1, 1, 1], 2), ([100, 1, 1], 1), ([3, 2, 2, 2], 2), ([0, 0], 0)]
)
def test_nakamoto_counts_who_has_more_than_a_third(stakes: list[int], fewest: int) -> None:
    assert nakamoto(np.array([stakes], dtype=object))[0] == fewest


@pytest.mark.parametrize("slash", [0.05, 0.5])
@pytest.mark.parametrize("colluding", [0.0, 0.5])
def test_fraud_stops_to_pay_where_the_closed_form_says(slash: float, colluding: float) -> None:
    """Of 30 seeds 28 have theory within their 95 % interval, and their mean is 0.1 % from it."""
    scenario = small(
        seed=1,
        price={"follows": "constant", "start": 0.1, "volatility": 0.0},
        validators={"count": 50},
        demand={"start": 20_000_000},
        verification={"slash_share": slash, "colluding": colluding},
    )
    trial = try_fraud(scenario, 60)
    assert trial.low < trial.theory < trial.high, trial
    assert trial.high < 1.6 * trial.low


def test_a_theory_that_forgets_the_colluding_is_outside() -> None:
    scenario = small(
        price={"follows": "constant", "start": 0.1, "volatility": 0.0},
        validators={"count": 50},
        demand={"start": 20_000_000},
        verification={"colluding": 0.5},
    )
    trial = try_fraud(scenario, 60)
    assert not trial.low < trial.theory * 0.5 < trial.high


def test_a_sweep_finds_where_an_outcome_turns() -> None:
    """Validators of one size and one price leave all at once: where the fee pays for them."""
    scenario = small(
        price={"follows": "constant", "start": 0.1, "volatility": 0.0}, validators={"skew": 0.0, "patience": 1}
    )
    between = (1e-4, 1e-1)
    (turn,) = sweep(
        scenario, lambda fee: changed(scenario, "work.fee_usd", fee), between, {"all": reached("working", 13, 4)}
    ).values()
    assert turn.is_bounded
    fee = (0.001 + 20 / 250_000) / 0.99  # computing and fixed costs, over validators' share with their rewards
    assert turn.threshold.low < fee < turn.threshold.high
    assert turn.says == f"{turn.threshold.value:.3g} ({turn.threshold.low:.3g} – {turn.threshold.high:.3g})"


@pytest.mark.parametrize(
    ("turned", "says"),
    [
        ((0, 0, 2), "an end of what was tried: at 1 it holds on 2 of 5 paths"),  # most of it is beyond what was tried
        ((3, 5, 5), "at 0.01 it holds on 3 of 5 paths"),
        ((0, 0, 0), "does not hold up to 1, the most that was tried"),
        ((5, 5, 5), "holds from 0.01 on, the least that was tried"),
    ],
)
def test_a_threshold_at_an_end_of_what_was_tried_is_said_to_be_there(turned: tuple[int, ...], says: str) -> None:
    between = (0.01, 1.0)
    choices = tuple(Chosen(value, count, 5) for value, count in zip((0.01, 0.1, 1.0), turned, strict=True))
    turn = Turn(fit(choices, between), between, choices)
    assert not turn.is_bounded
    assert says in turn.says


def test_a_fall_comes_on_top_of_the_path() -> None:
    plain = draw(small(), [0]).price
    fallen = draw(with_fall(small(), 5, 0.25), [0]).price
    assert (fallen[0, :5] == plain[0, :5]).all()
    assert [round(float(a) / float(b), 6) for a, b in zip(fallen[0, 5:], plain[0, 5:], strict=True)] == [0.25] * 9
