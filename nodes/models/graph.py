"""What an ONNX graph says of itself: what it takes, of which size, and whether it draws random numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nodes.models.files import BadModel

if TYPE_CHECKING:
    import onnx

RANDOM = frozenset(
    {"RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike", "Multinomial", "Bernoulli"}
)
"""Operators that draw random numbers."""

NAMES_OF_TYPES = {
    "FLOAT16": "float16",
    "FLOAT": "float32",
    "DOUBLE": "float64",
    "INT8": "int8",
    "INT16": "int16",
    "INT32": "int32",
    "INT64": "int64",
    "UINT8": "uint8",
    "UINT16": "uint16",
    "UINT32": "uint32",
    "UINT64": "uint64",
    "BOOL": "bool",
    "STRING": "str",
}
"""Element types that models may take and give, as ONNX and as numpy call them."""


@dataclass(frozen=True)
class Port:
    """An input of a model."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


WEIGHTS_APART = 4
"""Version of the format from which weights need not be listed among inputs."""


def drop_weights(model: onnx.ModelProto) -> None:
    """Take weights out of the graph's inputs, among which older files list them."""
    inputs = taken(model.graph)
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    model.ir_version = max(model.ir_version, WEIGHTS_APART)


def taken(graph: onnx.GraphProto) -> list[onnx.ValueInfoProto]:
    """A graph's inputs without its weights."""
    weights = {tensor.name for tensor in graph.initializer}
    return [value for value in graph.input if value.name not in weights]


def fix_sizes(graph: onnx.GraphProto, sizes: Mapping[str, int]) -> list[str]:
    """Give axes of any size the size that `sizes` has for them, by the axis's name or as ``input.axis``.

    The first axis of an input, the batch as a rule, is 1 where nothing is said. Returns the axes that are left.
    """
    known, left = dict(sizes), []
    for value in taken(graph):
        for number, dim in enumerate(value.type.tensor_type.shape.dim):
            if dim.HasField("dim_value") and dim.dim_value > 0:
                continue
            own = f"{value.name}.{number}"
            name = dim.dim_param or own
            if number == 0 and own not in known:
                known.setdefault(name, 1)
            size = known.get(own, known.get(name))
            if size is None:
                left.append(name)
            else:
                dim.dim_value = size
    return list(dict.fromkeys(left))


def axes(graph: onnx.GraphProto) -> list[str]:
    """Every name that a size can be given for."""
    named = [
        dim.dim_param or f"{value.name}.{number}"
        for value in taken(graph)
        for number, dim in enumerate(value.type.tensor_type.shape.dim)
        if not dim.dim_value
    ]
    return list(dict.fromkeys(named))


def ports(path: object, graph: onnx.GraphProto) -> tuple[Port, ...]:
    """A graph's inputs, once every size is known. Raises `BadModel` for kinds that simnet cannot ask with."""
    found = taken(graph)
    if not found:
        raise BadModel(f"{path}: the model takes no input, so that there is nothing to ask it")
    for value in graph.output:
        element_type(path, "output", value)
    return tuple(Port(value.name, shape_of(path, value), element_type(path, "input", value)) for value in found)


def shape_of(path: object, value: onnx.ValueInfoProto) -> tuple[int, ...]:
    """The shape of an input whose every size is known."""
    if not value.type.tensor_type.HasField("shape"):
        raise BadModel(f"{path}: the file does not say how many axes input '{value.name}' has", "export it with shapes")
    return tuple(dim.dim_value for dim in value.type.tensor_type.shape.dim)


def element_type(path: object, what: str, value: onnx.ValueInfoProto) -> np.dtype[Any]:
    """The element type of an input or output; ``str`` for text. Raises `BadModel` where simnet has no such tensors."""
    from onnx import TensorProto

    kind = value.type.WhichOneof("value") or "value of no type"
    if kind != "tensor_type":
        told = kind.removesuffix("_type").replace("_", " ")
        hint = "export it with tensors; a classifier of scikit-learn with the option zipmap=False"
        raise BadModel(f"{path}: {what} '{value.name}' is a {told}, not a tensor", hint)
    name = TensorProto.DataType.Name(value.type.tensor_type.elem_type)
    if name not in NAMES_OF_TYPES:
        known = ", ".join(NAMES_OF_TYPES.values())
        raise BadModel(f"{path}: {what} '{value.name}' has elements of type {name.lower()}", f"known are {known}")
    return np.dtype(NAMES_OF_TYPES[name])


def nodes_of(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Every operator of a graph, those in the graphs that operators hold included."""
    for node in graph.node:
        yield node
        for inner in inner_graphs(node):
            yield from nodes_of(inner)


def inner_graphs(node: onnx.NodeProto) -> Iterable[onnx.GraphProto]:
    """The graphs that an operator holds: branches, bodies of loops."""
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def attributes(node: onnx.NodeProto) -> dict[str, Any]:
    """An operator's attributes by name."""
    from onnx import helper

    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


def draws(model: onnx.ModelProto) -> str:
    """The operator by which a model draws random numbers; empty if it draws none."""
    true = {
        tensor.name for tensor in model.graph.initializer if tensor.raw_data == b"\1" or list(tensor.int32_data) == [1]
    }
    inside = [node for function in model.functions for node in function.node]
    for node in (*nodes_of(model.graph), *inside):
        trained = node.op_type == "Dropout" and len(node.input) > 2 and node.input[2] in true
        if node.op_type in RANDOM or trained:
            return str(node.op_type)
    return ""
