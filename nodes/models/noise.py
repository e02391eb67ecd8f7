"""Honest numerical noise: how the outputs of an honest node on other hardware differ in their last digits.

A node with noise is the control that must never be slashed under a tolerance. What is here changes an output
after the fact. Real alternative arithmetic is `OnnxExecutor(optimise=False)`, which runs the graph as written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from nodes.models.tensors import Tensor


class NoiseSource(Protocol):
    """A way in which honest outputs differ."""

    def apply(self, output: Tensor, rng: np.random.Generator) -> Tensor:
        """The output as this hardware would have computed it; same shape and element type."""
        ...


@dataclass(frozen=True)
class NoNoise:
    """Hardware like everybody else's: outputs are bit-identical."""

    def apply(self, output: Tensor, rng: np.random.Generator) -> Tensor:
        """The output itself."""
        return output


@dataclass(frozen=True)
class Gaussian:
    """Synthetic: normal noise of `relative` times the output's own standard deviation.

    The default is what another summation order made of small fp32 models (largest difference over standard
    deviation, ONNX Runtime against numpy on one x86 machine).
    """

    relative: float = 2e-6

    def apply(self, output: Tensor, rng: np.random.Generator) -> Tensor:
        """The output with noise on every element."""
        noise = rng.normal(0.0, self.relative * output.std(), output.shape)
        return np.add(output, noise).astype(output.dtype)
