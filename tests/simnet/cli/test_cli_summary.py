"""How figures read at the end of a run."""

from __future__ import annotations

import pytest

from simnet.cli.summary import checking, number, percent, percent_of_stake, percentiles, plain
from simnet.measure.catalogue import METRICS
from simnet.measure.metric import Metric, wilson
from tests.handmade import Handmade


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0, "0"),
        (0.0, "0"),
        (0.123456, "0.123"),
        (42, "42"),
        (999.4, "999"),
        (999.7, "1,000"),
        (1234.5, "1,234"),
        (569_895_224, "569,895,224"),
        (-1234.4, "-1,234"),
    ],
)
def test_a_figure_has_three_digits_or_all_before_the_point(value: float | None, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("caught", "of", "text"),
    [
        (33, 33, "100 % (n = 33, 95 % interval 89.6–100 %)"),
        (0, 10_502, "0 % (n = 10,502, 95 % interval 0–0.0366 %)"),
        (1, 3, "33.33 % (n = 3, 95 % interval 6.15–79.2 %)"),
    ],
)
def test_a_rate_comes_with_its_n_and_its_interval(caught: int, of: int, text: str) -> None:
    assert percent(Metric(METRICS["detection_rate"], caught / of, of, wilson(caught, of))) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "no inference was executed again"), (4.28, "4.28 times the work of answering"), (None, "–")],
)
def test_what_was_not_executed_again_is_no_figure_of_zero(value: float | None, text: str) -> None:
    assert checking(Metric(METRICS["verification_overhead_ratio"], value, 1)) == text


def test_what_is_undefined_says_so() -> None:
    metrics = Handmade().metrics
    assert percent(metrics["detection_rate"]) == "undefined: there was nothing to judge"
    assert percent_of_stake(metrics["attacker_roi"]) == "n/a (no dishonest acts)"
    assert percentiles(metrics, "soft_latency_ms", "ms") == "undefined: it never happened"
    assert plain(metrics, "gas_per_inference") == "–"


@pytest.mark.parametrize(("value", "text"), [(-0.4219, "-42.2 %"), (0.18, "+18 %"), (0.000032, "+0.0032 %")])
def test_a_return_shows_its_sign_and_that_it_is_modelled(value: float, text: str) -> None:
    assert percent_of_stake(Metric(METRICS["attacker_roi"], value, 1)) == f"{text} of their stake (modelled)"
