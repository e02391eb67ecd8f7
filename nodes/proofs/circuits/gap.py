"""The accuracy gap: what quantisation moves. A proof is about the circuit, which is not quite the model."""

from __future__ import annotations

import numpy as np

from nodes.models.execution import OnnxExecutor
from nodes.models.tensors import Tensor
from nodes.models.zoo import REFERENCE, default_zoo
from nodes.proofs.circuits.field import dequantise
from nodes.proofs.circuits.pinned import Circuit, Gap
from nodes.proofs.circuits.proofs import compute


def measure(circuit: Circuit) -> Gap:
    """Run circuit and model in floating point over the model's holdout. Raises `ZkmlMissing`."""
    inputs, _ = default_zoo().inputs(circuit.model)
    executor = OnnxExecutor(default_zoo(), "cpu")
    proven = [dequantise(compute(circuit, value), circuit.output_scale) for value in inputs]
    exact = [executor.run(circuit.model, REFERENCE, value).output.ravel() for value in inputs]
    return gap(np.stack(proven), np.stack(exact))


def gap(proven: Tensor, exact: Tensor) -> Gap:
    """The gap between outputs [n, outputs] of a circuit and of its model."""
    apart = np.abs(proven.astype(np.float64) - exact)
    same = proven.argmax(axis=1) == exact.argmax(axis=1)
    return Gap(len(proven), float(apart.max()), float(same.mean()))
