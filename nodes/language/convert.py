"""A Llama model out of a GGUF file, as an ONNX graph in single precision that takes and gives its keys and values.

`gguf` reads and dequantises. Attention is ONNX Runtime's own operator (`com.microsoft.GroupQueryAttention`), which
turns the heads and appends to what went before.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

MICROSOFT = "com.microsoft"
OPSETS = [helper.make_opsetid("", 17), helper.make_opsetid(MICROSOFT, 1)]


@dataclass(frozen=True, slots=True)
class Shape:
    """What a Llama model is made of."""

    layers: int
    width: int
    heads: int
    kv_heads: int
    vocabulary: int
    theta: float
    """Base of the rotary embedding."""
    epsilon: float
    context: int

    @property
    def head(self) -> int:
        """Width of a head."""
        return self.width // self.heads

    @classmethod
    def of(cls, reader: Any) -> Shape:
        """That of a GGUF file."""

        def value(name: str) -> Any:
            return reader.fields[f"llama.{name}"].contents()

        return cls(
            layers=value("block_count"),
            width=value("embedding_length"),
            heads=value("attention.head_count"),
            kv_heads=value("attention.head_count_kv"),
            vocabulary=len(reader.fields["tokenizer.ggml.tokens"].contents()),
            theta=value("rope.freq_base"),
            epsilon=value("attention.layer_norm_rms_epsilon"),
            context=value("context_length"),
        )


class Graph:
    """A graph that is being written."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, operator: str, inputs: list[str], outputs: list[str] | str, **attributes: Any) -> str:
        """A node. Returns its first output."""
        outputs = [outputs] if isinstance(outputs, str) else outputs
        self.nodes.append(helper.make_node(operator, inputs, outputs, name=outputs[0], **attributes))
        return outputs[0]

    def constant(self, name: str, value: np.ndarray) -> str:
        """A constant. Returns its name."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name


def write_model(source: Path, target: Path) -> None:
    """Write the model in a GGUF file as ONNX, with its weights in a file beside it: some ten seconds."""
    from gguf import GGUFReader
    from gguf.quants import dequantize

    reader = GGUFReader(source)
    weights = {tensor.name: dequantize(tensor.data, tensor.tensor_type) for tensor in reader.tensors}
    model = graph_of(Shape.of(reader), weights)
    onnx.save(model, target, save_as_external_data=True, location=f"{target.name}.data", size_threshold=1024)


def graph_of(shape: Shape, weights: dict[str, np.ndarray]) -> Any:
    """The graph.

    Inputs: ``tokens`` int64 (1, n), ``past_keys_i`` and ``past_values_i`` float (1, kv heads, m, head) for each layer.
    Outputs: ``logits`` float (1, vocabulary) of the last token, ``keys_i`` and ``values_i`` of m + n tokens.
    """
    graph = Graph()
    angles = np.outer(np.arange(shape.context), shape.theta ** -(np.arange(0, shape.head, 2) / shape.head))
    graph.constant("cosines", np.cos(angles).astype(np.float32))
    graph.constant("sines", np.sin(angles).astype(np.float32))
    graph.constant("embedding", weights["token_embd.weight"])
    lengths(graph)
    hidden = graph.add("Gather", ["embedding", "tokens"], "hidden")
    for layer in range(shape.layers):
        hidden = block(graph, shape, weights, layer, hidden)
    hidden = norm(graph, shape, weights["output_norm.weight"], "output_norm", hidden)
    graph.constant("minus_one", np.array([-1], np.int64))
    last = graph.add("Gather", [hidden, "minus_one"], "last", axis=1)
    graph.constant("flat", np.array([1, shape.width], np.int64))
    flat = graph.add("Reshape", [last, "flat"], "last_flat")
    graph.constant("head", weights.get("output.weight", weights["token_embd.weight"]).T)
    graph.add("MatMul", [flat, "head"], "logits")
    return model_of(graph, shape)


def lengths(graph: Graph) -> None:
    """What attention wants to know: tokens all told, and one less for each sequence."""
    graph.add("Shape", ["past_keys_0"], "past_shape", start=2, end=3)
    graph.add("Shape", ["tokens"], "new_shape", start=1, end=2)
    graph.add("Add", ["past_shape", "new_shape"], "total_64")
    graph.add("Cast", ["total_64"], "total_1d", to=TensorProto.INT32)
    graph.constant("one", np.array([1], np.int32))
    graph.add("Sub", ["total_1d", "one"], "sequence_lengths")
    graph.constant("scalar", np.array([], np.int64))
    graph.add("Reshape", ["total_1d", "scalar"], "total")


def block(graph: Graph, shape: Shape, weights: dict[str, np.ndarray], layer: int, hidden: str) -> str:
    """A layer: attention, and a gated feed-forward network, each added to what went in."""

    def product(name: str, value: str, matrix: np.ndarray | None = None) -> str:
        matrix = weights[f"blk.{layer}.{name}.weight"] if matrix is None else matrix
        graph.constant(f"{name}_{layer}", matrix.T)
        return graph.add("MatMul", [value, f"{name}_{layer}"], f"{name}_out_{layer}")

    def half_split(name: str, heads: int) -> np.ndarray:
        """GGUF has the rows of queries and keys in pairs; here the second half of a head turns with the first."""
        rows = heads * shape.head
        order = np.arange(rows).reshape(heads, shape.head // 2, 2).swapaxes(1, 2).reshape(-1)
        return weights[f"blk.{layer}.{name}.weight"][order]

    normed = norm(graph, shape, weights[f"blk.{layer}.attn_norm.weight"], f"attn_norm_{layer}", hidden)
    query = product("attn_q", normed, half_split("attn_q", shape.heads))
    key = product("attn_k", normed, half_split("attn_k", shape.kv_heads))
    past = [f"past_keys_{layer}", f"past_values_{layer}"]
    told = [query, key, product("attn_v", normed), *past, "sequence_lengths", "total", "cosines", "sines"]
    outputs = [f"attention_{layer}", f"keys_{layer}", f"values_{layer}"]
    heads = {"num_heads": shape.heads, "kv_num_heads": shape.kv_heads, "do_rotary": 1, "rotary_interleaved": 0}
    attended = graph.add("GroupQueryAttention", told, outputs, domain=MICROSOFT, **heads)
    hidden = graph.add("Add", [hidden, product("attn_output", attended)], f"attended_{layer}")
    normed = norm(graph, shape, weights[f"blk.{layer}.ffn_norm.weight"], f"ffn_norm_{layer}", hidden)
    gate = product("ffn_gate", normed)
    graph.add("Sigmoid", [gate], f"sigmoid_{layer}")
    graph.add("Mul", [gate, f"sigmoid_{layer}"], f"silu_{layer}")
    graph.add("Mul", [f"silu_{layer}", product("ffn_up", normed)], f"gated_{layer}")
    return graph.add("Add", [hidden, product("ffn_down", f"gated_{layer}")], f"block_{layer}")


def norm(graph: Graph, shape: Shape, scale: np.ndarray, name: str, value: str) -> str:
    """Root mean square normalisation."""
    graph.constant(f"{name}_scale", scale.astype(np.float32))
    about = {"axis": -1, "epsilon": float(shape.epsilon), "stash_type": 1}
    return graph.add("SimplifiedLayerNormalization", [value, f"{name}_scale"], name, **about)


def model_of(graph: Graph, shape: Shape) -> Any:
    """The graph with its inputs and outputs, as a model."""
    real, value = TensorProto.FLOAT, helper.make_tensor_value_info
    inputs, outputs = [value("tokens", TensorProto.INT64, [1, "n"])], [value("logits", real, [1, shape.vocabulary])]
    for layer in range(shape.layers):
        for name in ("keys", "values"):
            inputs.append(value(f"past_{name}_{layer}", real, [1, shape.kv_heads, "m", shape.head]))
            outputs.append(value(f"{name}_{layer}", real, [1, shape.kv_heads, "m + n", shape.head]))
    made = helper.make_graph(graph.nodes, "llama", inputs, outputs, graph.constants)
    return helper.make_model(made, opset_imports=OPSETS, ir_version=8)
