"""Multiply-accumulates of an ONNX graph, for one inference.

Only matrix products and convolutions count: everything else is at most linear in the size of the tensors.
Needs the ``onnx`` package, which training has and a run can do without.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from chain.errors import SimnetError

if TYPE_CHECKING:
    import onnx

Shapes = dict[str, tuple[int, ...]]


def count_macs(data: bytes) -> int:
    """Multiply-accumulates per inference (batch of one) of an ONNX model.

    Raises `SimnetError` if the ``onnx`` package is missing or the graph's shapes cannot be inferred.
    """
    try:
        import onnx
    except ModuleNotFoundError as error:
        raise SimnetError(
            "counting the multiply-accumulates of a model needs the onnx package", hint="install it, or give macs"
        ) from error
    model = onnx.load_model_from_string(data)
    for value in model.graph.input:
        value.type.tensor_type.shape.dim[0].dim_value = 1
    graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    shapes: Shapes = {
        value.name: tuple(dim.dim_value for dim in value.type.tensor_type.shape.dim)
        for value in (*graph.input, *graph.value_info, *graph.output)
    }
    shapes |= {weight.name: tuple(weight.dims) for weight in graph.initializer}
    return sum(_node_macs(node, shapes) for node in graph.node)


def _node_macs(node: onnx.NodeProto, shapes: Shapes) -> int:
    """Multiply-accumulates of one operator: elements of the output times the length of each one's sum."""
    if node.op_type in ("MatMul", "MatMulInteger"):
        summed = _shape(node.input[0], shapes)[-1]
    elif node.op_type == "Gemm":
        transposed = any(attribute.name == "transA" and attribute.i for attribute in node.attribute)
        summed = _shape(node.input[0], shapes)[0 if transposed else 1]
    elif node.op_type in ("Conv", "ConvInteger"):
        summed = math.prod(_shape(node.input[1], shapes)[1:])  # input channels of the group times kernel
    else:
        return 0
    return math.prod(_shape(node.output[0], shapes)) * summed


def _shape(name: str, shapes: Shapes) -> tuple[int, ...]:
    """The inferred shape of a tensor, every dimension known."""
    shape = shapes.get(name, ())
    if not shape or 0 in shape:
        raise SimnetError(f"the shape of {name!r} cannot be inferred from the graph", hint="give macs")
    return shape
