"""Multiply-accumulates of an ONNX graph, for one inference, from the shapes that ``onnx`` infers.

Only products of matrices, convolutions, recurrences and attention count: everything else is at most linear in the size
of the tensors (sorting and Fourier transforms aside). Of an ``If`` the dearer branch counts; a loop counts as often as
it is known to run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from nodes.models.files import BadModel, in_one_line
from nodes.models.graph import attributes, fix_sizes, inner_graphs
from nodes.models.session import folded

if TYPE_CHECKING:
    import onnx

Shape = tuple[int, ...]
Shapes = Callable[[str], Shape]
"""The shape of a tensor by its name."""

HINT = "give macs, the multiply-accumulates of an inference"

KNOWN_DOMAINS = ("", "ai.onnx", "ai.onnx.ml")
"""Domains whose operators are either counted below or linear in the size of their tensors."""


def count_macs(data: bytes) -> int:
    """Multiply-accumulates per inference of an ONNX model, whose batch is one where its size is free.

    Where a shape cannot be inferred from the graph as it is, it is from the graph with its constants folded.
    Raises `BadModel` if an operator is not known, or if the shape of what it multiplies cannot be inferred.
    """
    try:
        return _counted(data)
    except BadModel as error:
        try:
            return _counted(folded(data))
        except Exception:  # ONNX Runtime's exceptions have no base class of their own
            raise error from None


def _counted(data: bytes) -> int:
    """The same for a graph as it is."""
    import onnx
    from onnx import inliner

    model = onnx.load_model_from_string(data)
    fix_sizes(model.graph, {})
    try:
        if model.functions:
            model = inliner.inline_local_functions(model)
        model = onnx.shape_inference.infer_shapes(model, data_prop=True)
    except Exception as error:  # onnx's exceptions have no base class of their own
        raise BadModel(f"the graph's shapes cannot be inferred: {in_one_line(error)}", HINT) from error
    return _graph_macs(model.graph, {})


def _graph_macs(graph: onnx.GraphProto, around: Mapping[str, Shape]) -> int:
    """Of a graph that sees the tensors `around` it."""
    shapes = {**around, **_shapes(graph)}

    def shape(name: str) -> Shape:
        if name not in shapes:
            raise BadModel(f"multiply-accumulates cannot be counted: the shape of '{name}' depends on the input", HINT)
        return shapes[name]

    total = 0
    for node in graph.node:
        if node.domain not in KNOWN_DOMAINS:
            what = f"operator {node.op_type} of domain {node.domain}"
            raise BadModel(f"multiply-accumulates cannot be counted: {what} is not known", HINT)
        if inner := [_graph_macs(inside, shapes) for inside in inner_graphs(node)]:
            total += max(inner) * (_repeats(node, graph, shape) if max(inner) else 1)
        elif node.op_type in COUNTED:
            total += COUNTED[node.op_type](node, shape)
    return total


def _shapes(graph: onnx.GraphProto) -> dict[str, Shape]:
    """Shapes of a graph's tensors, as far as every size is known."""
    found: dict[str, Shape] = {weight.name: tuple(weight.dims) for weight in graph.initializer}
    for value in (*graph.input, *graph.value_info, *graph.output):
        told = value.type.tensor_type
        if told.HasField("shape") and all(dim.HasField("dim_value") for dim in told.shape.dim):
            found[value.name] = tuple(dim.dim_value for dim in told.shape.dim)
    for node in graph.node:
        if node.op_type == "Constant":
            found.setdefault(node.output[0], tuple(np.shape(_constant(node))))
    return found


def _constant(node: onnx.NodeProto) -> np.ndarray:
    """The value of a Constant."""
    from onnx import numpy_helper

    given = attributes(node)
    return numpy_helper.to_array(given["value"]) if "value" in given else np.asarray(next(iter(given.values())))


def _repeats(node: onnx.NodeProto, graph: onnx.GraphProto, shape: Shapes) -> int:
    """How often the graph in an operator runs."""
    from onnx import numpy_helper

    if node.op_type == "If":
        return 1
    if node.op_type == "Scan":
        return shape(node.input[-1])[0]
    known = {tensor.name: tensor for tensor in graph.initializer}
    made = {one.output[0]: one for one in graph.node if one.op_type == "Constant"}
    name = node.input[0] if node.op_type == "Loop" else ""
    if name in known:
        return int(numpy_helper.to_array(known[name]).item())
    if name in made:
        return int(_constant(made[name]).item())
    raise BadModel(f"multiply-accumulates cannot be counted: how often {node.op_type} runs depends on the input", HINT)


# -- operators, each with the shapes of its tensors ----------------------------------------------------------------


def _matrices(node: onnx.NodeProto, shape: Shapes) -> int:
    return math.prod(shape(node.output[0])) * shape(node.input[0])[-1]


def _gemm(node: onnx.NodeProto, shape: Shapes) -> int:
    summed = shape(node.input[0])[0 if attributes(node).get("transA") else 1]
    return math.prod(shape(node.output[0])) * summed


def _convolution(weight: int) -> Callable[[onnx.NodeProto, Shapes], int]:
    """Elements of the output times input channels of the group times kernel; input number `weight` is the kernel."""
    return lambda node, shape: math.prod(shape(node.output[0])) * math.prod(shape(node.input[weight])[1:])


def _transposed(node: onnx.NodeProto, shape: Shapes) -> int:
    return math.prod(shape(node.input[0])) * math.prod(shape(node.input[1])[1:])


def _recurrence(node: onnx.NodeProto, shape: Shapes) -> int:
    """Each step of each sequence multiplies by the weights of input and state."""
    steps = math.prod(shape(node.input[0])[:2])
    return steps * (math.prod(shape(node.input[1])) + math.prod(shape(node.input[2])))


def _einsum(node: onnx.NodeProto, shape: Shapes) -> int:
    """The product of all indices, as if there were no cheaper order."""
    equation = attributes(node)["equation"].decode().replace(" ", "")
    terms = equation.partition("->")[0].split(",")
    if len(terms) < 2:
        return 0
    sizes: dict[str, int] = {}
    rest = 1
    for term, name in zip(terms, node.input, strict=True):
        lengths = shape(name)
        before, dots, after = term.partition("...")
        sizes |= dict(zip(before, lengths, strict=False))
        sizes |= dict(zip(reversed(after), reversed(lengths), strict=False))
        if dots:
            rest = max(rest, math.prod(lengths[len(before) : len(lengths) - len(after)]))
    return math.prod(sizes.values()) * rest


def _attention(node: onnx.NodeProto, shape: Shapes) -> int:
    """Queries times keys, and weights times values."""
    query, key, value = (shape(name) for name in node.input[:3])
    keys = key[-2] + (shape(node.input[4])[-2] if len(node.input) > 4 and node.input[4] else 0)
    given = attributes(node)
    heads = query[1] if len(query) == 4 else given["q_num_heads"]
    width = (query[-1], value[-1]) if len(query) == 4 else (query[-1] // heads, value[-1] // given["kv_num_heads"])
    return query[0] * heads * query[-2] * keys * sum(width)


def _linear(attribute: str) -> Callable[[onnx.NodeProto, Shapes], int]:
    """Each row is multiplied by every number in an attribute."""
    return lambda node, shape: math.prod(shape(node.input[0])[:-1]) * len(attributes(node).get(attribute, ()))


COUNTED: Mapping[str, Callable[[onnx.NodeProto, Shapes], int]] = {
    **dict.fromkeys(("MatMul", "MatMulInteger", "QLinearMatMul"), _matrices),
    "Gemm": _gemm,
    **dict.fromkeys(("Conv", "ConvInteger", "DeformConv"), _convolution(1)),
    "QLinearConv": _convolution(3),
    "ConvTranspose": _transposed,
    **dict.fromkeys(("RNN", "GRU", "LSTM"), _recurrence),
    "Einsum": _einsum,
    "Attention": _attention,
    **dict.fromkeys(("LinearRegressor", "LinearClassifier"), _linear("coefficients")),
    **dict.fromkeys(("SVMRegressor", "SVMClassifier"), _linear("support_vectors")),
}
