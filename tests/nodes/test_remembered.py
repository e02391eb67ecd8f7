"""Numbers remembered in little room, against a set."""

from __future__ import annotations

import pickle

from hypothesis import given
from hypothesis import strategies as st

from nodes.remembered import Remembered

NUMBERS = st.one_of(st.integers(0, 9), st.just(2**64 - 1))


@given(st.lists(st.tuples(st.sampled_from(["add", "discard"]), NUMBERS)))
def test_it_has_what_was_added_and_not_discarded(steps: list[tuple[str, int]]) -> None:
    found, expected = Remembered(100), set[int]()
    for step, number in steps:
        getattr(found, step)(number)
        getattr(expected, step)(number)
    assert {number for number in (*range(10), 2**64 - 1) if number in found} == expected
    assert len(found) == len(expected)


def test_the_last_are_remembered_and_the_oldest_go() -> None:
    found = Remembered(3)
    for number in (9, 1, 8, 2, 7, 3):
        found.add(number)
    assert all(number in found for number in (9, 1, 8, 2, 7, 3))
    found.add(6)
    assert [number for number in range(10) if number in found] == [2, 3, 6, 7]


def test_a_thousand_take_eight_bytes_each() -> None:
    found = Remembered(1000)
    for number in range(1000):
        found.add(number * 10**15)
    assert len(pickle.dumps(found)) < 8 * 1000 + 200
