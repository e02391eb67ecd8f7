"""Variants really differ from the reference, by how much a tolerance needs to know, and really cost less."""

from __future__ import annotations

import numpy as np
import pytest

from nodes.models.execution import OnnxExecutor
from nodes.models.noise import Gaussian
from nodes.models.tensors import Tensor
from nodes.models.zoo import default_zoo

ZOO = default_zoo()
MODELS = list(ZOO.models)
EXECUTOR = OnnxExecutor(ZOO, "cpu")


def outputs(model: str, variant: str, count: int = 100) -> Tensor:
    """Outputs [count, classes] on holdout inputs."""
    return np.stack([EXECUTOR.run(model, variant, value).output for value in ZOO.inputs(model)[0][:count]])


def deviation(model: str, variant: str) -> float:
    """Largest difference from the reference over the reference's standard deviation."""
    reference = outputs(model, "fp32")
    return float(np.abs(outputs(model, variant) - reference).max() / reference.std())


def deviations(claimed: Tensor, reference: Tensor) -> Tensor:
    """The same [n], each output against its own standard deviation, as who checks one claim sees it."""
    return np.asarray(np.abs(claimed - reference).max(axis=1) / reference.std(axis=1))


BANDS = {
    "fp16": (1e-4, 1e-2),
    "int8": (3e-3, 1.0),
    "int4": (3e-2, 5.0),
    "early_exit": (0.5, 10.0),
    "small": (0.5, 10.0),
}
"""Where the deviation lies: decades above honest noise, which is 1e-5 at most, and in the order of what is saved."""


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(("variant", "band"), BANDS.items())
def test_a_variant_deviates_within_its_band(model: str, variant: str, band: tuple[float, float]) -> None:
    assert band[0] < deviation(model, variant) < band[1]


@pytest.mark.parametrize("model", MODELS)
def test_coarser_rounding_deviates_more(model: str) -> None:
    assert deviation(model, "fp16") < deviation(model, "int8") < deviation(model, "int4")


@pytest.mark.parametrize("model", MODELS)
def test_a_tolerance_of_1e_5_tells_substituted_weights_from_honest_noise_input_by_input(model: str) -> None:
    reference = outputs(model, "fp32")
    noisy = np.stack([Gaussian().apply(output, np.random.default_rng(i)) for i, output in enumerate(reference)])
    assert np.max(deviations(noisy, reference)) < 1e-5
    for variant in ("fp16", "int8", "int4", "early_exit", "small"):
        assert np.mean(deviations(outputs(model, variant), reference) > 1e-5) >= 0.95


@pytest.mark.parametrize("model", ["digits_mlp", "medical_risk", "diabetes_risk"])
def test_int8_hides_from_whoever_compares_decisions_alone(model: str) -> None:
    agreement = np.mean(outputs(model, "int8").argmax(axis=1) == outputs(model, "fp32").argmax(axis=1))
    assert agreement >= 0.97


@pytest.mark.parametrize("model", MODELS)
def test_a_cheat_saves_multiply_accumulates_or_bytes(model: str) -> None:
    variants = ZOO.model(model).variants
    reference = variants["fp32"]
    for name in ("early_exit", "small"):
        assert variants[name].macs < reference.macs / 2 or variants[name].macs < reference.macs - 1000
    for name in ("fp16", "int8", "int4"):
        assert variants[name].macs == reference.macs
        assert variants[name].size_bytes < reference.size_bytes
        assert variants[name].weight_bits < 32
