"""Comparators: what each takes for equal, on both sides of its boundary, and what it is blind to."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pydantic import ValidationError

from nodes.models.tensors import record
from nodes.models.wrong import negated
from simnet.comparators.argmax import Argmax
from simnet.comparators.bitwise import Bitwise
from simnet.comparators.comparator import Comparator
from simnet.comparators.relative import Relative
from simnet.plugins import comparators

OUTPUTS = arrays(np.float32, array_shapes(max_dims=3, max_side=6), elements=st.floats(-1e6, 1e6, width=32))
ANYTHING = arrays(
    st.sampled_from([np.float16, np.float32, np.float64, np.int64, np.uint8, np.bool_]),
    array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3),
)
"""Outputs of every kind, NaN, infinity and no rows at all included."""

BUILT_IN = (Bitwise(), Relative(), Argmax())


def vector(*entries: float) -> np.ndarray:
    """A float32 output."""
    return np.array(entries, np.float32)


def test_the_three_of_them_can_be_named() -> None:
    assert {"bitwise", "relative", "argmax"} <= set(comparators())
    assert all(found.blind_to and found.meant_for for found in comparators().values())


each_comparator = pytest.mark.parametrize("comparator", BUILT_IN, ids=lambda c: c.kind)


@each_comparator
@given(ANYTHING)
def test_equal_bytes_are_equal_whatever_they_stand_for(comparator: Comparator, output: np.ndarray) -> None:
    assert comparator.equal(output, output.copy()) is True


@each_comparator
@given(ANYTHING, ANYTHING)
def test_any_two_outputs_can_be_compared_without_a_warning(
    comparator: Comparator, reference: np.ndarray, claimed: np.ndarray
) -> None:
    equal = comparator.equal(reference, claimed)
    if reference.shape != claimed.shape or reference.dtype != claimed.dtype:
        assert not equal
    elif reference.dtype.kind != "f":
        assert equal is bool(np.array_equal(reference, claimed))


@each_comparator
def test_another_number_of_rows_is_not_equal(comparator: Comparator) -> None:
    assert not comparator.equal(np.zeros((2, 6), np.float32), np.zeros((3, 6), np.float32))
    assert not comparator.equal(np.zeros((0, 6), np.float32), np.zeros((1, 6), np.float32))


@each_comparator
@pytest.mark.parametrize("label", [np.int64(2), np.uint8(255), np.bool_(True), np.str_("cat")])
def test_labels_are_equal_only_to_themselves(comparator: Comparator, label: np.generic) -> None:
    right = np.array([label])
    assert comparator.equal(right, right.copy())
    assert not comparator.equal(right, negated(right))


@each_comparator
def test_every_tensor_of_a_record_must_be_equal(comparator: Comparator) -> None:
    right = {"scores": vector(1, 5), "label": np.array([1])}
    assert comparator.equal(record(right), record(right))
    assert not comparator.equal(record(right), record({**right, "label": np.array([0])}))
    assert not comparator.equal(record(right), record({**right, "scores": vector(5, 1)}))


@pytest.mark.parametrize("comparator", [Relative(), Argmax()], ids=lambda c: c.kind)
@pytest.mark.parametrize("entry", [np.nan, np.inf, -np.inf])
def test_noise_beside_a_special_value_is_let_through_and_a_special_value_elsewhere_is_not(
    comparator: Comparator, entry: float
) -> None:
    reference = vector(2, 1, entry)
    assert comparator.equal(reference, vector(np.nextafter(np.float32(2), np.float32(9)), 1, entry))
    assert not comparator.equal(reference, vector(entry, 1, 2))


@each_comparator
@pytest.mark.parametrize("claimed", [vector(np.nan, 2, 1), vector(np.nan, np.nan, np.nan), vector(0, np.nan, 1)])
def test_nan_passes_for_no_number(comparator: Comparator, claimed: np.ndarray) -> None:
    for reference in (vector(0, 2, 1), vector(2, 1, 0)):
        assert comparator.equal(reference, claimed) is False


@given(OUTPUTS, OUTPUTS)
def test_who_passes_bitwise_passes_every_tolerance_and_argmax(one: np.ndarray, other: np.ndarray) -> None:
    if one.shape == other.shape and Bitwise().equal(one, other):
        assert Relative(tolerance=1e-9).equal(one, other)
        assert Argmax().equal(one, other)


# -- bitwise -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "claimed",
    [
        np.nextafter(vector(1, 2, 3), np.float32(9)),
        vector(1, 2, 3).astype(np.float64),
        vector(1, 2, 3 + 1e-6),
    ],
    ids=["last digit", "another type", "rounded"],
)
def test_bitwise_sees_the_last_digit_and_the_type(claimed: np.ndarray) -> None:
    assert Bitwise().equal(vector(1, 2, 3), claimed) is False


def test_bitwise_does_not_care_how_an_output_lies_in_memory() -> None:
    output = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert Bitwise().equal(output, np.asfortranarray(output))


# -- relative ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tolerance", [1e-4, 1e-2, 1.0])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6])
def test_relative_draws_the_line_at_a_share_of_the_largest_magnitude_whatever_the_scale(
    tolerance: float, scale: float
) -> None:
    reference = np.array([0.0, 1.0, 2.0, -5.0]) * scale
    comparator = Relative(tolerance=tolerance)
    for entry in range(4):
        for sign in (-1, 1):
            off = np.zeros(4)
            off[entry] = sign * tolerance * 5 * scale
            assert comparator.equal(reference, reference + 0.99 * off)
            assert not comparator.equal(reference, reference + 1.01 * off)


@pytest.mark.parametrize("offset", [1.0, 300.0, 1e6])
def test_the_last_digit_of_entries_that_are_nearly_alike_is_no_fraud(offset: float) -> None:
    reference = vector(offset, np.nextafter(np.float32(offset), np.float32(np.inf)))
    assert Relative(tolerance=1e-6).equal(reference, reference[::-1].copy())


def test_beside_a_very_large_entry_relative_cannot_see_small_ones() -> None:
    assert Relative(tolerance=1e-4).equal(vector(1e6, 1, 2), vector(1e6, 2, 1))
    assert not Relative(tolerance=1e-4).equal(vector(10, 1, 2), vector(10, 2, 1))


@pytest.mark.parametrize(("reference", "inside", "outside"), [(50.0, 50.004, 50.006), (-2.0, -2.0001, -2.0003)])
def test_a_single_number_is_measured_against_its_own_size(reference: float, inside: float, outside: float) -> None:
    comparator = Relative(tolerance=1e-4)
    assert comparator.equal(vector(reference), vector(inside))
    assert not comparator.equal(vector(reference), vector(outside))


def test_an_output_of_zeros_is_measured_against_one() -> None:
    comparator = Relative(tolerance=1e-4)
    assert comparator.equal(vector(0, 0), vector(0.9e-4, 0))
    assert not comparator.equal(vector(0, 0), vector(1.1e-4, 0))


def test_one_entry_far_off_is_not_hidden_by_many_that_fit() -> None:
    reference = np.random.default_rng(0).standard_normal(10_000).astype(np.float32)
    claimed = reference.copy()
    claimed[1234] += 0.01
    assert not Relative(tolerance=1e-3).equal(reference, claimed)


@pytest.mark.parametrize("infinity", [np.inf, -np.inf])
def test_infinity_is_outside_every_tolerance(infinity: float) -> None:
    assert not Relative(tolerance=9.0).equal(vector(0, 1), vector(0, infinity))


@pytest.mark.parametrize("tolerance", [0.0, -1.0, 10.0, float("nan"), float("inf")])
def test_a_tolerance_is_more_than_zero_and_less_than_ten(tolerance: float) -> None:
    with pytest.raises(ValidationError):
        Relative(tolerance=tolerance)


# -- argmax --------------------------------------------------------------------------------------------------


def test_argmax_is_blind_to_everything_but_the_decision() -> None:
    reference = vector(0, 2, 1)
    assert Argmax().equal(reference, vector(-5, 0.1, 0))
    assert not Argmax().equal(reference, vector(0, 1, 1.001))


@pytest.mark.parametrize(("claimed", "equal"), [(0.001, True), (7.0, True), (-0.001, False), (0.0, False)])
def test_a_single_number_decides_by_its_sign(claimed: float, equal: bool) -> None:
    assert Argmax().equal(vector(3), vector(claimed)) is equal
