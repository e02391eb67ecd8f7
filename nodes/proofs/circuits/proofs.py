"""Making proofs, and verifying them off chain.

ezkl blinds every proof with fresh randomness, so two proofs of one statement differ. A proof is therefore kept, by
what it proves: on one machine a run with the same seed has the same proofs, and the same log.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from nodes.models.tensors import InputRefused, Tensor
from nodes.proofs.circuits import keys, library
from nodes.proofs.circuits.field import check_range, from_hex, to_hex
from nodes.proofs.circuits.pinned import Circuit
from nodes.proofs.circuits.pool import OUT_OF_RANGE, Pool

CHECKSUM_CHARACTERS = 64


@dataclass(frozen=True)
class Proof:
    """A proof, and what it says it proves."""

    circuit: str
    proof: bytes
    instances: tuple[int, ...]
    """Field elements: the input's first, then the output's. Both arguments of the contract's ``verifyProof``."""
    output: Tensor = field(compare=False)
    """The output that the instances claim, float32: the circuit's, unless another was claimed."""
    witness_s: float
    """CPU seconds, of all threads, when the proof was made on this machine; so are `prove_s` and `verify_s`."""
    prove_s: float
    verify_s: float


class Prover:
    """Makes proofs in a pool of child processes. `fresh` takes none from the cache, and leaves none there."""

    def __init__(self, workers: int | None = None, fresh: bool = False) -> None:
        self._fresh = fresh
        self._pool = Pool(workers)
        self._scratch = tempfile.TemporaryDirectory(prefix="simnet-proofs-")

    def ensure_keys(self, *circuits: Circuit, tell: Callable[[str], None] = lambda _: None) -> None:
        """Make the proving keys that are missing; see `keys.ensure`."""
        keys.ensure(circuits, self._pool, tell)

    def start(self, circuit: Circuit, value: Tensor, claimed: tuple[int, ...] = (), number: int = 0) -> None:
        """Begin a proof that will be asked for later. Raises `SimnetError` for an input that the circuit can't take."""
        statement = _statement(circuit, value, claimed, number)
        if self._kept(circuit, statement) is None:
            self.ensure_keys(circuit)
            self._pool.start(
                "prove",
                self._target(circuit, statement),
                input=[float(number) for number in value.ravel()],
                claimed=to_hex(claimed),
                compiled=str(circuit.compiled),
                settings=str(circuit.settings),
                srs=str(circuit.srs),
                vk=str(circuit.vk),
                pk=str(keys.pk_path(circuit)),
            )

    def prove(self, circuit: Circuit, value: Tensor, claimed: tuple[int, ...] = (), number: int = 0) -> Proof:
        """A proof that `circuit` maps `value` [*input_shape] to its output.

        With `claimed` output elements, a proof for those from a forged witness: made without complaint, as ezkl
        does, and verified by nobody. Of one statement there are as many proofs as there are numbers. Raises
        `ProofFailed` where an intermediate value leaves the circuit's range.
        """
        statement = _statement(circuit, value, claimed, number)
        made = self._kept(circuit, statement)
        if made is None:
            self.start(circuit, value, claimed, number)
            target = self._target(circuit, statement)
            self._pool.wait(target)
            made = json.loads(target.read_bytes())
            if not self._fresh:
                made = _keep(_path(circuit, statement), made)
        instances = from_hex(made["instances"])
        raw = bytes.fromhex(made["proof"][2:])
        seconds = {key: made[key] for key in ("witness_s", "prove_s", "verify_s")}
        return Proof(circuit.name, raw, instances, circuit.output_of(instances), **seconds)

    def close(self) -> None:
        """Stop what is being proven."""
        self._pool.close()
        self._scratch.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _kept(self, circuit: Circuit, statement: str) -> dict[str, Any] | None:
        return None if self._fresh else _read(_path(circuit, statement))

    def _target(self, circuit: Circuit, statement: str) -> Path:
        return Path(self._scratch.name) / f"{circuit.name}-{statement}"


def compute(circuit: Circuit, value: Tensor) -> tuple[int, ...]:
    """Output elements that the circuit gives, without a proof of it. Takes some hundredths of a second.

    Raises `InputRefused` where an intermediate value leaves the circuit's range, `ZkmlMissing`.
    """
    ezkl = library.load()
    check_range(circuit.input_instances(value))
    with _json_file({"input_data": [[float(number) for number in value.ravel()]]}) as path:
        try:
            witness = ezkl.gen_witness(path, str(circuit.compiled), None)
        except RuntimeError as error:
            raise InputRefused(f"circuit {circuit.name} cannot take this input: {error}", OUT_OF_RANGE) from error
    return from_hex(witness["outputs"][0])


@lru_cache(maxsize=256)
def verify(circuit: Circuit, proof: bytes, instances: tuple[int, ...]) -> bool:
    """Whether a proof proves what its instances say. Takes some milliseconds. Raises `ZkmlMissing`.

    Stricter than ezkl, and as strict as the contract: ezkl overlooks bytes after the end of a proof. All full nodes
    look at the same proofs; the work is done for the first of them.
    """
    ezkl = library.load()
    if not circuit.fits(proof, instances):
        return False
    with _json_file({"instances": [to_hex(instances)], "proof": list(proof)}) as path:
        try:
            return bool(ezkl.verify(path, str(circuit.settings), str(circuit.vk), str(circuit.srs)))
        except RuntimeError:  # how ezkl says no
            return False


@contextmanager
def _json_file(content: object) -> Iterator[str]:
    """Path of a file with this in it: ezkl takes nothing else."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(content, file)
        file.flush()
        yield file.name


def _statement(circuit: Circuit, value: Tensor, claimed: tuple[int, ...], number: int) -> str:
    """Name of a proof of a circuit: inputs that the circuit can't tell apart have one."""
    said = [circuit.input_instances(value), claimed, number]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _path(circuit: Circuit, statement: str) -> Path:
    """Where a proof is kept."""
    return keys.directory(circuit) / "proofs" / f"{statement}.json"


def _read(path: Path) -> dict[str, Any] | None:
    """What was kept, unless there is nothing, or it is damaged."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    if _checksum(text[CHECKSUM_CHARACTERS:]) != text[:CHECKSUM_CHARACTERS]:
        path.unlink(missing_ok=True)
        return None
    kept: dict[str, Any] = json.loads(text[CHECKSUM_CHARACTERS:])
    return kept


def _keep(path: Path, made: dict[str, Any]) -> dict[str, Any]:
    """What is kept from now on: this, unless another run was first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(made).encode()
    part = path.with_suffix(f".{os.getpid()}")
    part.write_bytes(_checksum(text) + text)
    with suppress(FileExistsError):
        os.link(part, path)
    part.unlink()
    return _read(path) or made


def _checksum(text: bytes) -> bytes:
    return hashlib.sha256(text).hexdigest().encode()
