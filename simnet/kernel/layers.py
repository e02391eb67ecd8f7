"""Values laid over a setting of the network, a host or the chain, each until its own handle takes it away.

Faults that overlap compose because none of them replaces a setting: each lays a value over it, and whoever
uses the setting combines the values that lie there. A handle takes away its own value and nothing else.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")

Lift = Callable[[], None]
"""Takes away what it was returned for; calling it again does nothing."""


def together(lifts: Iterable[Lift]) -> Lift:
    """One handle for several."""
    each = list(lifts)

    def lift() -> None:
        for one in each:
            one()

    return lift


class Layers(dict[int, T]):
    """Values by number, in the order in which they were laid. False when there is none."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers = itertools.count()

    def lay(self, value: T) -> Lift:
        """Lay a value over the others. Returns what takes it away."""
        number = next(self._numbers)
        self[number] = value

        def lift() -> None:
            self.pop(number, None)

        return lift

    @property
    def top(self) -> T:
        """The value that was laid last of those that are there; `IndexError` if there is none."""
        return list(self.values())[-1]
