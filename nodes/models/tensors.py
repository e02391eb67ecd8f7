"""Tensors as bytes, and the hash by which a claim names its input and its output.

A model with several inputs or outputs takes or gives one *record*: a structured numpy array of no dimensions, with a
field for each. So whatever travels, is hashed or is claimed is one array, and behaviours and comparators look at its
`parts`.

The encoding is canonical (little-endian, C order), so that equal tensors have equal bytes on every machine: the element
type as numpy spells it ("<f4", 3 bytes), the number of dimensions (1 byte), each dimension (8 bytes), then the
elements. Text is "str", each element in UTF-8 behind its length (8 bytes); a record is "rec" with one dimension, the
number of its fields, then name and encoding of each, behind their lengths.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chain.errors import SimnetError
from chain.quantities import Hash32

Tensor = NDArray[Any]
"""What goes into a model and comes out of it."""

ELEMENT_TYPES = ("<f2", "<f4", "<f8", "|i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4", "<u8", "|b1")
"""The element types that are encoded as they lie in memory; text is the only other one."""

TEXT = "U"
"""numpy's kind of text."""


class InputRefused(SimnetError):
    """An input that what is to compute on it cannot take."""


def record(tensors: Mapping[str, Tensor]) -> Tensor:
    """Several tensors, by name, as one; a single one as it is."""
    if len(tensors) == 1:
        return next(iter(tensors.values()))
    joined = np.zeros((), [(name, part.dtype, part.shape) for name, part in tensors.items()])
    for name, part in tensors.items():
        joined[name] = part
    return joined


def fields(tensor: Tensor) -> tuple[str, ...]:
    """Names of the tensors in a record; of any other tensor, one empty name."""
    return tensor.dtype.names or ("",)


def parts(tensor: Tensor) -> tuple[Tensor, ...]:
    """The tensors in a record; a tensor that is none has itself."""
    return tuple(np.asarray(tensor[name]) for name in tensor.dtype.names) if tensor.dtype.names else (tensor,)


def changed(tensor: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
    """`change`, done to each tensor in a record, or to a tensor that is none."""
    return record(dict(zip(fields(tensor), map(change, parts(tensor)), strict=True)))


def fits(tensor: Tensor, shape: tuple[int, ...], dtype: np.dtype[Any]) -> bool:
    """Whether a tensor is of this shape and element type; text may be of any length."""
    return tensor.shape == shape and _of_any_length(tensor.dtype) == _of_any_length(dtype)


def _of_any_length(dtype: np.dtype[Any]) -> np.dtype[Any]:
    if dtype.names:
        described = [(name, dtype[name].base, dtype[name].shape) for name in dtype.names]
        return np.dtype([(name, _of_any_length(base), shape) for name, base, shape in described])
    return np.dtype("U1") if dtype.kind == TEXT else dtype


def same(one: Tensor, other: Tensor) -> bool:
    """Whether element type, shape and every bit are equal: NaN is the same as NaN."""
    return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()


def encode(tensor: Tensor) -> bytes:
    """The canonical bytes of a tensor. Raises `SimnetError` for elements that have none, such as objects."""
    if tensor.dtype.names:
        return _header(b"rec", (len(tensor.dtype.names),)) + b"".join(_encoded_fields(tensor))
    if tensor.dtype.kind == TEXT:
        return _header(b"str", tensor.shape) + b"".join(
            map(_sized, (text.encode() for text in tensor.ravel().tolist()))
        )
    kind = tensor.dtype.newbyteorder("<").str
    if kind not in ELEMENT_TYPES:
        raise SimnetError(f"a tensor of {tensor.dtype} elements cannot be encoded", hint="use float32 or int64")
    return _header(kind.encode(), tensor.shape) + tensor.astype(kind, copy=False).tobytes(order="C")


def _encoded_fields(tensor: Tensor) -> Iterator[bytes]:
    for name, part in zip(fields(tensor), parts(tensor), strict=True):
        yield _sized(name.encode()) + _sized(encode(part))


def _header(kind: bytes, shape: tuple[int, ...]) -> bytes:
    return struct.pack(f"<3sB{len(shape)}Q", kind, len(shape), *shape)


def _sized(data: bytes) -> bytes:
    return struct.pack("<Q", len(data)) + data


def tensor_hash(tensor: Tensor) -> Hash32:
    """SHA-256 of the canonical bytes: 32 bytes that differ whenever element type, shape or any bit differs."""
    return Hash32(hashlib.sha256(encode(tensor)).digest())
