"""Quantities with units: exact, bounded, and written back as they were meant."""

from __future__ import annotations

import contextlib
import fractions
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from chain import units
from chain.quantities import OPG, TOTAL_SUPPLY


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30 min", 1800.0),
        ("500 ms", 0.5),
        ("2 s", 2.0),
        ("1h", 3600.0),
        ("3 d", 259_200.0),
        ("1.5 h", 5400.0),
        (0, 0.0),
    ],
)
def test_durations_are_seconds(text: object, seconds: float) -> None:
    assert units.parse_duration(text) == seconds


@pytest.mark.parametrize("bare", [30, 0.5, -1, "30", True, None, [], {}, math.nan, math.inf])
def test_a_duration_without_a_unit_is_refused_and_told_how(bare: object) -> None:
    with pytest.raises(units.UnitError) as caught:
        units.parse_duration(bare)
    assert caught.value.hint == "expected a duration such as '30 min' (units: s, ms, min, h, d)"


def test_a_duration_may_be_as_long_as_the_limit_and_no_longer() -> None:
    assert units.parse_duration("3650 d") == 3650 * 86_400
    with pytest.raises(units.UnitError, match=r"more than the limit of 3650 d"):
        units.parse_duration("3650.0001 d")


@pytest.mark.parametrize(
    "text", ["-2 s", "2 weeks", "two s", "1e3 s", "2 s 3", "٣ s", "1" * 100 + " s", "0.0000000001 s"]
)
def test_odd_durations_are_refused(text: str) -> None:
    with pytest.raises(units.UnitError):
        units.parse_duration(text)


def test_amounts_are_exact_to_the_last_wei() -> None:
    assert units.parse_amount("0.02 OPG") == 2 * 10**16
    assert units.parse_amount("10_000 OPG") == 10_000 * OPG
    assert units.parse_amount("123456789.000000000000000001 OPG") == 123456789 * OPG + 1
    assert units.parse_amount("7 wei") == 7


def test_nobody_can_have_more_than_there_is() -> None:
    assert units.parse_amount("1_000_000_000 OPG") == TOTAL_SUPPLY
    with pytest.raises(units.UnitError, match="limit"):
        units.parse_amount("1_000_000_001 OPG")


def test_a_wei_cannot_be_split() -> None:
    with pytest.raises(units.UnitError, match="whole number of wei"):
        units.parse_amount("0.0000000000000000001 OPG")


@pytest.mark.parametrize(
    ("value", "share"), [("30 %", 0.3), ("2/4", 0.5), (0.3, 0.3), (1, 1.0), ("0", 0.0), (1e-12, 1e-12)]
)
def test_shares_are_written_as_percentage_ratio_or_number(value: object, share: float) -> None:
    assert units.parse_share(value) == share


@pytest.mark.parametrize(
    "value", ["101 %", 1.0000001, "3/2", -0.1, "-1/3", "1/0", "x", "", None, True, math.nan, math.inf]
)
def test_what_is_no_share_of_a_whole_is_refused(value: object) -> None:
    with pytest.raises(units.UnitError):
        units.parse_share(value)


def test_two_thirds_stay_two_thirds() -> None:
    assert units.parse_fraction("2/3") == fractions.Fraction(2, 3)
    assert units.parse_fraction(0.1) == fractions.Fraction(1, 10)


@pytest.mark.parametrize(("text", "per_second"), [("2/s", 2.0), ("30/min", 0.5), ("36 /h", 0.01), (0, 0.0)])
def test_rates_are_per_second(text: object, per_second: float) -> None:
    assert units.parse_rate(text) == per_second


@pytest.mark.parametrize(("text", "bytes_per_second"), [("100 Mbit/s", 12.5e6), ("10 MB/s", 1e7), ("8 bit/s", 1.0)])
def test_bandwidths_are_bytes_per_second(text: str, bytes_per_second: float) -> None:
    assert units.parse_bandwidth(text) == bytes_per_second


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.5, "500 ms"),
        (90.0, "90 s"),
        (1800.0, "30 min"),
        (86_400.0, "1 d"),
        (1 / 3, "0.3333333333333333 s"),
    ],
)
def test_durations_are_written_in_the_largest_whole_unit(seconds: float, text: str) -> None:
    assert units.format_duration(seconds) == text


@pytest.mark.parametrize(
    ("wei", "text"),
    [(0, "0 OPG"), (2 * 10**16, "0.02 OPG"), (10_000 * OPG, "10_000 OPG"), (1, "0.000000000000000001 OPG")],
)
def test_amounts_are_written_exactly(wei: int, text: str) -> None:
    assert units.format_opg(wei) == text


@given(st.floats(1e-9, 3650 * 86_400))
def test_every_duration_survives_being_written(seconds: float) -> None:
    assert units.parse_duration(units.format_duration(seconds)) == seconds


@given(st.integers(0, TOTAL_SUPPLY))
def test_every_amount_survives_being_written(wei: int) -> None:
    assert units.parse_amount(units.format_opg(wei)) == wei


@given(st.floats(1e-9, 1e6))
def test_every_rate_survives_being_written(rate: float) -> None:
    assert units.parse_rate(units.format_rate(rate)) == rate


@given(st.floats(1e-9, 1.25e12))
def test_every_bandwidth_survives_being_written(bandwidth: float) -> None:
    assert units.parse_bandwidth(units.format_bandwidth(bandwidth)) == bandwidth


@given(st.fractions(0, 1, max_denominator=units.MAX_DENOMINATOR))
def test_every_fraction_survives_being_written(fraction: fractions.Fraction) -> None:
    assert units.parse_fraction(str(fraction)) == fraction


@given(st.text() | st.floats() | st.integers() | st.booleans() | st.none())
def test_any_value_is_a_quantity_or_a_unit_error(value: object) -> None:
    for parse in (units.parse_duration, units.parse_amount, units.parse_share, units.parse_rate, units.parse_bandwidth):
        with contextlib.suppress(units.UnitError):
            number = parse(value)
            assert number >= 0
            assert math.isfinite(number)


@pytest.mark.parametrize(
    ("count", "most"), [(units.NodeCount, 10_000), (units.ClientCount, 100_000), (units.TaskCount, 10_000_000)]
)
def test_counts_have_limits_on_both_sides(count: type[int], most: int) -> None:
    adapter = TypeAdapter(count)
    assert adapter.validate_python(most) == most
    for wrong in (-1, most + 1):
        with pytest.raises(ValidationError):
            adapter.validate_python(wrong)
