"""What a participant writes down, and finds again when it starts anew after a crash.

Two things outlive a crash: this, and the chain. A participant writes to its disk what it owes somebody and can learn
from nobody else: the data behind its batches, the votes that it committed to. Where a batch stands it asks the chain.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

Thing = TypeVar("Thing")


class Disk:
    """Things by name. What is changed in them is written at once."""

    def __init__(self, things: Mapping[str, Any] | None = None) -> None:
        """With what was on it before."""
        self._things: dict[str, Any] = dict(things or {})

    def kept(self, name: str, empty: Callable[[], Thing]) -> Thing:
        """The thing of that name as it was left; what `empty` makes the first time."""
        if name not in self._things:
            self._things[name] = empty()
        found: Thing = self._things[name]
        return found

    def pickled(self) -> bytes:
        """All that is on it, as ``pickle`` writes it."""
        return pickle.dumps(self._things)
