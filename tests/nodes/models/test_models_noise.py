"""Honest noise is small against what cheats change, and comes from the given random stream alone."""

from __future__ import annotations

import numpy as np
import pytest

from nodes.models.noise import Gaussian
from nodes.models.noise import deviation as deviation_between
from nodes.models.tensors import Tensor, parts, record, same

OUTPUT = np.random.default_rng(1).normal(3.0, 5.0, 2000).astype(np.float32)


def deviation(source: Gaussian, output: Tensor = OUTPUT) -> float:
    """Largest difference over the standard deviation."""
    noisy = source.apply(output, np.random.default_rng(2))
    assert noisy.shape == output.shape
    assert noisy.dtype == output.dtype
    return float(np.abs(noisy - output).max() / output.std())


@pytest.mark.parametrize("relative", [2e-6, 1e-3])
def test_gaussian_noise_is_relative_to_the_outputs_spread(relative: float) -> None:
    assert 2 * relative < deviation(Gaussian(relative)) < 6 * relative
    assert 2 * relative < deviation(Gaussian(relative), OUTPUT * 1000) < 6 * relative


def test_gaussian_noise_repeats_with_its_random_stream() -> None:
    one, same, other = (Gaussian().apply(OUTPUT, np.random.default_rng(seed)) for seed in (7, 7, 8))
    assert one.tobytes() == same.tobytes() != other.tobytes()


def test_an_output_of_one_number_gets_noise_relative_to_its_size() -> None:
    single = np.array([4.0], np.float32)
    draws = [Gaussian(0.01).apply(single, np.random.default_rng(seed))[0] - 4.0 for seed in range(200)]
    assert 0.03 < np.std(draws) < 0.05


@pytest.mark.parametrize("kind", [np.int64, np.uint8, np.bool_])
def test_whole_numbers_and_truth_values_have_no_last_digits(kind: type) -> None:
    output: Tensor = np.array([0, 1, 1], kind)
    assert same(Gaussian(0.5).apply(output, np.random.default_rng(0)), output)


def test_only_finite_entries_get_noise_and_only_they_are_measured() -> None:
    output = np.array([np.nan, np.inf, -np.inf, 1, 2, 65504], np.float16)
    noisy = Gaussian(0.01).apply(output, np.random.default_rng(0))
    assert same(noisy[:3], output[:3])
    assert (noisy[3:5] != output[3:5]).all()
    assert np.isfinite(noisy[3:]).all()
    assert 0 < deviation_between(output, noisy) < 0.1
    assert deviation_between(output[:3], noisy[:3]) == 0


def test_of_a_record_every_floating_point_tensor_gets_noise() -> None:
    output = record({"scores": np.ones((1, 4), np.float32), "label": np.array([2]), "name": np.array(["cat"])})
    scores, label, name = parts(Gaussian(0.01).apply(output, np.random.default_rng(0)))
    assert (scores != 1).all()
    assert (label.tolist(), name.tolist()) == ([2], ["cat"])
