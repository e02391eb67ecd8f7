"""The fewest moves that still lead to a violation, found by leaving out what is not needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def shrunk(moves: Sequence[T], fails: Callable[[Sequence[T]], bool], tries: int) -> list[T]:
    """A part of `moves` that fails, of which no single one can be left out, unless `tries` are used up before.

    Delta debugging: ever smaller parts are left out (Zeller and Hildebrandt, "Simplifying and Isolating
    Failure-Inducing Input", 2002).
    """
    left = list(moves)
    size = max(1, len(left) // 2)
    while tries > 0:
        at, was = 0, len(left)
        while at < len(left) and tries > 0:
            candidate = left[:at] + left[at + size :]
            tries -= 1
            if fails(candidate):
                left = candidate
            else:
                at += size
        if size == 1 and len(left) == was:
            break
        size = max(1, size // 2)
    return left
