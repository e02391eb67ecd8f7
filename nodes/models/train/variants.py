"""The cheaper variants that are derived from a trained model by rounding its weights."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

INT4_OPSET = 21
"""The first opset that has 4-bit tensors."""

OUTPUT_AXIS = {"MatMul": 1, "Conv": 0}
"""Operators whose second input is a weight, and the dimension of that weight that goes to outputs."""

Matrix = NDArray[np.float32]
Stored = tuple[list[onnx.TensorProto], list[onnx.NodeProto]]
"""What is stored of a weight, and the operators that restore it under its own name."""
Store = Callable[[str, Matrix, int], Stored]
"""From a weight's name, value and output dimension."""


def fp16(model: onnx.ModelProto) -> onnx.ModelProto:
    """Weight matrices stored as 16-bit floats and widened when used: half the size, 32-bit arithmetic."""
    return _restored(model, _half)


def int4(model: onnx.ModelProto) -> onnx.ModelProto:
    """Weight matrices stored as 4-bit integers with one scale per output channel: an eighth of the size."""
    rounded = _restored(model, _four_bits)
    rounded.opset_import[0].version = INT4_OPSET
    return rounded


def int8(model: onnx.ModelProto) -> onnx.ModelProto:
    """ONNX Runtime's dynamic quantisation: 8-bit weights and activations, integer products."""
    convolutional = any(node.op_type == "Conv" for node in model.graph.node)
    with tempfile.TemporaryDirectory() as directory:
        source, target = Path(directory) / "fp32.onnx", Path(directory) / "int8.onnx"
        onnx.save(model, source)
        # ONNX Runtime's integer convolution on the CPU takes unsigned weights only.
        kind = QuantType.QUInt8 if convolutional else QuantType.QInt8
        quantize_dynamic(source, target, weight_type=kind, op_types_to_quantize=["MatMul", "Conv"])
        return onnx.load(target)


def _restored(model: onnx.ModelProto, store: Store) -> onnx.ModelProto:
    """A copy of `model` whose weight matrices are stored by `store` and restored to fp32 by the graph itself.

    ONNX Runtime restores them once, when it loads the model, so that a run costs what it costs in fp32.
    """
    axes = {node.input[1]: OUTPUT_AXIS[node.op_type] for node in model.graph.node if node.op_type in OUTPUT_AXIS}
    weights: list[onnx.TensorProto] = []
    nodes: list[onnx.NodeProto] = []
    for weight in model.graph.initializer:
        if weight.name in axes:
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


def _half(name: str, weight: Matrix, axis: int) -> Stored:
    """16-bit floats, to be widened."""
    stored = numpy_helper.from_array(weight.astype(np.float16), f"{name}_fp16")
    return [stored], [_widen(stored.name, name)]


def _four_bits(name: str, weight: Matrix, axis: int) -> Stored:
    """Integers from -7 to 7, to be widened and multiplied by a scale per output channel."""
    others = tuple(i for i in range(weight.ndim) if i != axis)
    scale = np.maximum(np.abs(weight).max(axis=others, keepdims=True) / 7, 1e-12)
    stored = numpy_helper.from_array(np.rint(weight / scale).astype(ml_dtypes.int4), f"{name}_int4")
    scales = numpy_helper.from_array(scale, f"{name}_scale")
    wide = f"{name}_wide"
    scaled = helper.make_node("Mul", [wide, scales.name], [name], name=f"scale_{name}")
    return [stored, scales], [_widen(stored.name, wide), scaled]


def _widen(stored: str, wide: str) -> onnx.NodeProto:
    """The operator that turns a stored weight into 32-bit floats."""
    return helper.make_node("Cast", [stored], [wide], name=f"widen_{stored}", to=onnx.TensorProto.FLOAT)
