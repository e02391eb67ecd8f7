"""Tensors as bytes: what is encoded comes back, and different tensors have different hashes."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from chain.errors import SimnetError
from nodes.models.tensors import ELEMENT_TYPES, Tensor, decode, encode, tensor_hash

tensors = hnp.arrays(
    st.sampled_from([np.dtype(kind) for kind in ELEMENT_TYPES]), hnp.array_shapes(min_dims=0, min_side=0)
)


@given(tensors)
def test_a_decoded_tensor_is_the_one_that_was_encoded(tensor: Tensor) -> None:
    back = decode(encode(tensor))
    assert (back.dtype, back.shape) == (tensor.dtype, tensor.shape)
    assert back.tobytes() == tensor.tobytes()


@given(tensors, tensors)
def test_tensors_that_differ_in_type_shape_or_any_bit_have_different_hashes(one: Tensor, other: Tensor) -> None:
    assume((one.dtype, one.shape, one.tobytes()) != (other.dtype, other.shape, other.tobytes()))
    assert tensor_hash(one) != tensor_hash(other)


def test_shape_and_element_type_count_although_the_bytes_are_the_same() -> None:
    zeros = np.zeros(4, np.float32)
    others = [zeros.reshape(2, 2), zeros.reshape(4, 1), zeros.astype(np.int32), -zeros]
    assert len({tensor_hash(tensor) for tensor in [zeros, *others]}) == 5


def test_memory_layout_and_byte_order_do_not_change_the_hash() -> None:
    tensor = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert tensor_hash(np.asfortranarray(tensor)) == tensor_hash(tensor)
    assert tensor_hash(tensor.astype(">f4")) == tensor_hash(tensor)


def test_the_hash_is_sha256_of_the_documented_layout() -> None:
    layout = b"<f4" + b"\x01" + (2).to_bytes(8, "little") + np.array([1, 2], "<f4").tobytes()
    assert tensor_hash(np.array([1, 2], np.float32)) == hashlib.sha256(layout).digest()


def test_tensors_of_objects_or_text_are_refused() -> None:
    for tensor in (np.array([None]), np.array(["text"])):
        with pytest.raises(SimnetError, match="cannot be encoded"):
            encode(tensor)


@given(st.binary(max_size=64))
def test_bytes_that_are_no_tensor_are_refused_and_never_crash(data: bytes) -> None:
    try:
        tensor = decode(data)
    except SimnetError:
        return
    assert encode(tensor) == data


def test_a_truncated_or_extended_tensor_is_refused() -> None:
    data = encode(np.arange(3, dtype=np.float32))
    for wrong in (data[:-1], data + b"\0", data[:3], b""):
        with pytest.raises(SimnetError, match="not one encoded tensor"):
            decode(wrong)
