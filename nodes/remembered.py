"""Numbers that a participant remembers for long, in little room."""

from __future__ import annotations

from array import array
from bisect import bisect_left

WORD = "Q"
"""Eight bytes, as `array` has them."""


class Remembered:
    """The last numbers added, from 0 to 2**64 - 1: `most` of them at least, and no more than twice as many.

    They take eight bytes each, where a set of Python's takes some seventy: a long run gives a node a million. It looks
    for one by halving. When there are `most` new ones, the old ones go.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._old, self._new = array(WORD), array(WORD)
        """Each in order of size."""

    def add(self, number: int) -> None:
        """Remember a number."""
        if number in self:
            return
        if len(self._new) == self._most:
            self._old, self._new = self._new, array(WORD)
        self._new.insert(bisect_left(self._new, number), number)

    def discard(self, number: int) -> None:
        """Forget a number, if it is remembered."""
        for numbers in (self._new, self._old):
            if is_among(number, numbers):
                del numbers[bisect_left(numbers, number)]

    def __contains__(self, number: int) -> bool:
        return is_among(number, self._new) or is_among(number, self._old)

    def __len__(self) -> int:
        return len(self._old) + len(self._new)


def is_among(number: int, ordered: array[int]) -> bool:
    """Whether a number is there."""
    at = bisect_left(ordered, number)
    return at < len(ordered) and ordered[at] == number
