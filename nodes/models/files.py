"""Reading the files of models."""

from __future__ import annotations

from pathlib import Path

from chain.errors import SimnetError


def read_file(path: Path) -> bytes:
    """The bytes of a file. Raises `SimnetError` naming it if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise SimnetError(f"{path}: cannot read model file: {error.strerror}") from error
