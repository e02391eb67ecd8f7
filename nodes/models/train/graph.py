"""Writes ONNX graphs, operator by operator, from the layers of a trained network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
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
        array = np.ascontiguousarray(value.detach().numpy())
        self.weights.append(numpy_helper.from_array(array, name))
        return name

    def linear(self, x: str, layer: nn.Linear) -> str:
        """x W + b over the last dimension."""
        product = self.op("MatMul", x, self.constant(layer.weight.T))
        return self.op("Add", product, self.constant(layer.bias))

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
