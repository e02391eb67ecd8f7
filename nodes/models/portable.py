"""Portable arithmetic: a model's graph rewritten so that it gives the same bits on every x86-64 processor.

ONNX Runtime adds single-precision products in an order that follows the width of the processor's registers, so
outputs differ in the last bits between AVX2 and AVX-512, and everywhere without fused multiply-add. Here the graph
computes in double precision and rounds to single precision once, at its outputs. Two orders of summation in double
precision agree after that rounding, but for about one value in 10**8; `nodes.models.fingerprints` watches over it.
Integer arithmetic is exact and stays as it is.

ONNX Runtime has no double-precision convolution, so a convolution becomes a gather of patches and a matrix product.
Whatever cannot be rewritten is `NotPortable`, with the reason; such a model runs natively, and the run says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from chain.errors import SimnetError
from nodes.models.graph import RANDOM, drop_weights, fix_sizes

if TYPE_CHECKING:
    import onnx

SINGLE_ONLY = frozenset({"DynamicQuantizeLinear", "QuantizeLinear", "DequantizeLinear"})
"""Operators that take and give single precision only. Element by element, hence the same everywhere."""

HALF = frozenset({"FLOAT16", "BFLOAT16"})


class NotPortable(SimnetError):
    """A model cannot be rewritten; the message is the reason."""


def rewrite(data: bytes) -> bytes:
    """The ONNX model in `data`, for a batch of one, computing in double precision between its inputs and outputs.

    Raises `NotPortable` for graphs with an operator that cannot be carried over.
    """
    import onnx

    try:
        model = onnx.load_model_from_string(data)
        drop_weights(model)
        fix_sizes(model.graph, {})
        model = onnx.shape_inference.infer_shapes(model)
    except Exception as error:  # protobuf's and onnx's exceptions have no base class of their own
        raise NotPortable(f"the onnx package cannot read the graph: {error}") from error
    _Rewriter(model.graph).run()
    return bytes(model.SerializeToString())


class _Rewriter:
    """Rewrites one graph in place. Names of tensors stay; only their element type changes."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        from onnx import TensorProto

        self.graph = graph
        self.single, self.double = int(TensorProto.FLOAT), int(TensorProto.DOUBLE)
        known = (*graph.input, *graph.output, *graph.value_info)
        self.types = {value.name: value.type.tensor_type.elem_type for value in known}
        self.types |= {tensor.name: tensor.data_type for tensor in graph.initializer}
        self.shapes = {
            value.name: tuple(dim.dim_value for dim in value.type.tensor_type.shape.dim) for value in known
        } | {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
        self.weights = {tensor.name for tensor in graph.initializer}
        self._made = 0

    def run(self) -> None:
        """Rewrite initialisers and nodes, and cast at the graph's inputs and outputs."""
        self._refuse()
        taken, given = self._boundary(self.graph.input), self._boundary(self.graph.output)
        nodes = [self._cast(name, f"{name}/double", self.double) for name in taken]
        renamed = {name: f"{name}/double" for name in (*taken, *given)}
        for node in self.graph.node:
            node.input[:] = [renamed.get(name, name) for name in node.input]
            node.output[:] = [renamed.get(name, name) for name in node.output]
            for old, new in renamed.items():
                self.types[new], self.shapes[new] = self.types[old], self.shapes[old]
            nodes.extend(self._node(node))
        nodes += [self._cast(f"{name}/double", name, self.single) for name in given]
        for tensor in self.graph.initializer:
            if tensor.data_type == self.single:
                self._widen(tensor)
        del self.graph.node[:], self.graph.value_info[:]
        self.graph.node.extend(nodes)

    def _boundary(self, values: Any) -> list[str]:
        """Single-precision inputs or outputs of the graph; weights that older files list as inputs are none."""
        return [v.name for v in values if self.types[v.name] == self.single and v.name not in self.weights]

    def _refuse(self) -> None:
        """Raise `NotPortable` for what no rewriting of single nodes can carry."""
        from onnx import AttributeProto, TensorProto

        for node in self.graph.node:
            if any(attribute.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS) for attribute in node.attribute):
                raise NotPortable(f"operator {node.op_type} holds a graph of its own")
            if node.op_type in RANDOM:
                raise NotPortable(f"operator {node.op_type} draws random numbers")
            types = {TensorProto.DataType.Name(self.types.get(name, 0)) for name in (*node.input, *node.output)}
            if types & HALF and node.op_type != "Cast":
                raise NotPortable(f"operator {node.op_type} computes in half precision")

    def _node(self, node: onnx.NodeProto) -> Iterator[onnx.NodeProto]:
        """What stands in place of one node."""
        special: dict[str, Callable[[onnx.NodeProto], Iterator[onnx.NodeProto]]] = {
            "Conv": self._convolution,
            **dict.fromkeys(SINGLE_ONLY, self._in_single_precision),
        }
        if handler := special.get(node.op_type):
            yield from handler(node)
            return
        for attribute in node.attribute:
            if node.op_type == "Cast" and attribute.name == "to" and attribute.i == self.single:
                attribute.i = self.double
            elif attribute.t.data_type == self.single:
                self._widen(attribute.t)
            elif node.op_type == "Constant" and attribute.name in ("value_float", "value_floats"):
                raise NotPortable(f"a Constant given as {attribute.name}")
        yield node

    def _in_single_precision(self, node: onnx.NodeProto) -> Iterator[onnx.NodeProto]:
        """The node as it is, with casts around it."""
        for place, name in enumerate(node.input):
            if self.types.get(name) == self.single:
                node.input[place] = self._name(name)
                yield self._cast(name, node.input[place], self.single)
        after = []
        for place, name in enumerate(node.output):
            if self.types.get(name) == self.single:
                node.output[place] = self._name(name)
                after.append(self._cast(node.output[place], name, self.double))
        yield node
        yield from after

    def _convolution(self, node: onnx.NodeProto) -> Iterator[onnx.NodeProto]:
        """A two-dimensional convolution as Pad, Gather, MatMul."""
        from onnx import helper

        given = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
        image, kernel = self.shapes.get(node.input[0], ()), self.shapes.get(node.input[1], ())
        if len(image) != 4 or len(kernel) != 4 or 0 in image[1:] or 0 in kernel:
            raise NotPortable("operator Conv on a shape that is not fixed, or not two-dimensional")
        if given.get("group", 1) != 1 or given.get("auto_pad", b"NOTSET") != b"NOTSET":
            raise NotPortable("operator Conv in groups, or with automatic padding")
        (top, left, bottom, right) = given.get("pads", (0, 0, 0, 0))
        channels, filters, size = image[1], kernel[0], kernel[2:]
        padded = (image[2] + top + bottom, image[3] + left + right)
        places, out = _patches(channels, padded, size, given.get("strides", (1, 1)), given.get("dilations", (1, 1)))
        shape = self._constant
        steps: list[tuple[str, list[str], dict[str, Any]]] = [
            ("Pad", [node.input[0], shape([0, 0, top, left, 0, 0, bottom, right])], {}),
            ("Reshape", ["", shape([-1, channels * padded[0] * padded[1]])], {}),
            ("Gather", ["", shape(places)], {"axis": 1}),
            ("MatMul", ["", self._name("kernel")], {}),
        ]
        flat, turned = self._name("kernel"), steps[-1][1][1]
        yield helper.make_node("Reshape", [node.input[1], shape([filters, channels * size[0] * size[1]])], [flat])
        yield helper.make_node("Transpose", [flat], [turned], perm=[1, 0])
        if len(node.input) > 2 and node.input[2]:
            steps.append(("Add", ["", node.input[2]], {}))
        steps += [("Transpose", [""], {"perm": [0, 2, 1]}), ("Reshape", ["", shape([-1, filters, *out])], {})]
        last = node.input[0]
        for number, (operator, inputs, attributes) in enumerate(steps):
            result = node.output[0] if number == len(steps) - 1 else self._name("conv")
            yield helper.make_node(operator, [name or last for name in inputs], [result], **attributes)
            last = result

    def _constant(self, values: Any) -> str:
        """A new integer initialiser; returns its name."""
        from onnx import numpy_helper

        name = self._name("constant")
        self.graph.initializer.append(numpy_helper.from_array(np.asarray(values, np.int64), name))
        return name

    def _name(self, stem: str) -> str:
        self._made += 1
        return f"{stem}/portable{self._made}"

    def _cast(self, name: str, result: str, to: int) -> onnx.NodeProto:
        from onnx import helper

        return helper.make_node("Cast", [name], [result], to=to)

    def _widen(self, tensor: onnx.TensorProto) -> None:
        from onnx import numpy_helper

        tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float64), tensor.name))


def _patches(
    channels: int, image: tuple[int, int], kernel: Any, strides: Any, dilations: Any
) -> tuple[np.ndarray, tuple[int, int]]:
    """Places in the flattened image [positions, channels * kernel] that each output position sees, and its size."""
    high, wide = ((image[axis] - dilations[axis] * (kernel[axis] - 1) - 1) // strides[axis] + 1 for axis in (0, 1))
    channel, row, column = np.meshgrid(range(channels), range(kernel[0]), range(kernel[1]), indexing="ij")
    down, across = np.meshgrid(np.arange(high) * strides[0], np.arange(wide) * strides[1], indexing="ij")
    rows = down.ravel()[:, None] + row.ravel()[None] * dilations[0]
    columns = across.ravel()[:, None] + column.ravel()[None] * dilations[1]
    return (channel.ravel()[None] * image[0] + rows) * image[1] + columns, (high, wide)
