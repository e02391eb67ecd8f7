"""Simulated proofs: they cost what real ones cost, in time, bytes and gas, and prove nothing.

For workloads that no machine at hand can prove. The circuit's output is the model's, rounded to the circuit's scale; a
proof is the hash of circuit and instances, padded, which ``chain/contracts/zkml/SimulatedVerifier.sol`` takes.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from eth_abi.abi import encode

from chain.hashing import keccak
from nodes.models.execution import Executor
from nodes.models.tensors import Tensor
from nodes.models.zoo import REFERENCE, Model
from nodes.proving.fixed_point import dequantise, element, quantise
from nodes.proving.prover import CircuitRecord, Proof, Statement

SCALE = 13
"""Of inputs and outputs; what ezkl's calibration chooses for the zoo's small models."""

PROOF_BYTES = 3_072
VERIFY_GAS = 460_000
"""What ezkl 23.0.5's verifiers use, calldata apart (measured: see docs/settlement.md)."""

VERIFY_S = 0.02
"""Off chain (measured: ezkl 23.0.5, 9 to 61 ms)."""


def prove_s(macs: int) -> float:
    """Seconds that ezkl 23.0.5 takes to prove a model of so many multiply-accumulates on two cores.

    Modelled: a circuit has some 1.2 rows for each of them and 1,500 besides, rounded up to a power of two, and a row
    costs 0.24 ms. It is within a third of what was measured of a linear model, two perceptrons and a small CNN.
    """
    return 0.24e-3 * float(2 ** math.ceil(math.log2(1.2 * macs + 1_500)))


@dataclass
class SimulatedProver:
    """A prover for any model."""

    models: Mapping[str, Model]
    executor: Executor
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
        """The variant's output, rounded to the circuit's scale."""
        return dequantise(quantise(reference, SCALE), SCALE).reshape(reference.shape)

    def start(self, statement: Statement) -> Callable[[], Proof]:
        """There is nothing to wait for."""
        honest = self.executor.run(statement.model, statement.variant, statement.value).output
        outputs = quantise(honest, SCALE)
        claimed = outputs if statement.forced is None else quantise(statement.forced, SCALE)
        self.made += 1
        seal = self._seal(statement.model, statement.variant, statement.value, outputs)
        filler = hashlib.shake_256(seal + self.made.to_bytes(8, "big")).digest(PROOF_BYTES - len(seal))
        return lambda: Proof(claimed, seal + filler)

    def verify(self, model: str, value: Tensor, output: Tensor, proof: Proof) -> bool:
        """Whether the seal is that of this circuit, input and output."""
        is_its_output = (dequantise(proof.outputs, SCALE) == output.reshape(-1)).all()
        return bool(is_its_output) and proof.data[:32] == self._seal(model, REFERENCE, value, proof.outputs)

    def prove_s(self, model: str) -> float:
        """As modelled above."""
        return prove_s(self.models[model].reference.macs)

    def verify_s(self, model: str) -> float:
        """The same for all."""
        return VERIFY_S

    def _seal(self, model: str, variant: str, value: Tensor, outputs: tuple[int, ...]) -> bytes:
        circuit = bytes.fromhex(self.models[model].variant(variant).sha256)
        instances = [element(one) for one in (*quantise(value, SCALE), *outputs)]
        return keccak(encode(["bytes32", "uint256[]"], [circuit, instances]))

    def _hash(self, model: str) -> bytes:
        return bytes.fromhex(self.models[model].reference.sha256)
