"""Simulated proofs: they cost what real ones cost, in time, bytes and gas, and prove nothing.

For workloads that no machine at hand can prove. The circuit's output is the model's, rounded to the circuit's scale; a
proof is the hash of circuit and instances, padded, which ``chain/contracts/evidence/zkml/SimulatedVerifier.sol`` takes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from eth_abi.abi import encode

from chain.hashing import keccak
from nodes.models.execution import Executor
from nodes.models.tensors import Tensor
from nodes.models.zoo import REFERENCE, Model
from nodes.proofs.circuits.field import MODULUS, check_range, dequantise, quantise, signed
from nodes.proofs.circuits.times import ProofTimes
from nodes.proofs.prover import CircuitRecord, Proof, Statement

SCALE = 13
"""Of inputs and outputs; what ezkl's calibration chooses for the zoo's small models."""

PROOF_BYTES = 4_960
VERIFY_GAS = 730_000
"""What a proof of digits_mlp has, and what its verifier uses without calldata (measured: docs/settlement.md)."""


@dataclass
class SimulatedProver:
    """A prover for any model."""

    models: Mapping[str, Model]
    executor: Executor
    times: ProofTimes
    draws: Iterator[float]
    """What times are sampled by."""
    made: int = field(default=0)
    """Proofs so far: no two are alike."""

    def record(self, model: str) -> CircuitRecord:
        """A circuit that is the model, rounded."""
        asked = self.models[model]
        args = (self._hash(model), VERIFY_GAS)
        return CircuitRecord(
            self._hash(model), "SimulatedVerifier", args, SCALE, SCALE, asked.input_shape, asked.output_shape
        )

    def answer(self, model: str, variant: str, value: Tensor, reference: Tensor) -> Tensor:
        """The variant's output, rounded to the circuit's scale. Input and output must be within the circuit's range."""
        for numbers in (value, reference):
            check_range(quantise(numbers, SCALE))
        return dequantise(quantise(reference, SCALE), SCALE).reshape(reference.shape)

    def start(self, statement: Statement) -> Callable[[], Proof]:
        """There is nothing to wait for."""
        honest = self.executor.run(statement.model, statement.variant, statement.value).output
        outputs = quantise(honest, SCALE)
        claimed = outputs if statement.forced is None else quantise(statement.forced, SCALE)
        self.made += 1
        seal = self._seal(statement.model, statement.variant, statement.value, outputs)
        filler = hashlib.shake_256(seal + self.made.to_bytes(8, "big")).digest(PROOF_BYTES - len(seal))
        return lambda: Proof(tuple(map(signed, claimed)), seal + filler)

    def verify(self, model: str, value: Tensor, output: Tensor, proof: Proof) -> bool:
        """Whether the seal is that of this circuit, input and output."""
        outputs = tuple(one % MODULUS for one in proof.outputs)
        if not np.isfinite(value).all():
            return False
        is_its_output = bool((dequantise(outputs, SCALE) == output.reshape(-1)).all())
        return is_its_output and proof.data[:32] == self._seal(model, REFERENCE, value, outputs)

    def prove_s(self, model: str) -> float:
        """As the times say."""
        return self.times.prove(self.models[model], next(self.draws))

    def verify_s(self, model: str) -> float:
        """As the times say."""
        return self.times.verify(self.models[model], next(self.draws))

    def close(self) -> None:
        """There is nothing to stop."""

    def _seal(self, model: str, variant: str, value: Tensor, outputs: tuple[int, ...]) -> bytes:
        circuit = bytes.fromhex(self.models[model].variant(variant).sha256)
        instances = [*quantise(value, SCALE), *outputs]
        return keccak(encode(["bytes32", "uint256[]"], [circuit, instances]))

    def _hash(self, model: str) -> bytes:
        return bytes.fromhex(self.models[model].reference.sha256)
