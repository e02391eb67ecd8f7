"""Models of a user's own: what is legitimate runs, and what cannot be served is told from the file alone."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper

from chain.errors import SimnetError
from nodes.models.execution import OnnxExecutor
from nodes.models.files import BadModel
from nodes.models.inputs import Drawn
from nodes.models.noise import deviation
from nodes.models.tensors import Tensor, fields, parts, same, tensor_hash
from nodes.models.zoo import Model, Zoo, default_zoo
from tests.user_models import MADE, X, broken, constant, model, node, value, weight, write

SHIPPED = default_zoo().model("digits_mlp")

TOLD = {
    "free_axis": ("axes of any size besides the first: time", ("path",)),
    "gives_maps": ("output 'y' is a sequence, not a tensor", ("path",)),
    "custom": (r"my\.domain:MyOp\(-1\) is not a registered", ("path",)),
    "opset99": ("opset 99 is not known", ("path",)),
    "bfloat16": ("output 'y' has elements of type bfloat16", ("path",)),
    "no_input": ("takes no input", ("path",)),
}
"""Which of the made models cannot be served as they are, and what is said."""


def added(directory: Path, name: str, inputs: Any = None, **more: Any) -> tuple[Zoo, Model]:
    """A zoo with one of the made models in it."""
    zoo = Zoo()
    return zoo, zoo.add("mine", write(directory, name), inputs, **more)


def first_answer(zoo: Zoo, arithmetic: Any = "portable") -> Tensor:
    """What an honest node makes of the first input."""
    value = np.asarray(zoo.inputs("mine")[0][0])
    return OnnxExecutor(zoo, "cpu", arithmetic=arithmetic).run("mine", "fp32", value).output


# -- what is legitimate ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(MADE.keys() - TOLD.keys() - {"draws"}))
def test_a_legitimate_model_runs_whatever_it_takes_and_gives(tmp_path: Path, name: str) -> None:
    zoo, model = added(tmp_path, name)
    output = first_answer(zoo)
    assert len(tensor_hash(output)) == 32
    assert output.shape == model.output_shape
    assert deviation(model.example, output) < 1e-2
    assert same(output, first_answer(zoo))


def test_a_users_file_is_served_as_it_is(tmp_path: Path) -> None:
    zoo = Zoo()
    model = zoo.add("mine", SHIPPED.reference.path)
    assert (model.input_shape, model.output_shape, model.input_dtype) == ((1, 64), (1, 10), np.dtype(np.float32))
    assert (model.reference.sha256, model.reference.macs) == (SHIPPED.reference.sha256, SHIPPED.reference.macs)
    inputs, labels = zoo.inputs("mine")
    assert set(labels) == {-1}
    own = OnnxExecutor(default_zoo(), "cpu").run("digits_mlp", "fp32", inputs[0][0]).output
    assert same(first_answer(zoo)[0], own)


def test_several_inputs_and_outputs_travel_as_records(tmp_path: Path) -> None:
    zoo, _ = added(tmp_path, "two_inputs")
    value = np.asarray(zoo.inputs("mine")[0][0])
    assert fields(value) == ("x", "x2")
    np.testing.assert_allclose(first_answer(zoo), sum(parts(value)), rtol=1e-6)
    other, _ = added(tmp_path, "two_outputs")
    assert fields(first_answer(other)) == ("y", "a")


def test_rows_that_vary_are_all_answered(tmp_path: Path) -> None:
    zoo, _ = added(tmp_path, "boxes")
    executor = OnnxExecutor(zoo, "cpu")
    shapes = {executor.run("mine", "fp32", value).output.shape for value in zoo.inputs("mine")[0]}
    assert len(shapes) > 2
    assert (0, 6) in shapes
    assert all(columns == 6 for _, columns in shapes)


def test_axes_of_any_size_are_fixed_by_name_or_by_place(tmp_path: Path) -> None:
    for sizes in ({"time": 5}, {"x.1": 5}):
        zoo, model = added(tmp_path, "free_axis", sizes=sizes)
        assert model.input_shape == (1, 5, 8)
        assert first_answer(zoo).shape == (1, 8)
    _, many = added(tmp_path, "plain", sizes={"N": 3})
    assert (many.input_shape, many.reference.macs) == ((3, 8), 3 * 32)
    assert many.reference.sha256 != added(tmp_path, "plain")[1].reference.sha256


def test_weights_in_another_file_belong_to_the_model(tmp_path: Path) -> None:
    hashes = set()
    for name, other in (("one", 0.0), ("two", 1.0)):
        (tmp_path / name).mkdir()
        model = MADE["plain"]()
        changed = onnx.numpy_helper.to_array(model.graph.initializer[0]) + np.float32(other)
        model.graph.initializer[0].CopyFrom(onnx.numpy_helper.from_array(changed, "w"))
        file = tmp_path / name / "mine.onnx"
        onnx.save(model, file, save_as_external_data=True, location="w.bin", size_threshold=0)
        zoo = Zoo()
        hashes.add(zoo.add("mine", file).reference.sha256)
        assert first_answer(zoo).shape == (1, 4)
    assert len(hashes) == 2


def test_a_model_that_draws_random_numbers_is_known_for_it(tmp_path: Path) -> None:
    _, model = added(tmp_path, "draws")
    assert model.draws == "RandomNormalLike"
    assert added(tmp_path, "plain")[1].draws == ""


@pytest.mark.parametrize(
    ("name", "macs"),
    [
        ("plain", 32),
        ("recurrent", 50 * (256 * 32 + 256 * 64)),
        ("einsum", 32),
        ("transposed", 512 * 4 * 9),
        ("branches", 32),
        ("quantised", 32),
        ("old", 32),
    ],
)
def test_multiply_accumulates_are_counted(tmp_path: Path, name: str, macs: int) -> None:
    assert added(tmp_path, name)[1].reference.macs == macs


def test_a_shape_that_follows_from_constants_and_sizes_is_counted_with(tmp_path: Path) -> None:
    file = tmp_path / "mine.onnx"
    steps = [
        node("Shape", "x", "shape"),
        node("Gather", "shape first", "rows"),
        node("Mul", "rows two", "twice"),
        node("Concat", "twice rest", "wanted", axis=0),
        node("Reshape", "x wanted", "halves"),
        node("MatMul", "halves v"),
    ]
    numbers = {"first": [0], "two": [2], "rest": [-1]}
    weights = [constant(name, number, np.int64) for name, number in numbers.items()]
    made = model(steps, [X], [value("y", ["rows", 4])], [*weights, weight("v", 4, 4)])
    file.write_bytes(made.SerializeToString())
    assert Zoo().add("mine", file).reference.macs == 2 * 4 * 4


def test_a_branch_for_other_sizes_does_not_keep_a_model_from_being_served(tmp_path: Path) -> None:
    file = tmp_path / "mine.onnx"
    inner = [
        helper.make_graph([node("MatMul", f"x {name}", f"{name}y")], name, [], [value(f"{name}y", ["n", 4])], [held])
        for name, held in (("w", weight("w", 8, 4)), ("v", weight("v", 6, 4)))
    ]
    steps = [node("If", "wide", then_branch=inner[0], else_branch=inner[1])]
    inputs = [value("x", ["N", "width"]), value("wide", [], onnx.TensorProto.BOOL)]
    file.write_bytes(model(steps, inputs, [value("y", ["N", 4])]).SerializeToString())
    zoo = Zoo()
    zoo.add("mine", file, {"wide": Drawn(choices=(True,))}, macs=32, sizes={"width": 8})
    assert first_answer(zoo).shape == (1, 4)
    with pytest.raises(BadModel, match="fails on input 0"):
        Zoo().add("mine", file, {"wide": Drawn(choices=(False,))}, macs=32, sizes={"width": 8})


# -- what clients ask with -------------------------------------------------------------------------------------


def test_inputs_come_from_files(tmp_path: Path) -> None:
    rows = np.arange(24.0).reshape(3, 8)
    np.save(tmp_path / "x.npy", rows)
    np.savez(tmp_path / "both.npz", x=rows, x2=-rows)
    for given in (tmp_path / "x.npy", {"x": tmp_path / "x.npy"}, rows):
        zoo, _ = added(tmp_path, "plain", given)
        assert same(zoo.inputs("mine")[0], rows.astype(np.float32).reshape(3, 1, 8))
    zoo, _ = added(tmp_path, "two_inputs", tmp_path / "both.npz")
    assert not first_answer(zoo).any()
    zoo, _ = added(tmp_path, "two_inputs", {"x2": tmp_path / "x.npy"})
    assert len(zoo.inputs("mine")[0]) == 3


def test_inputs_are_drawn_by_element_type_and_range(tmp_path: Path) -> None:
    tokens = added(tmp_path, "tokens", {"x": Drawn(0, 99)})[0].inputs("mine")[0]
    assert (tokens.min(), tokens.max(), tokens.dtype) == (0, 99, np.dtype(np.int64))
    assert added(tmp_path, "bytes")[0].inputs("mine")[0].max() > 200
    narrow = added(tmp_path, "plain", {"x": Drawn(2, 3)})[0].inputs("mine")[0]
    assert 2 <= narrow.min() < narrow.max() <= 3
    assert set(added(tmp_path, "text", {"x": Drawn(choices=("u", "v"))})[0].inputs("mine")[0].ravel()) == {"u", "v"}
    assert same(tokens, added(tmp_path, "tokens", {"x": Drawn(0, 99)})[0].inputs("mine")[0])


@pytest.mark.parametrize(
    ("name", "given", "complaint", "at"),
    [
        ("plain", np.zeros((3, 7)), r"input 'x' must be \[n, 1, 8\], not \[3, 7\]", ("inputs",)),
        ("plain", np.zeros((0, 8)), r"must be \[n, 1, 8\]", ("inputs",)),
        ("plain", {"z": Drawn()}, "no input 'z'", ("inputs", "z")),
        ("plain", {"x": Drawn(3, 2)}, "ends before it begins", ("inputs", "x")),
        ("tokens", np.zeros((2, 8)), "takes int64, not float64", ("inputs",)),
        ("tokens", {"x": Drawn(0, 0.5)}, "takes int64", ("inputs", "x")),
        ("tokens", {"x": Drawn(0, 100)}, "the model fails on input", ("path",)),
        ("bytes", {"x": Drawn(0, 256)}, "takes uint8", ("inputs", "x")),
        ("bytes", {"x": Drawn(choices=("a",))}, "takes uint8", ("inputs", "x")),
    ],
)
def test_inputs_that_do_not_fit_are_told(
    tmp_path: Path, name: str, given: Any, complaint: str, at: tuple[str, ...]
) -> None:
    with pytest.raises(BadModel, match=complaint) as caught:
        added(tmp_path, name, given)
    assert caught.value.at == at


# -- what cannot be served -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TOLD)
def test_what_keeps_a_model_from_being_served_is_told_from_its_file(tmp_path: Path, name: str) -> None:
    complaint, at = TOLD[name]
    with pytest.raises(BadModel, match=complaint) as caught:
        added(tmp_path, name)
    assert caught.value.at == at
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "complaint"),
    [
        ("cut short", "no ONNX model, or one cut short"),
        ("empty", "the file is empty"),
        ("pointer", "pointer of Git LFS"),
        ("text", "no ONNX model"),
        ("external", "its weights are in 'plain.bin', which is not beside it"),
    ],
)
def test_a_file_that_is_no_model_is_named(tmp_path: Path, kind: str, complaint: str) -> None:
    with pytest.raises(BadModel, match=complaint) as caught:
        Zoo().add("mine", broken(tmp_path, kind))
    assert "recurrent.onnx" in str(caught.value)
    assert caught.value.hint


def test_a_size_that_no_axis_has_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match="no axis 'tme' of any size") as caught:
        added(tmp_path, "free_axis", sizes={"tme": 4})
    assert (caught.value.at, caught.value.hint) == (("sizes", "tme"), "it has N, time")


def test_a_cost_that_cannot_be_counted_must_be_given(tmp_path: Path) -> None:
    file = tmp_path / "mine.onnx"
    model = MADE["boxes"]()
    model.graph.node.append(onnx.helper.make_node("MatMul", ["y", "v"], ["z"]))
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.ones((6, 2), np.float32), "v"))
    model.graph.output[0].name = "z"
    model.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 2
    file.write_bytes(model.SerializeToString())
    with pytest.raises(BadModel, match="depends on the input") as caught:
        Zoo().add("mine", file)
    assert "macs" in str(caught.value.hint)
    assert Zoo().add("mine", file, macs=300).reference.macs == 300


# -- variants and names ----------------------------------------------------------------------------------------


def test_further_files_become_variants_if_their_shapes_agree() -> None:
    zoo = Zoo()
    zoo.add("mine", SHIPPED.reference.path, macs=2)
    zoo.add("mine", SHIPPED.variant("small").path, variant="tiny", macs=1)
    assert list(zoo.model("mine").variants) == ["fp32", "tiny"]
    with pytest.raises(SimnetError):
        zoo.add("mine", default_zoo().model("medical_risk").reference.path, variant="other", macs=1)
    with pytest.raises(SimnetError, match="unknown model: yours"):
        zoo.add("yours", SHIPPED.reference.path, variant="tiny", macs=1)


def test_the_model_itself_is_no_variant_of_it() -> None:
    zoo = Zoo()
    zoo.add("mine", SHIPPED.reference.path)
    with pytest.raises(BadModel, match="is the same file as model mine"):
        zoo.add("mine", SHIPPED.reference.path, variant="int8")


def test_a_name_that_is_taken_is_refused() -> None:
    zoo = default_zoo()
    for variant in ("fp32", "int8"):
        with pytest.raises(SimnetError, match=f"there is a model digits_mlp with a variant {variant} already"):
            zoo.add("digits_mlp", SHIPPED.reference.path, variant=variant, macs=1)


# -- the models that the onnx package carries ------------------------------------------------------------------

CARRIED = sorted(Path(onnx.__file__).parent.rglob("*.onnx"))
LARGE = "light"
"""Folder of those whose weights take hundreds of megabytes once they are made."""


def served(file: Path) -> bool:
    """Whether a model runs, and gives the same natively and in portable arithmetic; what does not, is told."""
    zoo = Zoo()
    try:
        zoo.add("mine", file)
    except BadModel:  # anything else is a crash
        return False
    native, portable = (first_answer(zoo, arithmetic) for arithmetic in ("native", "portable"))
    assert native.shape == portable.shape
    assert deviation(native, portable) < 1e-3
    return True


@pytest.mark.long
def test_of_the_models_in_the_onnx_package_none_crashes_and_most_run() -> None:
    small = [file for file in CARRIED if file.parent.name != LARGE]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run = sum(map(served, small))
    assert len(small) == 140
    assert run >= 95


@pytest.mark.long
@pytest.mark.parametrize("file", [file for file in CARRIED if file.parent.name == LARGE], ids=lambda file: file.stem)
def test_the_large_ones_run_too(file: Path) -> None:
    assert served(file)
