"""The block producer, driven by hand."""

from __future__ import annotations

import pytest

from chain.quantities import Gas
from chain.seam import Call
from nodes.effects import Mine, Pending
from nodes.producer import Producer
from tests.driving import follow, one_after_the_other, who
from tests.stage import identity


def call(name: str, gas: int) -> Call:
    """A pending transaction."""
    return Call(who("client-0").address, "Any", name, (), Gas(gas))


PENDING = (call("a", 50), call("b", 40), call("c", 20))


@pytest.mark.parametrize(("room", "taken"), [(110, 3), (109, 2), (90, 2), (89, 1), (50, 1), (49, 0)])
def test_it_takes_the_oldest_transactions_that_fit_and_none_out_of_turn(room: int, taken: int) -> None:
    producer = Producer(identity("producer-0"), Gas(room))
    course = follow(producer.run(), {Pending: one_after_the_other(PENDING), Mine: lambda _: None})
    assert course.one(Mine).calls == PENDING[:taken]


def test_it_builds_one_block_a_slot() -> None:
    producer = Producer(identity("producer-0"), Gas(1_000))
    course = follow(producer.run(), {Pending: one_after_the_other(PENDING, PENDING[1:]), Mine: lambda _: None})
    assert [type(effect) for effect in course.effects] == [Pending, Mine, Pending, Mine, Pending]
