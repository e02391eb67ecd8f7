"""Portable arithmetic: the same bits on every x86-64 processor, close to the processor's own, or a stated reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from nodes.models import fingerprints
from nodes.models.arithmetic import prepare, processor_class
from nodes.models.execution import OnnxExecutor
from nodes.models.portable import NotPortable, rewrite
from nodes.models.session import open_session
from nodes.models.zoo import default_zoo

ZOO = default_zoo()
NOWHERE = Path("test.onnx")


def model_of(nodes: list[onnx.NodeProto], shape: list[int], weights: dict[str, np.ndarray] | None = None) -> bytes:
    """A float32 model from ``x`` [1, *shape] to ``y``."""
    graph = helper.make_graph(
        nodes,
        "test",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", *shape])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in (weights or {}).items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


def run(data: bytes, value: np.ndarray, portable: bool) -> np.ndarray:
    session = open_session(NOWHERE, data, "cpu", portable=portable)
    return np.asarray(session.run(None, {"x": value[np.newaxis]})[0])


def test_every_model_and_variant_answers_as_the_committed_table_says() -> None:
    assert fingerprints.differing(ZOO) == []
    assert json.loads(fingerprints.TABLE.read_text()).keys() == {
        f"{model.name}/{variant}" for model in ZOO.models.values() for variant in model.variants
    }


def test_an_output_that_differs_is_named(tmp_path: Path) -> None:
    table = json.loads(fingerprints.TABLE.read_text())
    table["digits_cnn/int8"][0] = "00000000"
    changed = tmp_path / "table.json"
    changed.write_text(json.dumps(table))
    assert fingerprints.differing(ZOO, 1, changed) == ["digits_cnn/int8"]


@pytest.mark.parametrize("name", ZOO.models)
def test_portable_and_native_answers_are_as_near_as_single_precision_is(name: str) -> None:
    portable, native = OnnxExecutor(ZOO, "cpu"), OnnxExecutor(ZOO, "cpu", arithmetic="native")
    for value in ZOO.inputs(name)[0][:20]:
        one, other = portable.run(name, "fp32", value).output, native.run(name, "fp32", value).output
        assert one.dtype == other.dtype
        assert np.abs(one - other).max() <= 1e-5 * np.abs(other).max()


@given(
    st.integers(1, 3),
    st.integers(1, 3),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.tuples(st.integers(1, 2), st.integers(1, 2)),
    st.tuples(st.integers(1, 2), st.integers(1, 2)),
    st.tuples(*[st.integers(0, 2)] * 4),
    st.booleans(),
)
@settings(max_examples=30, deadline=None)
def test_a_convolution_of_any_geometry_is_the_same_convolution(
    channels: int,
    filters: int,
    kernel: tuple[int, int],
    strides: tuple[int, int],
    dilations: tuple[int, int],
    pads: tuple[int, int, int, int],
    biased: bool,
) -> None:
    rng = np.random.default_rng(0)
    weights = {"w": rng.standard_normal((filters, channels, *kernel)).astype(np.float32)}
    if biased:
        weights["b"] = rng.standard_normal(filters).astype(np.float32)
    node = helper.make_node("Conv", ["x", *weights], ["y"], strides=strides, dilations=dilations, pads=pads)
    data = model_of([node], [channels, 7, 8], weights)
    value = rng.standard_normal((channels, 7, 8)).astype(np.float32)
    expected, found = run(data, value, False), run(rewrite(data), value, True)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < 1e-4


@pytest.mark.parametrize(
    ("operator", "attributes", "reason"),
    [
        ("RandomNormalLike", {}, "draws random numbers"),
        ("AveragePool", {"kernel_shape": [2, 2]}, "cannot compute it in double precision"),
    ],
)
def test_what_cannot_be_rewritten_runs_as_it_is_and_says_why(
    operator: str, attributes: dict[str, Any], reason: str
) -> None:
    data = model_of([helper.make_node(operator, ["x"], ["y"], **attributes)], [1, 4, 4])
    prepared = prepare(NOWHERE, data)
    assert prepared.data == data
    assert not prepared.portable
    assert reason in prepared.reason


def test_grouped_convolutions_are_refused_with_the_reason() -> None:
    weights = {"w": np.ones((2, 1, 3, 3), np.float32)}
    data = model_of([helper.make_node("Conv", ["x", "w"], ["y"], group=2)], [2, 5, 5], weights)
    with pytest.raises(NotPortable, match="Conv in groups"):
        rewrite(data)


def test_eight_bit_products_do_not_saturate() -> None:
    """Products of 255 and 127 overflow 16 bits in pairs, which kernels without VNNI add in 16 bits by default."""
    weights = {"w": np.full((64, 4), 127, np.int8), "zero": np.array(0, np.int8)}
    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "scale", "offset"]),
        helper.make_node("MatMulInteger", ["q", "w", "offset", "zero"], ["sums"]),
        helper.make_node("Cast", ["sums"], ["y"], to=TensorProto.FLOAT),
    ]
    value = np.full(64, 1.0, np.float32)
    data = model_of(nodes, [64], weights)
    for portable in (False, True):
        sums = run(rewrite(data) if portable else data, value, portable)
        assert np.array_equal(sums, np.full((1, 4), 64 * 255 * 127, np.float32))


def test_the_class_of_this_machine_has_a_name() -> None:
    assert processor_class()
