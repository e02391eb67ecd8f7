"""Honest numerical noise: how outputs of an honest node on other hardware differ in their last digits.

A node with noise is the control that must never be slashed under a tolerance. What is here changes an output
after the fact, so it is a stand-in. Really different arithmetic is `OnnxExecutor(optimise=False)`, which
runs the graph as written; on one CPU only the convolutional network notices (1e-6 of its spread).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nodes.models.tensors import Tensor


@dataclass(frozen=True)
class Gaussian:
    """Synthetic: normal noise of `relative` times the output's standard deviation.

    The default is how far a different summation order moves small fp32 models (measured: ONNX Runtime against
    numpy on one x86 machine). An output of one number is taken relative to its own size.
    """

    relative: float = 2e-6

    def apply(self, output: Tensor, rng: np.random.Generator) -> Tensor:
        """The output with noise on every element."""
        spread = output.std() or np.abs(output).max()
        noise = rng.normal(0.0, self.relative * spread, output.shape)
        return np.add(output, noise).astype(output.dtype)
