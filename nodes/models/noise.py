"""Honest numerical noise: how outputs of an honest node on other hardware differ in their last digits.

A node with noise is the control that must never be slashed under a tolerance. The sources here change an output
after the fact, so all of them are stand-ins. Really different arithmetic is `OnnxExecutor(optimise=False)`, which
runs the graph as written; on one CPU only the convolutional network notices (1e-6 of its spread).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from nodes.models.tensors import Tensor

TF32_SIGNIFICANT_BITS = 11
"""Of a TensorFloat-32 number: 10 bits of mantissa and the leading one."""


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


@dataclass(frozen=True)
class TensorFloat32:
    """Emulated: the output rounded to the 10-bit mantissa in which GPUs may multiply 32-bit floats.

    Of the right size, about 2**-11 of each number, but milder than the real thing, which rounds the operands
    of every product.
    """

    def apply(self, output: Tensor, rng: np.random.Generator) -> Tensor:
        """The output, each number rounded to the nearest that TensorFloat-32 has."""
        mantissa, exponent = np.frexp(output)
        scale = 2.0**TF32_SIGNIFICANT_BITS
        return np.ldexp(np.rint(mantissa * scale) / scale, exponent).astype(output.dtype)
