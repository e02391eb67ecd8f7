"""What a circuit can be shown to compute, with proofs of it: real ones, made once and kept, and simulated ones.

``python -m simnet.studies.fuzz.statements`` makes the real ones anew, which takes ezkl and some seconds for each.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from eth_abi.abi import encode as abi_encode

from chain.hashing import keccak
from chain.quantities import Hash32
from nodes.models.tensors import Tensor, encode, tensor_hash
from nodes.models.zoo import default_zoo
from nodes.proofs.circuits.field import MODULUS, dequantise, quantise
from nodes.proofs.circuits.pinned import Circuit, circuit
from nodes.proofs.prover import CircuitRecord

KEPT = Path(__file__).with_name("proofs.json")
REAL = "diabetes_risk"
"""The circuit whose proofs are kept."""

COUNT, FORGED = 10, 2
"""Proofs that are kept, and how many of a wrong output besides."""


@dataclass(frozen=True)
class Statement:
    """An input and an output, and a proof that the one makes the other."""

    value: Tensor
    outputs: tuple[int, ...]
    """In the circuit's fixed point."""
    scale: int
    """Of the output."""
    proof: bytes

    @property
    def input_hash(self) -> Hash32:
        """As a claim has it."""
        return Hash32(tensor_hash(self.value))

    @property
    def output(self) -> Tensor:
        """In floating point."""
        return dequantise([one % MODULUS for one in self.outputs], self.scale)

    @property
    def output_hash(self) -> Hash32:
        """As a claim has it."""
        return Hash32(tensor_hash(self.output))

    @property
    def shown(self) -> tuple[bytes, tuple[int, ...]]:
        """Input and output as the contract is shown them."""
        return encode(self.value), self.outputs


@dataclass(frozen=True)
class Statements:
    """A circuit, what it computes, and what is said of it wrongly."""

    circuit: CircuitRecord
    true: tuple[Statement, ...]
    forged: tuple[Statement, ...] = ()
    """With proofs from a witness that is none."""


SIMULATED_MODEL = bytes(31) + b"m"
SIMULATED_SCALE = 13
SIMULATED_OUTPUTS = (-3 * 2**SIMULATED_SCALE + 1, 2**SIMULATED_SCALE // 3)
SIMULATED_COUNT = 400
"""More than can be claimed in a round of a game."""


@cache
def simulated() -> Statements:
    """A circuit whose proofs anybody can make: they begin with a hash, and differ in what comes after it."""
    value = np.array([0.5, -1.25, 3.0], dtype=np.float32)
    record = CircuitRecord(
        SIMULATED_MODEL, "SimulatedVerifier", (SIMULATED_MODEL, 0), SIMULATED_SCALE, SIMULATED_SCALE, (3,), (2,)
    )
    instances = [*quantise(value, SIMULATED_SCALE), *(one % MODULUS for one in SIMULATED_OUTPUTS)]
    seal = keccak(abi_encode(["bytes32", "uint256[]"], [SIMULATED_MODEL, instances]))
    proofs = [seal + number.to_bytes(8, "big") for number in range(SIMULATED_COUNT)]
    return Statements(record, tuple(Statement(value, SIMULATED_OUTPUTS, SIMULATED_SCALE, one) for one in proofs))


@cache
def real() -> Statements:
    """A circuit of the zoo, with its real verifier."""
    pinned, kept = circuit(REAL), json.loads(KEPT.read_text())
    record = CircuitRecord(
        bytes.fromhex(kept["model"]),
        pinned.verifier,
        (),
        pinned.input_scale,
        pinned.output_scale,
        pinned.input_shape,
        pinned.output_shape,
    )
    return Statements(record, *(tuple(_read(pinned, row) for row in kept[key]) for key in ("true", "forged")))


def _read(pinned: Circuit, row: dict[str, str]) -> Statement:
    value = np.frombuffer(bytes.fromhex(row["value"]), dtype="<f4").astype(np.float32).reshape(pinned.input_shape)
    return Statement(value, tuple(map(int, row["outputs"].split())), pinned.output_scale, bytes.fromhex(row["proof"]))


def main() -> None:
    """Make the real proofs."""
    from nodes.proofs.circuits.proofs import Prover, compute

    pinned = circuit(REAL)
    inputs = default_zoo().inputs(pinned.model)[0]

    def row(prover: Prover, value: Tensor, claimed: Sequence[int] = ()) -> dict[str, str]:
        made = prover.prove(pinned, value, tuple(claimed))
        elements = made.instances[pinned.inputs :]
        outputs = [one if one < MODULUS // 2 else one - MODULUS for one in elements]
        return {
            "value": value.astype("<f4").tobytes().hex(),
            "outputs": " ".join(map(str, outputs)),
            "proof": made.proof.hex(),
        }

    with Prover(fresh=True) as prover:
        true = [row(prover, inputs[i]) for i in range(COUNT)]
        wrong = [[(one + 1) % MODULUS for one in compute(pinned, inputs[i])] for i in range(FORGED)]
        forged = [row(prover, inputs[i], claimed) for i, claimed in enumerate(wrong)]
    model = keccak(REAL.encode()).hex()
    KEPT.write_text(json.dumps({"model": model, "true": true, "forged": forged}, indent=1) + "\n")


if __name__ == "__main__":
    main()
