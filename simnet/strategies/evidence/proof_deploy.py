"""Puts the verifiers of circuits on a chain, and the contract that holds claims against them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from chain.quantities import Address
from chain.seam import Chain
from nodes.models.tensors import encode
from nodes.proofs.prover import CircuitRecord

ELEMENT_BYTES = 4


def deploy_circuits(chain: Chain, deployer: Address, circuits: Sequence[CircuitRecord]) -> None:
    """Deploy a verifier for each circuit, and ZKMLEvidence, which knows these and no others for ever."""
    rows = []
    for number, circuit in enumerate(circuits):
        verifier = chain.deploy(circuit.artifact, list(circuit.args), deployer, name=f"Verifier{number}")
        scales = (circuit.input_scale, circuit.output_scale, math.prod(circuit.outputs))
        rows.append((circuit.model, verifier, *scales, header(circuit.inputs), header(circuit.outputs)))
    chain.deploy("ZKMLEvidence", [rows], deployer)


def header(shape: Sequence[int]) -> bytes:
    """What the canonical encoding of a float32 tensor of this shape begins with."""
    return encode(np.zeros(shape, dtype=np.float32))[: -ELEMENT_BYTES * math.prod(shape)]
