"""Honest noise is small against what cheats change, and comes from the given random stream alone."""

from __future__ import annotations

import numpy as np
import pytest

from nodes.models.noise import Gaussian
from nodes.models.tensors import Tensor

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
