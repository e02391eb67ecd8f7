"""Models of a user's own: what a file must be, and what is read from it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from chain.errors import SimnetError
from nodes.models.execution import OnnxExecutor
from nodes.models.zoo import Zoo, default_zoo

SHIPPED = default_zoo().model("digits_mlp")


def test_a_users_file_is_served_with_its_own_shapes() -> None:
    zoo = Zoo()
    model = zoo.add("mine", SHIPPED.reference.path, macs=123)
    assert (model.input_shape, model.output_shape, model.input_dtype) == ((64,), (10,), "float32")
    assert model.reference.sha256 == SHIPPED.reference.sha256
    inputs, labels = zoo.inputs("mine")
    assert set(labels) == {-1}
    execution = OnnxExecutor(zoo, "cpu").run("mine", "fp32", inputs[0])
    assert execution.output.shape == (10,)
    assert execution.macs == 123


def test_further_files_become_variants_if_their_shapes_agree() -> None:
    zoo = Zoo()
    zoo.add("mine", SHIPPED.reference.path, macs=2)
    zoo.add("mine", SHIPPED.variant("small").path, variant="tiny", macs=1)
    assert list(zoo.model("mine").variants) == ["fp32", "tiny"]
    with pytest.raises(SimnetError, match="shapes are not those of model mine"):
        zoo.add("mine", default_zoo().model("medical_risk").reference.path, variant="other", macs=1)
    with pytest.raises(SimnetError, match="unknown model: yours"):
        zoo.add("yours", SHIPPED.reference.path, variant="tiny", macs=1)


def test_a_name_that_is_taken_is_refused() -> None:
    zoo = default_zoo()
    for variant in ("fp32", "int8"):
        with pytest.raises(SimnetError, match=f"there is a model digits_mlp with a variant {variant} already"):
            zoo.add("digits_mlp", SHIPPED.reference.path, variant=variant, macs=1)


def test_a_users_inputs_are_what_the_model_is_asked_with() -> None:
    zoo = Zoo()
    mine = np.arange(3 * 64).reshape(3, 64)
    zoo.add("mine", SHIPPED.reference.path, mine, macs=1)
    assert np.array_equal(zoo.inputs("mine")[0], mine.astype(np.float32))
    for wrong in (mine[:, :63], mine[:0]):
        with pytest.raises(SimnetError, match=r"inputs of model yours must be"):
            zoo.add("yours", SHIPPED.reference.path, wrong, macs=1)


def test_a_model_of_tokens_needs_inputs() -> None:
    zoo = Zoo()
    zoo.add("mine", default_zoo().model("text_transformer").reference.path, macs=1)
    with pytest.raises(SimnetError, match="takes int64 and came without inputs"):
        zoo.inputs("mine")


def test_without_the_onnx_package_macs_must_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(SimnetError, match="needs the onnx package") as caught:
        Zoo().add("mine", SHIPPED.reference.path)
    assert caught.value.hint is not None
    assert "macs" in caught.value.hint


def test_a_file_that_is_no_model_is_named(tmp_path: Path) -> None:
    file = tmp_path / "mine.onnx"
    for content in (b"", b"not a model", SHIPPED.reference.path.read_bytes()[:5000]):
        file.write_bytes(content)
        with pytest.raises(SimnetError, match=r"mine\.onnx"):
            Zoo().add("mine", file, macs=1)
    with pytest.raises(SimnetError, match=r"cannot read model file"):
        Zoo().add("mine", tmp_path, macs=1)


@pytest.mark.parametrize(
    ("shape", "outputs", "complaint"),
    [
        (["batch", 4], 2, "one input and one output, this has 1 and 2"),
        ([2, 4], 1, "batch dimension of 1 or any size"),
        ([], 1, "batch dimension of 1 or any size"),
        (["batch", "features"], 1, "fixed shape behind the batch dimension"),
    ],
)
def test_a_graph_that_cannot_be_served_is_refused(
    tmp_path: Path, shape: Sequence[int | str], outputs: int, complaint: str
) -> None:
    onnx = pytest.importorskip("onnx")
    names = [f"y{i}" for i in range(outputs)]
    info = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Relu", ["x"], [name]) for name in names],
        "user",
        [info("x", onnx.TensorProto.FLOAT, shape)],
        [info(name, onnx.TensorProto.FLOAT, shape) for name in names],
    )
    file = tmp_path / "mine.onnx"
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=10)
    file.write_bytes(model.SerializeToString())
    with pytest.raises(SimnetError, match=complaint):
        Zoo().add("mine", file, macs=1)
