"""Floats as circuits have them: whole multiples of 2 ** -scale. The same as ``chain/contracts/zkml/FixedPoint.sol``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nodes.models.tensors import Tensor

MODULUS = 0x30644E72E131A029B85045B68181585D2833E84879B9709143E1F593F0000001
"""Of BN254's scalar field, in which a circuit's instances are."""


def quantise(tensor: Tensor, scale: int) -> tuple[int, ...]:
    """Nearest multiples of 2 ** -scale, halves away from zero as ezkl rounds, element by element."""
    scaled = tensor.astype(np.float64).reshape(-1) * 2.0**scale
    return tuple(int(value) for value in np.trunc(scaled + np.copysign(0.5, scaled)).tolist())


def dequantise(values: Sequence[int], scale: int) -> Tensor:
    """The nearest 32-bit floats, ties to even, as a vector."""
    return (np.array(values, dtype=np.float64) / 2.0**scale).astype(np.float32)


def element(value: int) -> int:
    """A whole number as an element of the field; negative ones are in its upper half."""
    return value % MODULUS
