"""Numbers in circuits: rounded as ezkl rounds them, and read back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import SimnetError
from nodes.proofs.circuits import library
from nodes.proofs.circuits.field import MODULUS, dequantise, from_hex, quantise, signed, to_hex

numbers = st.floats(-1e6, 1e6, width=32)


@given(numbers, st.integers(0, 20))
def test_numbers_are_rounded_as_ezkl_rounds_them(number: float, scale: int) -> None:
    pytest.importorskip("ezkl")
    ezkl = library.load()
    theirs = from_hex([ezkl.float_to_felt(number, scale, ezkl.PyInputType.F32)])
    assert quantise(np.array([number], np.float32), scale) == theirs


def test_halves_are_rounded_away_from_zero() -> None:
    assert [signed(element) for element in quantise(np.array([0.5, -0.5, 1.5, -2.5], np.float32), 0)] == [1, -1, 2, -3]


@given(st.lists(numbers, max_size=5), st.integers(0, 20))
def test_a_number_comes_back_to_within_half_a_step(values: list[float], scale: int) -> None:
    given_values = np.array(values, np.float32)
    back = dequantise(quantise(given_values, scale), scale)
    assert np.all(np.abs(back - given_values) <= 0.5 / 2**scale + np.abs(given_values) * 2.0**-23)


@given(st.integers(0, MODULUS - 1))
def test_elements_survive_ezkls_files(element: int) -> None:
    assert from_hex(to_hex([element])) == (element,)


def test_negative_numbers_are_the_upper_half_of_the_field() -> None:
    assert signed(MODULUS - 1) == -1
    assert signed(MODULUS // 2) == MODULUS // 2
    assert signed(MODULUS // 2 + 1) == -(MODULUS // 2)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_is_not_finite_is_no_number_of_a_circuit(value: float) -> None:
    with pytest.raises(SimnetError, match="finite"):
        quantise(np.array([value], np.float32), 8)
