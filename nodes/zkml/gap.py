"""The accuracy gap: what quantisation moves. A proof is about the circuit, which is not quite the model."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from nodes.models.execution import OnnxExecutor
from nodes.models.tensors import Tensor
from nodes.models.zoo import REFERENCE, default_zoo
from nodes.zkml.circuits import Circuit, Gap
from nodes.zkml.field import from_hex
from nodes.zkml.pool import Pool


def measure(circuit: Circuit, pool: Pool) -> Gap:
    """Run circuit and model in floating point over the model's holdout."""
    inputs, _ = default_zoo().inputs(circuit.model)
    proven = circuit_outputs(circuit, inputs, pool)
    executor = OnnxExecutor(default_zoo(), "cpu")
    exact = np.stack([executor.run(circuit.model, REFERENCE, value).output for value in inputs])
    return gap(proven, exact)


def gap(proven: Tensor, exact: Tensor) -> Gap:
    """The gap between outputs [n, *output_shape] of a circuit and of its model."""
    apart = np.abs(proven.astype(np.float64) - exact)
    same = proven.reshape(len(proven), -1).argmax(axis=1) == exact.reshape(len(exact), -1).argmax(axis=1)
    return Gap(len(proven), float(apart.max()), float(same.mean()))


def circuit_outputs(circuit: Circuit, inputs: Tensor, pool: Pool) -> Tensor:
    """What the circuit makes of inputs [n, *input_shape], without proofs: [n, *output_shape]."""
    with TemporaryDirectory() as scratch:
        target = Path(scratch) / "outputs.json"
        rows = [[float(number) for number in value.ravel()] for value in inputs]
        pool.start("witness", target, compiled=str(circuit.compiled), inputs=rows)
        pool.wait(target)
        elements = [from_hex(row) for row in json.loads(target.read_text())]
    blank = (0,) * circuit.inputs
    return np.stack([circuit.output_of(blank + row) for row in elements])
