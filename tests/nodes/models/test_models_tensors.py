"""Tensors as bytes: different tensors have different hashes; a record of several is one."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from chain.errors import SimnetError
from nodes.models.tensors import (
    ELEMENT_TYPES,
    Tensor,
    changed,
    encode,
    fields,
    parts,
    record,
    same,
    tensor_hash,
)
from nodes.models.wrong import negated

tensors = hnp.arrays(
    st.sampled_from([np.dtype(kind) for kind in ELEMENT_TYPES]), hnp.array_shapes(min_dims=0, min_side=0)
)


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


def test_tensors_of_objects_are_refused() -> None:
    with pytest.raises(SimnetError, match="cannot be encoded"):
        encode(np.array([None]))


def test_text_is_hashed_by_its_characters_and_not_by_the_room_they_were_given() -> None:
    assert tensor_hash(np.array(["a", "bc"])) == tensor_hash(np.array(["a", "bc"], "U20"))
    others = [["ab", "c"], ["a", "bc", ""], ["", "abc"], ["A", "bc"]]
    assert len({tensor_hash(np.array(texts)) for texts in [["a", "bc"], *others]}) == 5


PARTS = {"scores": np.array([[0.5, 2.5]], np.float32), "label": np.array([3]), "name": np.array(["dog"])}


def test_a_record_holds_several_tensors_and_gives_them_back() -> None:
    joined = record(PARTS)
    assert fields(joined) == tuple(PARTS)
    for part, original in zip(parts(joined), PARTS.values(), strict=True):
        assert same(part, original)
    assert fields(PARTS["label"]) == ("",)
    assert same(record({"label": PARTS["label"]}), PARTS["label"])


@pytest.mark.parametrize("name", PARTS)
def test_every_tensor_of_a_record_counts_in_its_hash(name: str) -> None:
    joined = record(PARTS)
    other = record({**PARTS, name: negated(PARTS[name])})
    renamed = record({f"{key}2" if key == name else key: part for key, part in PARTS.items()})
    rows = record({**PARTS, name: np.concatenate([PARTS[name], PARTS[name]])})
    assert len({tensor_hash(one) for one in (joined, other, renamed, rows)}) == 4


def test_a_change_to_a_record_is_a_change_to_each_of_its_tensors() -> None:
    doubled = changed(record(PARTS), lambda part: np.concatenate([part, part]))
    assert [part.shape for part in parts(doubled)] == [(2, 2), (2,), (2,)]
    assert [part.shape for part in parts(record(PARTS))] == [(1, 2), (1,), (1,)]
