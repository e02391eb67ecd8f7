"""A fold as it was at one time, to go back to."""

from __future__ import annotations

import io
import pickle
from array import array
from typing import Any, Generic, TypeVar

Kept = TypeVar("Kept")


class Growing(array):  # type: ignore[type-arg]
    """Numbers that are only ever appended to: a snapshot of what has them need not copy them."""


class Writer(pickle.Pickler):
    """Writes a fold, but for what is `Growing`."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.growing: list[tuple[Growing, int]] = []
        """What was left out, and how long it was."""

    def persistent_id(self, value: Any) -> int | None:
        """The place of what is left out; ``None`` for all else."""
        if type(value) is not Growing:
            return None
        self.growing.append((value, len(value)))
        return len(self.growing) - 1


class Reader(pickle.Unpickler):
    """Reads what a `Writer` wrote, and copies of what it left out."""

    def __init__(self, file: io.BytesIO, growing: list[tuple[Growing, int]]) -> None:
        super().__init__(file)
        self._growing = growing

    def persistent_load(self, place: int) -> Growing:
        """What was left out there, as long as it was."""
        values, length = self._growing[place]
        return Growing(values.typecode, values[:length])


class Snapshot(Generic[Kept]):
    """A fold as it is now, to go back to. Of what is `Growing` it keeps how long it is."""

    def __init__(self, fold: Kept) -> None:
        file = io.BytesIO()
        writer = Writer(file)
        writer.dump(fold)
        self._growing, self._rest = writer.growing, file.getvalue()

    def restore(self) -> Kept:
        """The fold, which shares nothing with the one that the snapshot was taken of."""
        found: Kept = Reader(io.BytesIO(self._rest), self._growing).load()
        return found
