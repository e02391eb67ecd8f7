"""The execution seam: deterministic, private to a node, and clear about bad input."""

from __future__ import annotations

import numpy as np
import pytest

from chain.errors import SimnetError
from nodes.models.execution import OnnxExecutor
from nodes.models.zoo import Model, default_zoo

ZOO = default_zoo()
EVERY_VARIANT = [(model.name, variant) for model in ZOO.models.values() for variant in model.variants]


@pytest.mark.parametrize(("model", "variant"), EVERY_VARIANT)
def test_two_executors_give_bit_identical_outputs_of_the_declared_shape(model: str, variant: str) -> None:
    value = ZOO.inputs(model)[0][0]
    one, other = (OnnxExecutor(default_zoo(), "cpu").run(model, variant, value) for _ in range(2))
    assert one.output.tobytes() == other.output.tobytes()
    assert one.output.shape == ZOO.model(model).output_shape
    assert one.output.dtype == np.float32


def test_an_execution_says_what_it_cost() -> None:
    execution = OnnxExecutor(ZOO, "cpu").run("digits_mlp", "small", ZOO.inputs("digits_mlp")[0][0])
    assert execution.macs == ZOO.model("digits_mlp").variant("small").macs
    assert 0 <= execution.cpu_s < 1
    untimed = OnnxExecutor(ZOO, "cpu", timed=False).run("digits_mlp", "small", ZOO.inputs("digits_mlp")[0][0])
    assert untimed.cpu_s == 0


def test_an_output_keeps_nothing_in_memory_but_itself() -> None:
    assert OnnxExecutor(ZOO, "cpu").run("digits_mlp", "fp32", ZOO.inputs("digits_mlp")[0][0]).output.base is None


def test_a_run_does_not_change_its_input_and_repeats_itself() -> None:
    executor, value = OnnxExecutor(ZOO, "cpu"), ZOO.inputs("digits_cnn")[0][0]
    before = value.copy()
    first = executor.run("digits_cnn", "int8", value).output
    executor.run("digits_cnn", "int8", ZOO.inputs("digits_cnn")[0][1])
    assert np.array_equal(value, before)
    assert np.array_equal(executor.run("digits_cnn", "int8", value).output, first)


@pytest.mark.parametrize(
    "value",
    [np.zeros(63, np.float32), np.zeros((1, 64), np.float32), np.zeros(64, np.float64), np.zeros(64, np.int64)],
    ids=["too short", "with a batch dimension", "float64", "int64"],
)
def test_an_input_of_another_shape_or_type_is_refused(value: np.ndarray) -> None:
    with pytest.raises(SimnetError, match=r"model digits_mlp takes float32 of shape \(64,\), not"):
        OnnxExecutor(ZOO, "cpu").run("digits_mlp", "fp32", value)


def test_a_token_that_the_model_does_not_know_is_refused() -> None:
    tokens = np.full(32, 10_000)
    with pytest.raises(SimnetError, match="text_transformer/fp32 cannot run on this input"):
        OnnxExecutor(ZOO, "cpu").run("text_transformer", "fp32", tokens)


def test_unknown_models_and_variants_are_refused() -> None:
    executor, value = OnnxExecutor(ZOO, "cpu"), ZOO.inputs("digits_mlp")[0][0]
    with pytest.raises(SimnetError, match="unknown model: digits"):
        executor.run("digits", "fp32", value)
    with pytest.raises(SimnetError, match="unknown variant of model digits_mlp: fp8"):
        executor.run("digits_mlp", "fp8", value)


def test_cuda_that_is_not_there_is_refused_with_a_way_out() -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this ONNX Runtime has CUDA")
    with pytest.raises(SimnetError, match="no CUDA") as caught:
        OnnxExecutor(ZOO, "cuda").run("digits_mlp", "fp32", ZOO.inputs("digits_mlp")[0][0])
    assert caught.value.hint is not None
    assert "processor: auto" in caught.value.hint


@pytest.mark.parametrize("model", ZOO.models.values(), ids=lambda model: model.name)
def test_a_graph_run_as_written_differs_in_the_last_digits_at_most(model: Model) -> None:
    inputs = ZOO.inputs(model.name)[0][:30]
    optimised, written = (
        np.stack([executor.run(model.name, "fp32", value).output for value in inputs])
        for executor in (
            OnnxExecutor(ZOO, "cpu", arithmetic="native"),
            OnnxExecutor(ZOO, "cpu", arithmetic="native", optimise=False),
        )
    )
    assert np.abs(optimised - written).max() / optimised.std() < 3e-5
