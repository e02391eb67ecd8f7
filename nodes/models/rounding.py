"""Cheaper variants of a model that are made from it by rounding its weights: of the zoo's, and of users' on request."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from nodes.models.files import BadModel, in_one_line
from nodes.models.graph import attributes
from nodes.models.session import folded

INT4_OPSET = 21
"""The first opset that has 4-bit tensors."""

ROUNDED = ("MatMul", "Gemm", "Conv")
"""Operators whose second input is the weight that is rounded."""

Matrix = NDArray[np.float32]
Stored = tuple[list[onnx.TensorProto], list[onnx.NodeProto]]
"""What is stored of a weight, and the operators that restore it under its own name."""
Store = Callable[[str, Matrix, int], Stored]
"""From a weight's name, value and output dimension."""


def fp16(model: onnx.ModelProto) -> onnx.ModelProto:
    """Weight matrices stored as 16-bit floats and widened when used: half the size, 32-bit arithmetic."""
    return _restored(model, _half)


def int4(model: onnx.ModelProto) -> onnx.ModelProto:
    """Weight matrices rounded to 4-bit integers with one scale per output channel: an eighth of the size.

    A model of an opset without 4-bit tensors has them in a byte each, with the same values.
    """
    opset = max((one.version for one in model.opset_import if not one.domain), default=0)
    return _restored(model, _four_bits if opset >= INT4_OPSET else _four_bits_in_bytes)


def int8(model: onnx.ModelProto) -> onnx.ModelProto:
    """ONNX Runtime's dynamic quantisation: 8-bit weights and activations, integer products."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    convolutional = any(node.op_type == "Conv" for node in model.graph.node)
    # ONNX Runtime's integer convolution on the CPU takes unsigned weights only.
    kind = QuantType.QUInt8 if convolutional else QuantType.QInt8
    with tempfile.TemporaryDirectory() as directory, _without_advice():
        source, target = Path(directory) / "fp32.onnx", Path(directory) / "int8.onnx"
        onnx.save(model, source)
        quantize_dynamic(source, target, weight_type=kind, op_types_to_quantize=list(ROUNDED))
        return onnx.load(target)


@contextmanager
def _without_advice() -> Iterator[None]:
    """ONNX Runtime advises on the terminal to fold constants first, also who has done so."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


ROUNDINGS: Mapping[str, Callable[[onnx.ModelProto], onnx.ModelProto]] = {"fp16": fp16, "int8": int8, "int4": int4}
"""Ways to make a cheaper variant, by its name."""


@lru_cache(maxsize=64)
def rounded(data: bytes, name: str) -> bytes:
    """A variant of the ONNX model in `data` with its weights rounded in the way of that name.

    Its constants are folded first, so that weights which the graph computes from constants are found as well.
    Raises `BadModel` if it has no weights to round, or if ONNX Runtime cannot.
    """
    model = onnx.load_model_from_string(folded(data))
    try:
        result = ROUNDINGS[name](model)
    except Exception as error:  # onnx's and ONNX Runtime's have no base class of their own
        raise BadModel(f"{name} cannot be made of this model: {in_one_line(error)}", "leave it out") from error
    if _restoring(result) <= _restoring(model):
        operators = f"{', '.join(ROUNDED[:-1])} or {ROUNDED[-1]}"
        message = f"{name} cannot be made: no {operators} of this model has a weight of float32"
        raise BadModel(message, "leave it out, or give a file of your own")
    return bytes(result.SerializeToString(deterministic=True))


def _restoring(model: onnx.ModelProto) -> int:
    """How many operators widen a weight, or compute with integers."""
    return sum(node.op_type in ("Cast", "MatMulInteger", "ConvInteger") for node in model.graph.node)


def _restored(model: onnx.ModelProto, store: Store) -> onnx.ModelProto:
    """A copy of `model` whose weight matrices are stored by `store` and restored to fp32 by the graph itself.

    ONNX Runtime restores them once, when it loads the model, so that a run costs what it costs in fp32.
    """
    axes = {node.input[1]: _output_axis(node) for node in model.graph.node if node.op_type in ROUNDED}
    weights: list[onnx.TensorProto] = []
    nodes: list[onnx.NodeProto] = []
    for weight in model.graph.initializer:
        if weight.name in axes and weight.data_type == TensorProto.FLOAT and len(weight.dims) > 1:
            tensors, restoring = store(weight.name, numpy_helper.to_array(weight), axes[weight.name])
            weights += tensors
            nodes += restoring
        else:
            weights.append(weight)
    nodes += model.graph.node
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    del copy.graph.initializer[:], copy.graph.node[:]
    copy.graph.initializer.extend(weights)
    copy.graph.node.extend(nodes)
    return copy


def _output_axis(node: onnx.NodeProto) -> int:
    """The dimension of an operator's weight that goes to outputs."""
    first = node.op_type == "Conv" or (node.op_type == "Gemm" and attributes(node).get("transB"))
    return 0 if first else -1


def _half(name: str, weight: Matrix, axis: int) -> Stored:
    """16-bit floats, to be widened; what is beyond their range becomes the largest of them."""
    largest = np.finfo(np.float16).max
    stored = numpy_helper.from_array(np.clip(weight, -largest, largest).astype(np.float16), f"{name}_fp16")
    return [stored], [_widen(stored.name, name)]


def _four_bits(name: str, weight: Matrix, axis: int) -> Stored:
    """Integers from -7 to 7, to be widened and multiplied by a scale per output channel."""
    from ml_dtypes import int4 as nibble  # onnx brings it

    return _scaled(name, weight, axis, np.dtype(nibble))


def _four_bits_in_bytes(name: str, weight: Matrix, axis: int) -> Stored:
    """The same integers, in a byte each."""
    return _scaled(name, weight, axis, np.dtype(np.int8))


def _scaled(name: str, weight: Matrix, axis: int, kind: np.dtype[np.generic]) -> Stored:
    others = tuple(i for i in range(weight.ndim) if i != axis % weight.ndim)
    scale = np.maximum(np.abs(weight).max(axis=others, keepdims=True) / 7, np.float32(1e-12))
    stored = numpy_helper.from_array(np.rint(weight / scale).astype(kind), f"{name}_int4")
    scales = numpy_helper.from_array(scale, f"{name}_scale")
    wide = f"{name}_wide"
    scaled = helper.make_node("Mul", [wide, scales.name], [name], name=f"scale_{name}")
    return [stored, scales], [_widen(stored.name, wide), scaled]


def _widen(stored: str, wide: str) -> onnx.NodeProto:
    """The operator that turns a stored weight into 32-bit floats."""
    return helper.make_node("Cast", [stored], [wide], name=f"widen_{stored}", to=onnx.TensorProto.FLOAT)
