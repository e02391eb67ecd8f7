"""Expectations: what they accept, what they say when they do not hold."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simnet.measure.catalogue import METRICS, READINGS
from simnet.verdict.expectations import OPERATORS, ExpectationError, parse_expectation, vacuous


@pytest.mark.parametrize(
    ("text", "values", "held"),
    [
        ("detection_rate >= 0.95", {"detection_rate": 0.95}, True),
        ("detection_rate >= 95 %", {"detection_rate": 0.94}, False),
        ("soft_latency_ms.p95 <= 800", {"soft_latency_ms.p95": 800.0}, True),
        ("slashed_opg > 0", {"slashed_opg": 0.0}, False),
        ("fraud_finalised == 0", {"fraud_finalised": 0}, True),
        ("fraud_finalised != 0", {"fraud_finalised": 0}, False),
        ("0.5<detection_rate", {"detection_rate": 0.6}, True),
        ("fraud_detected == fraud_committed", {"fraud_detected": 3, "fraud_committed": 3}, True),
        ("attacker_roi < -1e-3", {"attacker_roi": -0.5}, True),
        ("gas_total < 1_000_000", {"gas_total": 999_999}, True),
    ],
)
def test_a_run_holds_to_an_expectation_or_does_not(text: str, values: dict[str, float], held: bool) -> None:
    assert parse_expectation(text).evaluate(values).held is held


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("tasks_total >= 0", "always"),
        ("tasks_total > -1", "always"),
        ("tasks_total != -1", "always"),
        ("0 <= tasks_total", "always"),
        ("tasks_total >= 1", ""),
        ("tasks_total < 0", "never"),
        ("tasks_total == -1", "never"),
        ("tasks_total == 0", ""),
        ("detection_rate >= 0", ""),  # it asks that there is a rate
        ("detection_rate <= 100 %", ""),
        ("detection_rate < 100 %", ""),
        ("detection_rate > 100 %", "never"),
        ("detection_rate == 101 %", "never"),
        ("95 < detection_rate", "never"),
        ("soft_latency_ms.p95 < 0", "never"),
        ("soft_latency_ms.p95 <= 800", ""),
        ("attacker_roi < -5", ""),  # it has no bounds
        ("fraud_detected == fraud_committed", ""),
    ],
)
def test_what_says_nothing_about_any_run_is_found(text: str, says: str) -> None:
    message, _ = vacuous(parse_expectation(text))
    assert says in message
    assert bool(message) is bool(says)


def test_a_share_without_its_percent_sign_is_recognised() -> None:
    assert vacuous(parse_expectation("detection_rate >= 95"))[1] == "did you mean 95 %?"


def test_a_judgement_carries_the_value_and_says_what_was_expected() -> None:
    judgement = parse_expectation("detection_rate >= 95 %").evaluate({"detection_rate": 0.5})
    assert judgement.value == 0.5
    assert judgement.detail == "detection_rate is 50 %, expected detection_rate >= 95 %"


@pytest.mark.parametrize("values", [{"detection_rate": None}, {}])
@pytest.mark.parametrize("text", ["detection_rate >= 0", "detection_rate < 2", "0 <= detection_rate"])
def test_an_undefined_metric_holds_to_nothing(values: dict[str, float | None], text: str) -> None:
    judgement = parse_expectation(text).evaluate(values)
    assert (judgement.value, judgement.held) == (None, False)
    assert "detection_rate is undefined" in judgement.detail


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("detecton_rate > 0", "unknown metric 'detecton_rate'", "did you mean 'detection_rate'?"),
        ("soft_latency_ms < 9", "'soft_latency_ms' is a distribution", "soft_latency_ms.p95"),
        ("soft_latency_ms.p42 < 9", "no statistic 'p42'", "soft_latency_ms.p50"),
        ("fraud_finalised.p95 < 9", "no statistic 'p95'", "read it as fraud_finalised"),
        ("1 < 2", "names no metric", "expected such as"),
        ("detection_rate", "not a comparison", "expected such as"),
        ("0 < detection_rate < 1", "not a comparison", "expected such as"),
        ("detection_rate => 1", "not a comparison", "expected such as"),
        ("detection_rate = 1", "not a comparison", "expected such as"),
        ("detection_rate >= nan", "unknown metric 'nan'", ""),
        ("detection_rate >= 1e999", "neither a metric nor a number", ""),
        ("detection_rate >= 800 ms", "neither a metric nor a number", ""),
        (12, "not a comparison", "expected such as"),
        (["detection_rate > 0"], "not a comparison", "expected such as"),
        ("detection_rate >= " + "0" * 500, "not a comparison", "expected such as"),
    ],
)
def test_what_cannot_be_understood_is_explained(text: object, message: str, hint: str) -> None:
    with pytest.raises(ExpectationError) as caught:
        parse_expectation(text)
    assert message in str(caught.value)
    assert hint in (caught.value.hint or "")


@given(st.sampled_from(sorted(READINGS)), st.sampled_from(sorted(OPERATORS)), st.floats(-1e9, 1e9))
def test_every_expectation_survives_being_written(name: str, comparison: str, number: float) -> None:
    expectation = parse_expectation(f"{name} {comparison} {number!r}")
    assert parse_expectation(str(expectation)) == expectation


@given(st.text(max_size=60))
def test_any_text_is_an_expectation_or_an_error(text: str) -> None:
    with contextlib.suppress(ExpectationError):
        assert parse_expectation(text).metrics


def test_every_metric_says_what_it_means() -> None:
    for name, metric in METRICS.items():
        assert metric.name == name
        assert metric.description
        assert metric.unit in ("count", "share", "ratio", "ms", "s", "gas", "OPG", "USD", "tokens/s")
