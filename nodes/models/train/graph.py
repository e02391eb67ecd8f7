"""Writes ONNX graphs, operator by operator, from the layers of a trained network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import onnx
import torch
from onnx import helper, numpy_helper
from torch import nn

OPSET = 17


class Graph:
    """An ONNX graph under construction. Tensors go by name; every method returns the name of its result."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Append an operator with one output."""
        name = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def constant(self, value: torch.Tensor) -> str:
        """Append a weight or another constant."""
        name = f"weight_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(value.detach().contiguous().numpy(), name))
        return name

    def linear(self, x: str, layer: nn.Linear) -> str:
        """x W + b over the last dimension."""
        product = self.op("MatMul", x, self.constant(layer.weight.T))
        return self.op("Add", product, self.constant(layer.bias))

    def layer_norm(self, x: str, layer: nn.LayerNorm) -> str:
        """Normalised over the last dimension."""
        weights = [self.constant(layer.weight), self.constant(layer.bias)]
        return self.op("LayerNormalization", x, *weights, axis=-1, epsilon=layer.eps)

    def convolution(self, x: str, layer: nn.Conv2d) -> str:
        """A convolution that keeps the size of the image; its kernel is square and odd."""
        border = layer.kernel_size[0] // 2
        weights = [self.constant(layer.weight), self.constant(layer.bias)]
        return self.op("Conv", x, *weights, pads=[border] * 4)

    def max_pool(self, x: str) -> str:
        """The largest of every 2 by 2 pixels."""
        return self.op("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])

    def model(
        self, output: str, input_type: int, input_shape: Sequence[int], output_shape: Sequence[int]
    ) -> onnx.ModelProto:
        """The finished model: ``input`` to ``output``, with a free batch dimension in front of both shapes."""
        self.nodes.append(helper.make_node("Identity", [output], ["output"], name="output"))
        source = helper.make_tensor_value_info("input", input_type, ["batch", *input_shape])
        result = helper.make_tensor_value_info("output", onnx.TensorProto.FLOAT, ["batch", *output_shape])
        graph = helper.make_graph(self.nodes, "model", [source], [result], self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
        onnx.checker.check_model(model, full_check=True)
        return model
