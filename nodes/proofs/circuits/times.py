"""How long proofs take in simulated time.

Three kinds: ``ezkl``, constants measured once, the default: the same everywhere; ``measured``, samples taken on this
machine, so that the run can't be repeated elsewhere; and systems that can't run here, from what was published of them.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from chain.quantities import Seconds
from nodes.models.zoo import Model, default_zoo, named
from nodes.proofs.circuits import keys
from nodes.proofs.circuits.pinned import Circuit, circuit_of
from nodes.proofs.circuits.proofs import Prover

Samples = tuple[tuple[float, ...], tuple[float, ...]]

SAMPLES = 5
"""Proofs that are timed for ``measured``."""


class ProofTimes(ABC):
    """Answers how long a proof of one inference takes; where we measured, CPU seconds.

    `draw` is uniform in [0, 1), from a stream of the run.
    """

    reproducible: ClassVar[bool] = True
    """Whether the same draws give the same times on every machine."""

    @property
    @abstractmethod
    def source(self) -> str:
        """Where the figures come from: ``modelled (...)`` or ``measured (...)``."""

    @abstractmethod
    def prove(self, model: Model, draw: float) -> Seconds:
        """Seconds to prove, witness included. Raises `SimnetError` for a model that this system has no circuit of."""

    @abstractmethod
    def verify(self, model: Model, draw: float) -> Seconds:
        """Seconds for a full node to verify the proof off chain."""


@dataclass(frozen=True)
class Pinned(ProofTimes):
    """The pinned circuits, as they were once timed."""

    seconds: Mapping[str, tuple[float, float]]
    """Seconds to prove and to verify, by model."""
    machine: str

    @property
    def source(self) -> str:
        return f"modelled (ezkl {self.machine})"

    def prove(self, model: Model, draw: float) -> Seconds:
        return Seconds(self._of(model)[0])

    def verify(self, model: Model, draw: float) -> Seconds:
        return Seconds(self._of(model)[1])

    def _of(self, model: Model) -> tuple[float, float]:
        return named(model.name, self.seconds, "model with a circuit")


@dataclass(frozen=True)
class SpedUp(ProofTimes):
    """Another system on our models: as much faster than ezkl as published for one workload on one machine."""

    ezkl: ProofTimes
    factor: float
    """ezkl's seconds over the system's."""
    verify_s: float
    """As published for that workload: verification hardly grows (assumption)."""
    citation: str

    @property
    def source(self) -> str:
        return f"modelled ({self.citation}: {self.factor:.0f} times as fast as ezkl)"

    def prove(self, model: Model, draw: float) -> Seconds:
        return Seconds(self.ezkl.prove(model, draw) / self.factor)

    def verify(self, model: Model, draw: float) -> Seconds:
        return Seconds(self.verify_s)


@dataclass(frozen=True)
class Workload(ProofTimes):
    """What was published for a large model. Ours stand in for it: each of their inferences takes as long."""

    prove_s: float
    verify_s: float
    citation: str

    @property
    def source(self) -> str:
        return f"modelled ({self.citation}; our models stand in for it)"

    def prove(self, model: Model, draw: float) -> Seconds:
        return Seconds(self.prove_s)

    def verify(self, model: Model, draw: float) -> Seconds:
        return Seconds(self.verify_s)


@dataclass(frozen=True)
class Measured(ProofTimes):
    """Samples taken on this machine."""

    reproducible: ClassVar[bool] = False

    samples: Mapping[str, Samples]
    """Seconds to prove and to verify, by model."""

    @property
    def source(self) -> str:
        return "measured (CPU seconds on this machine, sampled)"

    def prove(self, model: Model, draw: float) -> Seconds:
        return self._sample(model, 0, draw)

    def verify(self, model: Model, draw: float) -> Seconds:
        return self._sample(model, 1, draw)

    def _sample(self, model: Model, which: int, draw: float) -> Seconds:
        found = named(model.name, self.samples, "model with a circuit")[which]
        return Seconds(found[int(draw * len(found))])


DEFAULT = "ezkl"
MEASURED = "measured"

EZKL = Pinned(
    {"diabetes_risk": (1.2, 0.011), "medical_risk": (1.9, 0.013), "digits_mlp": (5.0, 0.024)},
    "23.0.5 on one core of an AMD EPYC: docs/zkml.md",
)

DEEPPROVE = "deep-prove's README"
JOLT_ATLAS = "jolt-atlas's README @434ab99"

MODELLED: Mapping[str, ProofTimes] = MappingProxyType(
    {
        DEFAULT: EZKL,
        # Of ezkl, its competitors' figures; deep-prove's README calls its comparison unfair to ezkl.
        "deepprove": SpedUp(EZKL, 126.83 / 2.335, 0.520, f"{DEEPPROVE} @7d21c35, a dense network of 4M parameters"),
        "jolt_atlas": SpedUp(EZKL, 237 / 2.288, 0.127, f"{JOLT_ATLAS}, nanoGPT of 0.25M parameters"),
        "ezkl_nanogpt": Workload(237.0, 0.34, f"EZKL in {JOLT_ATLAS}: nanoGPT of 0.25M parameters"),
        "deepprove_gpt2": Workload(456.0, 1.3, f"{DEEPPROVE}: GPT-2, 512 tokens, 24 cores"),
        "jolt_atlas_gpt2": Workload(14.889, 1.038, f"{JOLT_ATLAS}: GPT-2, 125M parameters, M3 with 16 GB"),
        "nanozk_gpt2": Workload(43.0, 0.023, "NanoZK, arXiv 2603.18046: a model of GPT-2's size"),
        "zkllm_llama2_13b": Workload(900.0, 3.0, "zkLLM, CCS'24: LLaMA-2 13B on an A100, upper bounds"),
    }
)
"""Times that are the same on every machine, by name."""


def proof_times(name: str, models: tuple[str, ...] = (), tell: Callable[[str], None] = lambda _: None) -> ProofTimes:
    """The times of that name. For ``measured``, those of `models`, timed now unless this machine has them already.

    Raises `SimnetError` for an unknown name or a model without a circuit, `ZkmlMissing` where ezkl is needed.
    """
    if name != MEASURED:
        return named(name, MODELLED, "proof times")
    with Prover(workers=1, fresh=True) as prover:
        return Measured({model: _samples(circuit_of(model), prover, tell) for model in models})


def _samples(circuit: Circuit, prover: Prover, tell: Callable[[str], None]) -> Samples:
    """What was sampled on this machine, or is now."""
    kept = keys.directory(circuit) / "times.json"
    try:
        found = json.loads(kept.read_bytes())
        return tuple(found["prove_s"]), tuple(found["verify_s"])
    except (FileNotFoundError, ValueError, KeyError):
        prover.ensure_keys(circuit, tell=tell)
        tell(f"zkml: timing proofs of {circuit.name}")
        inputs, _ = default_zoo().inputs(circuit.model)
        proofs = [prover.prove(circuit, value) for value in inputs[:SAMPLES]]
        proven = tuple(proof.witness_s + proof.prove_s for proof in proofs)
        verified = tuple(proof.verify_s for proof in proofs)
        kept.write_text(json.dumps({"prove_s": proven, "verify_s": verified}))
        return proven, verified
