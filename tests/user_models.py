"""Small ONNX files as users bring them, each with one thing that makes it special."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto as Type
from onnx import helper, numpy_helper

Size = int | str
RNG = np.random.default_rng(7)


def value(name: str, shape: Sequence[Size] | None, kind: int = Type.FLOAT) -> onnx.ValueInfoProto:
    """An input or output."""
    return helper.make_tensor_value_info(name, kind, shape)


def weight(name: str, *shape: int, kind: type = np.float32) -> onnx.TensorProto:
    """A random weight."""
    return numpy_helper.from_array((0.3 * RNG.standard_normal(shape)).astype(kind), name)


def constant(name: str, number: Any, kind: type = np.float32) -> onnx.TensorProto:
    """A given weight."""
    return numpy_helper.from_array(np.array(number, kind), name)


def node(kind: str, inputs: str, outputs: str = "y", **attributes: Any) -> onnx.NodeProto:
    """An operator; names are separated by blanks, and ``-`` is one left out."""
    taken, given = ([name.removeprefix("-") for name in text.split()] for text in (inputs, outputs))
    return helper.make_node(kind, taken, given, **attributes)


def model(
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[onnx.ValueInfoProto],
    outputs: Sequence[onnx.ValueInfoProto],
    weights: Sequence[onnx.TensorProto] = (),
    opset: int = 17,
    ir: int = 8,
    **domains: int,
) -> onnx.ModelProto:
    """A model of these operators; `domains` are further ones, with their versions."""
    graph = helper.make_graph(list(nodes), "made", list(inputs), list(outputs), list(weights))
    imports = [helper.make_opsetid(name.replace("_", "."), version) for name, version in domains.items()]
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset), *imports], ir_version=ir)


X = value("x", ["N", 8])
W = weight("w", 8, 4)
LINEAR = node("MatMul", "x w", "a")


def after_linear(*nodes: onnx.NodeProto, weights: Sequence[onnx.TensorProto] = (), **more: Any) -> onnx.ModelProto:
    """A matrix product and what follows it; the output is called y."""
    kind, shape = more.pop("kind", Type.FLOAT), more.pop("shape", ["N", 4])
    return model([LINEAR, *nodes], [X], [value("y", shape, kind)], [W, *weights], **more)


def boxes(first: Sequence[float], threshold: float) -> onnx.ModelProto:
    """As many rows of six as score above the threshold."""
    steps = [
        node("MatMul", "x w", "a"),
        node("Reshape", "a s", "r"),
        node("ReduceMax", "r", "score", axes=[1], keepdims=0),
        node("Add", "score first", "raised"),
        node("Greater", "raised threshold", "keep"),
        node("Compress", "r keep", axis=0),
    ]
    weights = [weight("w", 8, 30), constant("s", [5, 6], np.int64), constant("first", first)]
    return model(steps, [X], [value("y", ["boxes", 6])], [*weights, constant("threshold", threshold)])


def branches() -> onnx.ModelProto:
    """A matrix product in each branch of an If."""
    inner = [
        helper.make_graph([node("MatMul", f"x {name}", f"{name}y")], name, [], [value(f"{name}y", ["N", 4])])
        for name in ("w", "v")
    ]
    steps = [
        node("ReduceSum", "x", "sum", keepdims=0),
        node("Greater", "sum zero", "positive"),
        node("If", "positive", then_branch=inner[0], else_branch=inner[1]),
    ]
    return model(steps, [X], [value("y", ["N", 4])], [W, weight("v", 8, 4), constant("zero", 0)])


def recurrent() -> onnx.ModelProto:
    """An LSTM of 64 over 50 steps of 32."""
    steps = [
        node("Transpose", "x", "t", perm=[1, 0, 2]),
        node("LSTM", "t wx wh", "- h", hidden_size=64),
        node("Squeeze", "h axis"),
    ]
    weights = [weight("wx", 1, 256, 32), weight("wh", 1, 256, 64), constant("axis", [0], np.int64)]
    return model(steps, [value("x", ["N", 50, 32])], [value("y", ["N", 64])], weights)


def quantised() -> onnx.ModelProto:
    """A product of 8-bit matrices."""
    steps = [
        node("QuantizeLinear", "x s z", "xq"),
        node("QLinearMatMul", "xq s z wq s z8 s z", "yq"),
        node("DequantizeLinear", "yq s z"),
    ]
    weights = [constant("s", 0.05), constant("z", 128, np.uint8), constant("z8", 0, np.int8)]
    whole = constant("wq", RNG.integers(-50, 50, (8, 4)), np.int8)
    return model(steps, [X], [value("y", ["N", 4])], [*weights, whole])


def embedding() -> onnx.ModelProto:
    """A row for each of 100 tokens."""
    out = value("y", ["N", 8, 4])
    return model([node("Gather", "e x")], [value("x", ["N", 8], Type.INT64)], [out], [weight("e", 100, 4)])


def cast(kind: int) -> onnx.ModelProto:
    """A matrix product of an input of another element type."""
    steps = [node("Cast", "x", "f", to=Type.FLOAT), node("MatMul", "f w")]
    return model(steps, [value("x", ["N", 8], kind)], [value("y", ["N", 4])], [W])


def half() -> onnx.ModelProto:
    """Half precision that overflows."""
    steps = [node("Cast", "x", "h", to=Type.FLOAT16), node("MatMul", "h w", "a"), node("Mul", "a k")]
    weights = [weight("w", 8, 4, kind=np.float16), constant("k", 60000, np.float16)]
    return model(steps, [X], [value("y", ["N", 4], Type.FLOAT16)], weights)


def zipmap() -> onnx.ModelProto:
    """A classifier of scikit-learn as it is exported by default."""
    maps = helper.make_map_type_proto(Type.INT64, helper.make_tensor_type_proto(Type.FLOAT, []))
    out = helper.make_value_info("y", helper.make_sequence_type_proto(maps))
    last = node("ZipMap", "a", domain="ai.onnx.ml", classlabels_int64s=[0, 1, 2, 3])
    return model([LINEAR, last], [X], [out], [W], ai_onnx_ml=2)


def labelled() -> onnx.ModelProto:
    """Text out of a class."""
    last = node("LabelEncoder", "i", domain="ai.onnx.ml", keys_int64s=[0, 1, 2, 3], values_strings=["a", "b", "c", "d"])
    argmax = node("ArgMax", "a", "i", axis=1, keepdims=0)
    return after_linear(argmax, last, kind=Type.STRING, shape=["N"], ai_onnx_ml=2)


def old(listed: Sequence[onnx.ValueInfoProto]) -> onnx.ModelProto:
    """A file of version 3, which lists its weights among its inputs."""
    steps = [LINEAR, node("Mul", "a k")]
    inputs = [value("x", [1, 8]), *listed]
    return model(steps, inputs, [value("y", [1, 4])], [W, constant("k", 2)], opset=8, ir=3)


MADE: dict[str, Callable[[], onnx.ModelProto]] = {
    "plain": partial(after_linear, node("Softmax", "a")),
    "nan": partial(after_linear, node("Log", "a")),
    "mask": partial(after_linear, node("Add", "a m"), weights=[constant("m", [0, 0, -np.inf, 0])]),
    "overflow": half,
    "outlier": partial(after_linear, node("Concat", "a big", axis=1), weights=[constant("big", [[1e6]])], shape=[1, 5]),
    "boxes": partial(boxes, [0, 0, 0, 0, 0], 1.2),
    "boxes_some": partial(boxes, [99, 0, 0, 0, 0], 0.8),
    "tokens": embedding,
    "bytes": partial(cast, Type.UINT8),
    "truths": partial(cast, Type.BOOL),
    "text": partial(model, [node("Identity", "x")], [value("x", ["N"], Type.STRING)], [value("y", ["N"], Type.STRING)]),
    "gives_truths": partial(after_linear, node("Greater", "a z"), weights=[constant("z", 0)], kind=Type.BOOL),
    "gives_uint32": partial(after_linear, node("Abs", "a", "p"), node("Cast", "p", to=Type.UINT32), kind=Type.UINT32),
    "gives_labels": partial(after_linear, node("ArgMax", "a", axis=1, keepdims=0), kind=Type.INT64, shape=["N"]),
    "gives_text": labelled,
    "gives_maps": zipmap,
    "two_inputs": partial(model, [node("Add", "x x2")], [X, value("x2", ["N", 8])], [value("y", ["N", 8])]),
    "two_outputs": partial(
        model, [LINEAR, node("Softmax", "a")], [X], [value("y", ["N", 4]), value("a", ["N", 4])], [W]
    ),
    "no_batch": partial(model, [LINEAR, node("Softmax", "a")], [value("x", [8])], [value("y", [4])], [W]),
    "time_first": partial(
        model, [node("Transpose", "x", perm=[1, 0, 2])], [value("x", [1, 5, 8])], [value("y", [5, 1, 8])]
    ),
    "free_axis": partial(
        model,
        [node("ReduceMean", "x", axes=[1], keepdims=0)],
        [value("x", ["N", "time", 8])],
        [value("y", ["N", 8])],
    ),
    "old": partial(old, [value("w", [8, 4]), value("k", [])]),
    "recurrent": recurrent,
    "einsum": partial(model, [node("Einsum", "x w", equation="ni,ij->nj")], [X], [value("y", ["N", 4])], [W]),
    "transposed": partial(
        model,
        [node("ConvTranspose", "x w", strides=[2, 2])],
        [value("x", ["N", 8, 8, 8])],
        [value("y", ["N", 4, 17, 17])],
        [weight("w", 8, 4, 3, 3)],
    ),
    "branches": branches,
    "quantised": quantised,
    "custom": partial(model, [node("MyOp", "x", domain="my.domain")], [X], [value("y", ["N", 4])], my_domain=1),
    "draws": partial(after_linear, node("RandomNormalLike", "a", "r"), node("Add", "a r")),
    "opset99": partial(after_linear, node("Softmax", "a"), opset=99),
    "bfloat16": partial(after_linear, node("Cast", "a", to=Type.BFLOAT16), kind=Type.BFLOAT16),
    "no_input": partial(model, [node("Constant", "", value_float=1.0)], [], [value("y", [])]),
}
"""By name: what makes them."""


def write(directory: Path, name: str) -> Path:
    """A file with the model of that name."""
    file = directory / f"{name}.onnx"
    file.write_bytes(MADE[name]().SerializeToString())
    return file


def broken(directory: Path, kind: str) -> Path:
    """A file with something wrong about it as a file."""
    file = write(directory, "recurrent")
    match kind:
        case "cut short":
            file.write_bytes(file.read_bytes()[:2000])
        case "empty":
            file.write_bytes(b"")
        case "pointer":
            file.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12345\n")
        case "text":
            file.write_text("not a model")
        case "external":
            onnx.save(MADE["plain"](), file, save_as_external_data=True, location="plain.bin", size_threshold=0)
            (directory / "plain.bin").unlink()
    return file
