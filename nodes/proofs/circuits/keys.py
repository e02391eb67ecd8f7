"""Proving keys: too large to ship, so made once per machine and kept in the cache.

A key follows from circuit and SRS, so everybody's is the same: what is found is held against the pinned hash, and
made anew where it differs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

from chain.errors import SimnetError
from nodes.proofs.circuits.library import cache_directory
from nodes.proofs.circuits.pinned import Circuit
from nodes.proofs.circuits.pool import Pool

_found: set[tuple[Path, int]] = set()
"""Keys that this process has looked at, and when they were written: hashing one takes a tenth of a second."""


def directory(circuit: Circuit) -> Path:
    """Where everything that follows from a circuit is kept."""
    return cache_directory() / "zkml" / f"{circuit.name}-{circuit.key}"


def pk_path(circuit: Circuit) -> Path:
    """Where a circuit's proving key is, or will be."""
    return directory(circuit) / "pk"


def is_ready(circuit: Circuit) -> bool:
    """Whether the proving key is there, and is the right one."""
    path = pk_path(circuit)
    try:
        seen = (path, path.stat().st_mtime_ns)
        if seen in _found:
            return True
        with path.open("rb") as file:
            right = hashlib.file_digest(file, "sha256").hexdigest() == circuit.files["pk"]
    except FileNotFoundError:
        return False
    if right:
        _found.add(seen)
    return right


def ensure(circuits: Iterable[Circuit], pool: Pool, tell: Callable[[str], None] = lambda _: None) -> None:
    """Make the proving keys that are missing or damaged, and tell of each. Raises `SimnetError` if one comes out wrong.

    A key takes seconds to make, and up to 100 MB.
    """
    missing = [circuit for circuit in dict.fromkeys(circuits) if not is_ready(circuit)]
    for circuit in missing:
        circuit.check()
        tell(f"zkml: making the proving key of {circuit.name} ({circuit.pk_bytes / 1e6:.0f} MB)")
        pool.start("setup", pk_path(circuit), compiled=str(circuit.compiled), srs=str(circuit.srs))
    for circuit in missing:
        pool.wait(pk_path(circuit))
        if not is_ready(circuit):
            raise SimnetError(f"{pk_path(circuit)}: the proving key of {circuit.name} is not the pinned one")
