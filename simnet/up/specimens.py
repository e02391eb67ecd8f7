"""Two small models for the client's tour: one takes and gives text, one takes a table of numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def write_specimens(directory: Path) -> None:
    """Write ``opposite.onnx`` (words to their opposites) and ``mean.onnx`` (of 5 candles of 2 kinds)."""
    import onnx  # half a second that other verbs need not wait for
    from onnx import TensorProto, helper

    words: dict[str, Any] = {"keys_strings": ["good", "up", "cold"], "values_strings": ["bad", "down", "hot"]}
    encoder = helper.make_node(
        "LabelEncoder", ["word"], ["opposite"], domain="ai.onnx.ml", default_string="unknown", **words
    )
    mean = helper.make_node("ReduceMean", ["candles"], ["mean"], keepdims=0)
    text, number = TensorProto.STRING, TensorProto.FLOAT
    for name, node, takes, gives in (
        ("opposite", encoder, ("word", text, [2]), ("opposite", text, [2])),
        ("mean", mean, ("candles", number, [5, 2]), ("mean", number, [])),
    ):
        value = helper.make_tensor_value_info
        graph = helper.make_graph([node], name, [value(*takes)], [value(*gives)])
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 2)]
        onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), directory / f"{name}.onnx")
