"""Honest numerical noise: how outputs of an honest node on other hardware differ in their last digits.

A node with noise is the control that must never be slashed under a tolerance. What is here changes an output
after the fact, so it is a stand-in. Really different arithmetic is `OnnxExecutor(optimise=False)`, which
runs the graph as written; on one CPU only the convolutional network notices (1e-6 of its spread).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nodes.models.tensors import Tensor, changed, parts


@dataclass(frozen=True)
class Gaussian:
    """Synthetic: normal noise of `relative` times the output's standard deviation.

    The default is how far a different summation order moves small fp32 models (measured: ONNX Runtime against
    numpy on one x86 machine). An output of one number is taken relative to its own size. Whole numbers, truth values,
    text, NaN and infinity are the same on all hardware, and stay as they are.
    """

    relative: float = 2e-6

    def apply(self, output: Tensor, rng: np.random.Generator) -> Tensor:
        """The output with noise on every element that is a finite floating-point number."""
        return changed(output, lambda part: self._noisy(part, rng))

    def _noisy(self, output: Tensor, rng: np.random.Generator) -> Tensor:
        if output.dtype.kind != "f":
            return output
        noise = rng.normal(0.0, self.relative * spread(output), output.shape)
        with np.errstate(over="ignore"):  # the largest number of a type may round to infinity
            noisy = np.add(output, noise).astype(output.dtype)
        return np.where(np.isfinite(noisy) & np.isfinite(output), noisy, output)


def spread(output: Tensor) -> float:
    """Standard deviation of an output's finite entries; of a constant their magnitude, and 0 if there are none."""
    finite = output[np.isfinite(output)].astype(np.float64)
    return float(finite.std()) if finite.size and finite.std() else magnitude(output)


def deviation(clean: Tensor, other: Tensor) -> float:
    """The largest difference of a finite floating-point entry, over the clean output's largest magnitude."""
    pairs = [(a, b) for a, b in zip(parts(clean), parts(other), strict=True) if a.dtype.kind == "f"]
    return max((_apart(a, b) / (magnitude(a) or 1.0) for a, b in pairs), default=0.0)


def magnitude(output: Tensor) -> float:
    """The largest magnitude of a floating-point output's finite entries; 0 if there are none."""
    return float(np.abs(output[np.isfinite(output)].astype(np.float64)).max(initial=0.0))


def _apart(one: Tensor, other: Tensor) -> float:
    finite = np.isfinite(one) & np.isfinite(other)
    return float(np.abs(one[finite].astype(np.float64) - other[finite]).max(initial=0.0))
