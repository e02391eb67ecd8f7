"""Figures are written with as many digits as matter, and with their unit."""

from __future__ import annotations

import pytest

from reports.wording import between, duration, number, plural, quantity


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0, "0"),
        (0.01234567, "0.01235"),
        (999.94, "999.9"),
        (1000, "1,000"),
        (1234567.8, "1,234,568"),
        (-0.4219, "−0.4219"),
        (-23038, "−23,038"),
        (0.0001, "0.0001"),
        (0.00004191, "4.191×10⁻⁵"),
        (-6.24e-16, "−6.24×10⁻¹⁶"),
    ],
)
def test_numbers(value: float | None, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(0.95, "share", "95 %"), (1, "count", "1"), (2.5, "s", "2.5 s"), (25315.1, "OPG", "25,315 OPG"), (None, "s", "–")],
)
def test_quantities(value: float | None, unit: str, text: str) -> None:
    assert quantity(value, unit) == text


def test_intervals_carry_their_unit_once() -> None:
    assert between((0.8957, 1.0), "share") == "89.6–100 %"
    assert between((38, 46), "s") == "38–46 s"
    assert between(None, "s") == "–"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.25, "0.25 s"), (119, "119 s"), (120, "2 min"), (1980, "33 min"), (7200, "2 h"), (172_800, "2 d")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_one_is_singular() -> None:
    assert [plural(count, "task") for count in (0, 1, 1200)] == ["0 tasks", "1 task", "1,200 tasks"]
