"""The pinned circuits: what each proves, and the files that everybody must have alike.

``artifacts/NAME/`` holds ezkl's settings, the compiled circuit and the verifying key, ``srs/K.srs`` the reference
string of circuits with 2**K rows, and ``circuits/manifest.json`` says what they are and what the proving key, which
is too large to ship, must hash to. `nodes.proofs.circuits.make` makes all of it from the model zoo.

The SRS is a **development SRS**: whoever ran the generator could know its trapdoor, and prove anything.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from chain.errors import SimnetError
from nodes.models.files import read_file
from nodes.models.tensors import Tensor
from nodes.models.zoo import REFERENCE, named
from nodes.proofs.circuits.field import MODULUS, dequantise, quantise

HERE = Path(__file__).parent
CIRCUITS = HERE / "artifacts"
MANIFEST = CIRCUITS / "manifest.json"
SRS = HERE / "srs"

REMAKE = "restore the file from the repository"


@dataclass(frozen=True)
class Gap:
    """How far a circuit's outputs are from those of the model in floating point, over the model's holdout."""

    inputs: int
    max_error: float
    """Largest difference of any output."""
    argmax_agreement: float
    """Share of inputs for which both name the same class."""


@dataclass(frozen=True)
class Circuit:
    """What is proven: that a quantised model, its weights fixed in the verifying key, maps an input to an output."""

    name: str
    model: str
    """Model of the zoo; so is `variant`."""
    variant: str
    verifier: str
    """Artifact of the contract that verifies its proofs: ``verifyProof(bytes proof, uint256[] instances)``.

    Empty for a cheaper variant of the model: it is there for adversaries to prove, and nobody deploys a verifier.
    """
    logrows: int
    input_scale: int
    """Inputs are integers over 2**input_scale; so are outputs over 2**output_scale."""
    output_scale: int
    input_shape: tuple[int, ...]
    """Of one item, without the batch dimension; so is `output_shape`."""
    output_shape: tuple[int, ...]
    proof_bytes: int
    pk_bytes: int
    files: dict[str, str] = field(repr=False, hash=False)
    """SHA-256 of the files by name, ``pk`` among them."""
    gap: Gap

    @property
    def honest(self) -> bool:
        """Whether it stands for the model."""
        return bool(self.verifier)

    @property
    def settings(self) -> Path:
        """ezkl's settings; `compiled` and `vk` are the circuit and its verifying key."""
        return CIRCUITS / self.name / "settings.json"

    @property
    def compiled(self) -> Path:
        return CIRCUITS / self.name / "circuit.ezkl"

    @property
    def vk(self) -> Path:
        return CIRCUITS / self.name / "vk"

    @property
    def srs(self) -> Path:
        """The development SRS of circuits this tall."""
        return SRS / f"{self.logrows}.srs"

    @property
    def inputs(self) -> int:
        """Instances that stand for the input: the first ones. The output's follow."""
        return _size(self.input_shape)

    @property
    def outputs(self) -> int:
        return _size(self.output_shape)

    @property
    def key(self) -> str:
        """Name of everything that follows from the pinned files: a change of any gives another."""
        return hashlib.sha256(json.dumps(self.files, sort_keys=True).encode()).hexdigest()[:16]

    def input_instances(self, value: Tensor) -> tuple[int, ...]:
        """The instances that an input must have. Raises `SimnetError` if it is not of the circuit's shape."""
        if value.shape != self.input_shape:
            raise SimnetError(f"circuit {self.name} takes inputs of shape {self.input_shape}, not {value.shape}")
        return quantise(value, self.input_scale)

    def output_of(self, instances: tuple[int, ...]) -> Tensor:
        """The output, float32, that instances claim."""
        return dequantise(instances[self.inputs :], self.output_scale).reshape(self.output_shape)

    def fits(self, proof: bytes, instances: tuple[int, ...]) -> bool:
        """Whether a proof has its length, and instances their number, and each is the least of its residues."""
        return (
            len(proof) == self.proof_bytes
            and len(instances) == self.inputs + self.outputs
            and all(0 <= instance < MODULUS for instance in instances)
        )

    def check(self) -> None:
        """Raises `SimnetError` if a pinned file is missing or not what it was."""
        for path in (self.settings, self.compiled, self.vk, self.srs):
            if hashlib.sha256(read_file(path)).hexdigest() != self.files[path.name]:
                raise SimnetError(f"{path}: corrupt file of circuit {self.name}", hint=REMAKE)


def circuits() -> dict[str, Circuit]:
    """Every pinned circuit by name. Raises `SimnetError` if the manifest is damaged."""
    return dict(_load())


def circuit(name: str) -> Circuit:
    """The circuit of that name. Raises `SimnetError` with the nearest name if there is none."""
    return named(name, _load(), "circuit")


def circuit_of(model: str, variant: str = REFERENCE) -> Circuit:
    """The circuit of a model's variant; the reference's stands for the model. Raises `SimnetError` if there is none."""
    found = {known.model: known for known in _load().values() if known.variant == variant}
    return named(model, found, f"model with a circuit of {variant}")


@cache
def _load() -> dict[str, Circuit]:
    try:
        entries = json.loads(read_file(MANIFEST))
        return {name: from_entry(name, entry) for name, entry in entries.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SimnetError(f"{MANIFEST}: damaged manifest of circuits: {error!r}", hint=REMAKE) from error


def from_entry(name: str, entry: dict[str, Any]) -> Circuit:
    """A circuit as its manifest entry describes it."""
    shapes = {key: tuple(entry[key]) for key in ("input_shape", "output_shape")}
    return Circuit(name, **{**entry, **shapes, "gap": Gap(**entry["gap"])})


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for extent in shape:
        size *= extent
    return size
