"""What a prover is: it answers as a circuit does, and proves what it answered.

Two implementations: `nodes.proofs.simulated`, whose proofs prove nothing, and ezkl's. Time is modelled in both, so
that a run repeats; see `Prover.prove_s`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from nodes.models.execution import Execution, Executor
from nodes.models.tensors import Tensor
from nodes.models.zoo import REFERENCE

CIRCUIT = "circuit"
"""The variant of a model that is its circuit: the reference in fixed point."""

OUTPUT_BYTES = 16
"""Of one output of a circuit, on the wire."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof, and what it is said to be one of."""

    outputs: tuple[int, ...]
    """What the circuit computed, in its own scale."""
    data: bytes
    """What the verifier takes."""

    def pack(self) -> bytes:
        """The bytes that full nodes get."""
        return self.data + b"".join(value.to_bytes(OUTPUT_BYTES, "big", signed=True) for value in self.outputs)

    @classmethod
    def unpack(cls, raw: bytes, outputs: int) -> Proof:
        """What `pack` wrote, of so many outputs."""
        end = max(0, len(raw) - OUTPUT_BYTES * outputs)
        words = [raw[i : i + OUTPUT_BYTES] for i in range(end, len(raw), OUTPUT_BYTES)]
        return cls(tuple(int.from_bytes(one, "big", signed=True) for one in words), raw[:end])


@dataclass(frozen=True, slots=True)
class Verified:
    """What became of a verification off chain."""

    valid: bool
    seconds: float
    """Simulated time that it takes."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What is to be proven: that a model's circuit makes of an input what it makes of it."""

    model: str
    value: Tensor
    variant: str = REFERENCE
    """Of the model, whose circuit is to be proven: another's proof does not verify."""
    forced: Tensor | None = None
    """What to write into the witness as the output, in the place of what was computed: nor does such a one."""


@dataclass(frozen=True, slots=True)
class CircuitRecord:
    """A circuit as the chain knows it."""

    model: bytes
    """Content hash of the model."""
    artifact: str
    """Its verifier's."""
    args: tuple[Any, ...]
    """What the verifier's constructor takes."""
    input_scale: int
    output_scale: int
    inputs: tuple[int, ...]
    """Shape of its input."""
    outputs: tuple[int, ...]
    """Shape of its output."""


class Prover(Protocol):
    """Makes and verifies proofs, for every node of a run."""

    def record(self, model: str) -> CircuitRecord:
        """A model's circuit. Raises `SimnetError` if it has none."""
        ...

    def answer(self, model: str, variant: str, value: Tensor, reference: Tensor) -> Tensor:
        """What a variant's circuit makes of an input; `reference` is what the variant makes of it.

        Raises `InputRefused` for an input beyond the circuit's range.
        """
        ...

    def start(self, statement: Statement) -> Callable[[], Proof]:
        """Begin a proof. What is returned waits for it."""
        ...

    def verify(self, model: str, value: Tensor, output: Tensor, proof: Proof) -> bool:
        """Whether a proof is one of this input and output, off chain; there is none of an input beyond the range."""
        ...

    def prove_s(self, model: str) -> float:
        """Seconds of simulated time that a proof takes."""
        ...

    def verify_s(self, model: str) -> float:
        """Seconds of simulated time that its verification off chain takes."""
        ...

    def close(self) -> None:
        """Stop what is being proven."""
        ...


@dataclass(frozen=True, slots=True)
class CircuitExecution(Execution):
    """An inference by a circuit, beside what its model makes of the same input."""

    reference: Tensor

    @property
    def deviation(self) -> float:
        """Largest distance of an output from the model's."""
        return float(np.max(np.abs(self.output - self.reference)))

    @property
    def agrees(self) -> bool:
        """Whether both have the same largest output."""
        return bool(np.argmax(self.output) == np.argmax(self.reference))


@dataclass(frozen=True, slots=True)
class CircuitExecutor:
    """An executor that knows circuits too: ``circuit`` is the model's, ``circuit/small`` that of a variant."""

    inner: Executor
    prover: Prover

    def run(self, model: str, variant: str, value: Tensor) -> Execution:
        """Run a variant, or a circuit: it costs as much as what it is the circuit of. Raises `InputRefused`."""
        if not variant.startswith(CIRCUIT):
            return self.inner.run(model, variant, value)
        chosen = circuit_of(variant)
        run = self.inner.run(model, chosen, value)
        output = self.prover.answer(model, chosen, value, run.output)
        return CircuitExecution(output, run.macs, run.cpu_s, run.output)


def circuit_of(variant: str) -> str:
    """The variant of a model that a circuit computes."""
    return variant.partition("/")[2] or REFERENCE
