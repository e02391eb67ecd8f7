"""Numbers as circuits know them: elements of BN254's scalar field that stand for fixed-point numbers.

A number x at scale s is round(x * 2**s), halves away from zero; negative numbers count down from the modulus.
On the wire an element is 32 little-endian bytes in hex (ezkl's files), or a uint256 (the contracts).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from nodes.models.tensors import InputRefused, Tensor

MODULUS = 21888242871839275222246405745257275088548364400416034343698204186575808495617
"""Order of BN254's scalar field."""

ELEMENT_BYTES = 32
RANGE = 2**127


def quantise(values: Tensor, scale: int) -> tuple[int, ...]:
    """Elements of float32 numbers, in C order, rounded exactly as ezkl does. Raises `InputRefused` if not finite."""
    wide = np.asarray(values, dtype=np.float64).ravel() * 2.0**scale  # exact: a power of two, and room to spare
    if not np.isfinite(wide).all():
        raise InputRefused("a circuit takes finite numbers only")
    return tuple(int(value) % MODULUS for value in np.trunc(wide + np.copysign(0.5, wide)))


def check_range(elements: Iterable[int]) -> None:
    """Raises `InputRefused` for an element that is no int128, as ezkl and the contract take numbers."""
    if any(abs(signed(element)) >= RANGE for element in elements):
        raise InputRefused("a circuit takes no numbers that are beyond an int128 at its scale")


def signed(element: int) -> int:
    """The integer that an element stands for: the upper half of the field is negative."""
    return element - MODULUS if element > MODULUS // 2 else element


def dequantise(elements: Sequence[int], scale: int) -> Tensor:
    """The float32 numbers nearest to what elements stand for."""
    return np.array([signed(element) / 2**scale for element in elements], dtype=np.float32)


def to_hex(elements: Iterable[int]) -> list[str]:
    """Elements as ezkl's files hold them."""
    return [element.to_bytes(ELEMENT_BYTES, "little").hex() for element in elements]


def from_hex(texts: Iterable[str]) -> tuple[int, ...]:
    """Elements out of ezkl's files."""
    return tuple(int.from_bytes(bytes.fromhex(text), "little") for text in texts)
