"""Real proofs, by ezkl, of the pinned circuits: see `nodes.proofs.circuits`.

Proofs are made in child processes as soon as they are ordered, and waited for when simulated time has come that far.
Making one is random; the cache of `nodes.proofs.circuits.proofs` gives a run with the same seed on the same machine
the same ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from nodes.models.tensors import InputRefused, Tensor, tensor_hash
from nodes.models.zoo import REFERENCE, Model
from nodes.proofs.circuits import proofs
from nodes.proofs.circuits.field import MODULUS, quantise, signed
from nodes.proofs.circuits.library import load
from nodes.proofs.circuits.pinned import Circuit, circuit_of
from nodes.proofs.circuits.times import ProofTimes
from nodes.proofs.prover import CircuitRecord, Proof, Statement


@dataclass
class EzklProver:
    """Proves with the pinned circuits. Raises `ZkmlMissing` where ezkl is not installed."""

    models: Mapping[str, Model]
    times: ProofTimes
    draws: Iterator[float]
    """What times are sampled by."""
    tell: Callable[[str], None] = lambda _: None
    """Is told of keys that have to be made first."""
    _circuits: dict[str, Circuit] = field(init=False)
    _prover: proofs.Prover = field(init=False, default_factory=proofs.Prover)
    _answers: dict[tuple[str, bytes], tuple[int, ...]] = field(init=False, default_factory=dict)
    _asked: Counter[tuple[str, bytes, tuple[int, ...]]] = field(init=False, default_factory=Counter)

    def __post_init__(self) -> None:
        load()
        self._circuits = {name: circuit_of(name) for name in self.models}
        self._prover.ensure_keys(*self._circuits.values(), tell=self.tell)

    def record(self, model: str) -> CircuitRecord:
        """A model's circuit, and the contract that ezkl generated for it."""
        found = self._circuits[model]
        digest = bytes.fromhex(self.models[model].reference.sha256)
        scales = (found.input_scale, found.output_scale)
        return CircuitRecord(digest, found.verifier, (), *scales, found.input_shape, found.output_shape)

    def answer(self, model: str, variant: str, value: Tensor, reference: Tensor) -> Tensor:
        """What the circuit computes: a witness without a proof."""
        chosen = self._chosen(model, variant)
        key = (chosen.name, tensor_hash(value))
        if key not in self._answers:
            self._answers[key] = proofs.compute(chosen, value)
        return chosen.output_of((0,) * chosen.inputs + self._answers[key])

    def start(self, statement: Statement) -> Callable[[], Proof]:
        """Have a child process prove it. The same statement again gets another proof: each is good once."""
        chosen = self._chosen(statement.model, statement.variant)
        forced = () if statement.forced is None else quantise(statement.forced, chosen.output_scale)
        asked = (chosen.name, tensor_hash(statement.value), forced)
        number = self._asked[asked]
        self._asked[asked] += 1
        self._prover.start(chosen, statement.value, forced, number)

        def wait() -> Proof:
            made = self._prover.prove(chosen, statement.value, forced, number)
            return Proof(tuple(signed(one) for one in made.instances[chosen.inputs :]), made.proof)

        return wait

    def verify(self, model: str, value: Tensor, output: Tensor, proof: Proof) -> bool:
        """By ezkl, after the instances that the claim must have."""
        chosen = self._circuits[model]
        outputs = tuple(one % MODULUS for one in proof.outputs)
        try:
            instances = (*chosen.input_instances(value), *outputs)
        except InputRefused:
            return False
        is_its_output = tensor_hash(chosen.output_of(instances)) == tensor_hash(output)
        return is_its_output and proofs.verify(chosen, proof.data, instances)

    def prove_s(self, model: str) -> float:
        """As the times say."""
        return self.times.prove(self.models[model], next(self.draws))

    def verify_s(self, model: str) -> float:
        """As the times say."""
        return self.times.verify(self.models[model], next(self.draws))

    def close(self) -> None:
        """Stop what is being proven."""
        self._prover.close()

    def _chosen(self, model: str, variant: str) -> Circuit:
        """The circuit of a model, or of a variant of it: there are few of those. Raises `SimnetError`."""
        return self._circuits[model] if variant == REFERENCE else circuit_of(model, variant)
