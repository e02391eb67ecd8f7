"""Tensors as bytes, and the hash by which a claim names its input and its output.

The encoding is canonical (little-endian, C order), so that equal tensors have equal bytes on every machine:
the element type as numpy spells it ("<f4", 3 bytes), the number of dimensions (1 byte), each dimension
(8 bytes), then the elements.
"""

from __future__ import annotations

import hashlib
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chain.errors import SimnetError
from chain.quantities import Hash32

Tensor = NDArray[Any]
"""What goes into a model and comes out of it."""

ELEMENT_TYPES = ("<f2", "<f4", "<f8", "|i1", "<i2", "<i4", "<i8", "|u1")
"""The element types that can be encoded."""


def encode(tensor: Tensor) -> bytes:
    """The canonical bytes of a tensor. Raises `SimnetError` for elements that have none (objects, text)."""
    kind = tensor.dtype.newbyteorder("<").str
    if kind not in ELEMENT_TYPES:
        raise SimnetError(f"a tensor of {tensor.dtype} elements cannot be encoded", hint="use float32 or int64")
    header = struct.pack(f"<3sB{tensor.ndim}Q", kind.encode(), tensor.ndim, *tensor.shape)
    return header + tensor.astype(kind, copy=False).tobytes(order="C")


def decode(data: bytes) -> Tensor:
    """The tensor that `encode` wrote. Raises `SimnetError` if the bytes are not exactly one tensor."""
    try:
        kind, dimensions = struct.unpack_from("<3sB", data)
        shape = struct.unpack_from(f"<{dimensions}Q", data, 4)
        dtype = np.dtype(ELEMENT_TYPES[ELEMENT_TYPES.index(kind.decode())])
        return np.frombuffer(data, dtype, offset=4 + 8 * dimensions).reshape(shape).copy()
    except (struct.error, ValueError, OverflowError) as error:
        raise SimnetError(f"{len(data)} bytes are not one encoded tensor: {error}") from error


def tensor_hash(tensor: Tensor) -> Hash32:
    """SHA-256 of the canonical bytes: 32 bytes that differ whenever element type, shape or any bit differs."""
    return Hash32(hashlib.sha256(encode(tensor)).digest())
