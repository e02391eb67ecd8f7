"""Variants that are made by rounding weights: the zoo's, bit by bit, and those of users' models on request."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import pytest

from nodes.models.execution import OnnxExecutor
from nodes.models.files import BadModel
from nodes.models.noise import deviation
from nodes.models.rounding import INT4_OPSET, ROUNDINGS
from nodes.models.tensors import Tensor
from nodes.models.zoo import Zoo, default_zoo
from tests.user_models import MADE, X, after_linear, model, node, value, weight, write

SHIPPED = default_zoo()


@pytest.mark.parametrize("name", SHIPPED.models)
@pytest.mark.parametrize("variant", ROUNDINGS)
def test_the_zoos_variants_are_made_from_its_references_bit_by_bit(name: str, variant: str) -> None:
    made = onnx.load(SHIPPED.model(name).reference.path)
    if variant == "int4":
        made.opset_import[0].version = INT4_OPSET
    shipped = SHIPPED.model(name).variant(variant).path.read_bytes()
    assert ROUNDINGS[variant](made).SerializeToString(deterministic=True) == shipped


def conv() -> onnx.ModelProto:
    """A convolution of a 6 by 6 image."""
    sizes = [value("x", ["N", 3, 6, 6])], [value("y", ["N", 4, 4, 4])]
    return model([node("Conv", "x w")], *sizes, [weight("w", 4, 3, 3, 3)])


def constant_weight() -> onnx.ModelProto:
    """A weight that an operator holds, as exporters of Paddle write them."""
    steps = [onnx.helper.make_node("Constant", [], ["w"], value=weight("w", 8, 4)), node("MatMul", "x w")]
    return model(steps, [X], [value("y", ["N", 4])])


WEIGHED: dict[str, Callable[[], onnx.ModelProto]] = {
    "MatMul": MADE["plain"],
    "Gemm": partial(model, [node("Gemm", "x w b")], [X], [value("y", ["N", 4])], [weight("w", 8, 4), weight("b", 4)]),
    "Gemm transposed": partial(
        model, [node("Gemm", "x w", transB=1)], [X], [value("y", ["N", 4])], [weight("w", 4, 8)]
    ),
    "Conv": conv,
    "Constant": constant_weight,
    "opset 21": partial(after_linear, node("Softmax", "a"), opset=INT4_OPSET, ir=10),
}


def users(directory: Path, made: onnx.ModelProto) -> Zoo:
    """A zoo with one user's model, called mine."""
    file = directory / "mine.onnx"
    file.write_bytes(made.SerializeToString())
    zoo = Zoo()
    zoo.add("mine", file)
    return zoo


def answers(zoo: Zoo, variant: str) -> Tensor:
    """What a variant makes of all inputs."""
    executor = OnnxExecutor(zoo, "cpu")
    return np.stack([executor.run("mine", variant, asked).output for asked in zoo.inputs("mine")[0]])


@pytest.mark.parametrize("kind", WEIGHED)
def test_a_users_model_is_rounded_on_request_and_the_more_the_further_off(tmp_path: Path, kind: str) -> None:
    zoo = users(tmp_path, WEIGHED[kind]())
    for variant in ROUNDINGS:
        zoo.add_rounded("mine", variant)
    mine = zoo.model("mine")
    assert {mine.variant(name).macs for name in mine.variants} == {mine.reference.macs}
    assert [mine.variant(name).weight_bits for name in ("fp32", "fp16", "int8", "int4")] == [32, 16, 8, 4]
    off = {variant: deviation(answers(zoo, "fp32"), answers(zoo, variant)) for variant in ROUNDINGS}
    assert 0 < off["fp16"] < off["int8"]
    assert off["fp16"] < off["int4"] < 1


def test_four_bits_are_the_same_numbers_with_and_without_tensors_of_four_bits(tmp_path: Path) -> None:
    found = []
    for opset, kind in ((17, onnx.TensorProto.INT8), (INT4_OPSET, onnx.TensorProto.INT4)):
        zoo = users(tmp_path, after_linear(node("Softmax", "a"), opset=opset, ir=10))
        data = zoo.read(zoo.add_rounded("mine", "int4").variant("int4"))
        assert kind in {tensor.data_type for tensor in onnx.load_model_from_string(data).graph.initializer}
        found.append(answers(zoo, "int4"))
    assert np.array_equal(found[0], found[1])


@pytest.mark.parametrize("variant", ROUNDINGS)
@pytest.mark.parametrize("name", ["tokens", "two_inputs", "quantised", "overflow"])
def test_a_model_without_weights_to_round_has_no_such_variant(tmp_path: Path, name: str, variant: str) -> None:
    zoo = Zoo()
    zoo.add("mine", write(tmp_path, name))
    with pytest.raises(BadModel, match=f"{variant} cannot be made"):
        zoo.add_rounded("mine", variant)
    assert list(zoo.model("mine").variants) == ["fp32"]


def test_rounding_says_nothing_on_the_terminal(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    users(tmp_path, MADE["recurrent"]())
    users(tmp_path, conv()).add_rounded("mine", "int8")
    assert capfd.readouterr() == ("", "")
