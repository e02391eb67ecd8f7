"""Multiply-accumulates are counted from the graph: the figures of known shapes, and of the zoo."""

from __future__ import annotations

from typing import Any

import pytest

from chain.errors import SimnetError
from nodes.models.macs import count_macs
from nodes.models.zoo import default_zoo

onnx = pytest.importorskip("onnx")


def graph(kind: str, source: list[int | str], weight: list[int], **attributes: Any) -> bytes:
    """A model of one operator on an input and a weight."""
    helper, floats = onnx.helper, onnx.TensorProto.FLOAT
    size = 1
    for length in weight:
        size *= length
    made = helper.make_graph(
        [helper.make_node(kind, ["x", "w"], ["y"], **attributes)],
        "one operator",
        [helper.make_tensor_value_info("x", floats, source)],
        [helper.make_tensor_value_info("y", floats, None)],
        [helper.make_tensor("w", floats, weight, [0.0] * size)],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    return bytes(model.SerializeToString())


@pytest.mark.parametrize(
    ("model", "macs"),
    [
        pytest.param(graph("MatMul", [1, 64], [64, 10]), 64 * 10, id="vector by matrix"),
        pytest.param(graph("MatMul", ["batch", 64], [64, 10]), 64 * 10, id="free batch dimension counts as one"),
        pytest.param(graph("MatMul", [1, 4, 7, 5], [5, 3]), 4 * 7 * 5 * 3, id="stack of matrices"),
        pytest.param(graph("Gemm", [1, 64], [10, 64], transB=1), 64 * 10, id="Gemm, weight transposed"),
        pytest.param(graph("Gemm", [1, 1], [1, 10], transA=1), 10, id="Gemm, input transposed"),
        pytest.param(graph("Conv", [1, 3, 8, 8], [16, 3, 3, 3]), 6 * 6 * 16 * 3 * 9, id="convolution"),
        pytest.param(
            graph("Conv", [1, 3, 8, 8], [16, 3, 3, 3], pads=[1] * 4, strides=[2, 2]),
            4 * 4 * 16 * 3 * 9,
            id="strided convolution with a border",
        ),
        pytest.param(graph("Conv", [1, 8, 8, 8], [8, 1, 3, 3], group=8), 6 * 6 * 8 * 9, id="depthwise convolution"),
        pytest.param(graph("Add", [1, 64], [64]), 0, id="sums are free"),
    ],
)
def test_macs_of_known_shapes(model: bytes, macs: int) -> None:
    assert count_macs(model) == macs


def test_the_multilayer_perceptron_costs_the_product_of_its_widths() -> None:
    zoo = default_zoo()
    widths = 64 * 128 + 128 * 128 + 128 * 10
    for variant in ("fp32", "fp16", "int8", "int4"):
        found = zoo.model("digits_mlp").variant(variant)
        assert count_macs(zoo.read(found)) == found.macs == widths


def test_the_manifest_says_what_the_graphs_say() -> None:
    zoo = default_zoo()
    for model in zoo.models.values():
        for variant in model.variants.values():
            assert count_macs(zoo.read(variant)) == variant.macs


def test_a_shape_that_cannot_be_inferred_is_refused() -> None:
    with pytest.raises(SimnetError, match="depends on the input"):
        count_macs(graph("MatMul", [1, "rows", 64], [64, 10]))
