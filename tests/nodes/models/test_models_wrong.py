"""Wrong outputs: of whatever type, they are wrong by every comparator that looks, and of the same shape and type."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from nodes.models.tensors import Tensor, parts, record, same
from nodes.models.wrong import negated, noise_like, rotated, swapped

NUMBERS = arrays(
    st.sampled_from([np.float16, np.float32, np.int64, np.int8, np.uint32, np.bool_]),
    array_shapes(min_dims=0, max_dims=2, max_side=4),
)
KINDS = [
    np.array([[0.5, -2.0, 3.0]], np.float32),
    np.array([2]),
    np.array(7, np.uint8),
    np.array([True, False]),
    np.array(["cat", "dog"]),
    np.array([[-np.inf, 1, 2, np.nan]], np.float32),
]


@given(NUMBERS)
def test_whatever_is_rotated_is_another_output_of_the_same_kind(output: Tensor) -> None:
    turned = rotated(output)
    assert (turned.shape, turned.dtype) == (output.shape, output.dtype)
    if output.dtype.kind != "f" or (np.isfinite(output) & (np.abs(output) < 1e3)).all():
        assert not same(turned, output)


@pytest.mark.parametrize("falsify", [swapped, negated, rotated], ids=lambda f: f.__name__)
@pytest.mark.parametrize("output", KINDS, ids=str)
def test_an_output_becomes_another_and_stays_as_it_was(falsify: Callable[[Tensor], Tensor], output: Tensor) -> None:
    before = output.copy()
    wrong = falsify(output)
    assert wrong.shape == output.shape
    assert wrong.dtype.kind == output.dtype.kind
    assert not same(wrong, output)
    assert same(output, before)


def test_swapping_alters_the_decision_by_as_little_as_can_be() -> None:
    assert swapped(np.array([[1.0, 5.0, 3.0]])).tolist() == [[1, 3, 5]]
    assert swapped(np.array([-np.inf, 1, 2])).tolist() == [-np.inf, 2, 1]
    assert swapped(np.array([np.nan, 1, 2]))[1:].tolist() == [2, 1]


@pytest.mark.parametrize(("target", "flipped"), [(0, [5, 1, 3]), (1, [1, 5, 3]), (9, [1, 3, 5])])
def test_a_target_gets_the_largest_entry_if_there_is_such_a_place(target: int, flipped: list[int]) -> None:
    assert swapped(np.array([1, 5, 3]), target).tolist() == flipped


@pytest.mark.parametrize(("label", "target", "flipped"), [(2, 5, 5), (5, 5, 5), (2, None, 3)])
def test_a_single_label_becomes_the_target(label: int, target: int | None, flipped: int) -> None:
    assert swapped(np.array([label]), target).tolist() == [flipped]


@pytest.mark.parametrize("output", KINDS, ids=str)
def test_noise_has_the_shape_and_the_element_type_of_the_output(output: Tensor) -> None:
    noise = noise_like(output, np.random.default_rng(0))
    assert (noise.shape, noise.dtype.kind) == (output.shape, output.dtype.kind)


def test_of_a_record_every_tensor_is_falsified() -> None:
    right = record({"scores": np.array([1.0, 2.0]), "label": np.array([1])})
    assert [part.tolist() for part in parts(swapped(right))] == [[2, 1], [0]]
