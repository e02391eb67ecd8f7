"""What an ONNX file of a user's own says about itself: shapes, element type, cost."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

from chain.errors import SimnetError
from nodes.models.files import read_file
from nodes.models.session import open_session

ELEMENT_TYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(double)": "float64",
    "tensor(int64)": "int64",
    "tensor(int32)": "int32",
    "tensor(int8)": "int8",
    "tensor(uint8)": "uint8",
}
"""ONNX Runtime's names of the element types that models may take, and numpy's."""


@dataclass(frozen=True)
class UserFile:
    """An ONNX file that simnet can serve. Shapes are of one item, without the batch dimension."""

    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    input_dtype: str
    macs: int
    sha256: str
    size_bytes: int


def inspect(path: Path, macs: int | None) -> UserFile:
    """Read what `Zoo.add` needs to know; `macs` is counted from the graph if not given.

    Raises `SimnetError` if the file is no ONNX model with one input and one output of fixed item shape.
    """
    data = read_file(path)
    session = open_session(path, data, "cpu")
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if len(inputs) != 1 or len(outputs) != 1:
        raise SimnetError(
            f"{path}: a model must have one input and one output, this has {len(inputs)} and {len(outputs)}"
        )
    if inputs[0].type not in ELEMENT_TYPES:
        raise SimnetError(f"{path}: the input is a {inputs[0].type}; known are {', '.join(ELEMENT_TYPES)}")
    if macs is None:
        from nodes.models.macs import count_macs  # needs the onnx package, which a run does not

        macs = count_macs(data)
    digest = hashlib.sha256(data).hexdigest()
    return UserFile(
        _item_shape(path, "input", inputs[0].shape),
        _item_shape(path, "output", outputs[0].shape),
        ELEMENT_TYPES[inputs[0].type],
        macs,
        digest,
        len(data),
    )


def _item_shape(path: Path, what: str, shape: list[int | str | None]) -> tuple[int, ...]:
    """`shape` without its batch dimension, which must be 1 or free; the others must be numbers."""
    if not shape or (isinstance(shape[0], int) and shape[0] != 1):
        raise SimnetError(f"{path}: the {what} needs a batch dimension of 1 or any size in front, its shape is {shape}")
    item = tuple(size for size in shape[1:] if isinstance(size, int))
    if len(item) != len(shape) - 1 or math.prod(item) == 0:
        raise SimnetError(f"{path}: the {what} must have a fixed shape behind the batch dimension, not {shape}")
    return item
