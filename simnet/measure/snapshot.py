"""A fold as it was at one time, to go back to."""

from __future__ import annotations

import io
import pickle
from array import array
from typing import Any, Generic, TypeVar

Kept = TypeVar("Kept")


class Growing(array):  # type: ignore[type-arg]
    """Numbers that are only ever appended to: a snapshot of what has them need not copy them."""


class Snapshot(Generic[Kept]):
    """A fold as it is now, to go back to. Of what is `Growing` it keeps how long it is."""

    def __init__(self, fold: Kept) -> None:
        self._growing: list[tuple[Growing, int]] = []
        file = io.BytesIO()
        pickler = pickle.Pickler(file)
        pickler.persistent_id = self._kept_apart  # type: ignore[method-assign]
        pickler.dump(fold)
        self._rest = file.getvalue()

    def _kept_apart(self, value: Any) -> int | None:
        if type(value) is not Growing:
            return None
        self._growing.append((value, len(value)))
        return len(self._growing) - 1

    def restore(self) -> Kept:
        """The fold, which shares nothing with the one that the snapshot was taken of."""

        def growing(number: int) -> Growing:
            values, length = self._growing[number]
            return Growing(values.typecode, values[:length])

        unpickler = pickle.Unpickler(io.BytesIO(self._rest))
        unpickler.persistent_load = growing  # type: ignore[method-assign]
        found: Kept = unpickler.load()
        return found
