"""What a participant has to recover by: logs read back, duties abandoned, the chain's own time."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from chain.quantities import Gas, TaskId
from chain.seam import REORG_DEPTH_MAX, Block, Call, Log, Receipt
from nodes.effects import Abandon, ChainTime, ReadBack, Receive, Reply, Request, Sleep, Spawn, Steps, Submit, Subscribe
from nodes.messages import ClaimQuery, Refusal
from simnet.kernel.history import History
from tests.stage import GENESIS, Stage, identity

CALL = Call(identity("a").address, "Echo", "x")


def block(number: int, *said: tuple[str, bytes]) -> Block:
    """A block with these events about batches."""
    logs = tuple(Log("Settlement", event, {"batch": batch}) for event, batch in said)
    return Block(number, GENESIS, (Receipt(CALL, Gas(1), logs),))


def told(history: History, *events: str) -> list[tuple[str, bytes]]:
    """What is read back."""
    return [(log.event, log.args["batch"]) for log in history.of_open_batches(events)]


# -- logs ------------------------------------------------------------------------------------------------------


def test_logs_of_open_batches_are_read_back_in_their_order_and_those_of_final_ones_are_not() -> None:
    history = History()
    history.add(block(1, ("Posted", b"a"), ("Posted", b"b")))
    history.add(block(2, ("Drawn", b"b"), ("Drawn", b"a"), ("Voted", b"a")))
    assert told(history, "Posted", "Drawn") == [("Posted", b"a"), ("Posted", b"b"), ("Drawn", b"b"), ("Drawn", b"a")]
    history.add(block(3, ("BatchFinal", b"a")))
    assert told(history, "Posted", "Drawn") == [("Posted", b"b"), ("Drawn", b"b")]


def test_a_reorg_takes_back_what_was_said_and_what_was_final() -> None:
    history = History()
    for number, said in enumerate([("Posted", b"a"), ("Posted", b"b"), ("BatchFinal", b"a")], start=1):
        history.add(block(number, said))
    history.undo(3)
    assert told(history, "Posted") == [("Posted", b"a"), ("Posted", b"b")]
    history.undo(2)
    assert told(history, "Posted") == [("Posted", b"a")]


def test_what_is_final_too_deep_to_be_undone_is_forgotten_and_no_sooner() -> None:
    history = History()
    history.add(block(1, ("Posted", b"a"), ("BatchFinal", b"a")))
    history.add(block(1 + REORG_DEPTH_MAX))
    history.undo(1 + REORG_DEPTH_MAX)
    history.undo(1)
    assert told(history, "Posted") == []
    history.add(block(1, ("Posted", b"a"), ("BatchFinal", b"a")))
    assert len(history) == 1
    history.add(block(2 + REORG_DEPTH_MAX))
    assert len(history) == 0


# -- duties ----------------------------------------------------------------------------------------------------


def test_a_duty_is_abandoned_with_all_that_it_began_and_nothing_else_is(stage: Stage) -> None:
    def says(what: str, *began: Steps) -> Steps:
        for steps in began:
            yield Spawn(steps)
        yield Sleep(2.0)
        stage.say(what)

    def steps() -> Steps:
        yield Spawn(says("duty", says("part of it")), "duty")
        yield Spawn(says("another"), "other")
        yield Spawn(says("none"))
        yield Sleep(1.0)
        yield Abandon("duty")
        yield Spawn(says("duty again"), "duty")

    stage.host("a", steps)
    assert [what for _, what in stage.run(10)] == ["another", "none", "duty again"]


# -- the chain's time ------------------------------------------------------------------------------------------


def telling_time(stage: Stage, *at_s: float) -> Callable[[], Steps]:
    """Says at these moments how late the chain is."""

    def tell(moment: float) -> Steps:
        yield Sleep(moment)
        stage.say(round((yield ChainTime()) - GENESIS, 3))

    def steps() -> Steps:
        yield Subscribe(("x",))
        for moment in at_s:
            yield Spawn(tell(moment))
        yield Submit(CALL)

    return steps


def test_a_node_goes_by_the_chains_time_once_it_has_heard_a_block_however_wrong_its_clock(stage: Stage) -> None:
    stage.producer()
    stage.host("a", telling_time(stage, 1.0, 5.0))
    stage.faults("[{at: 0 s, skew: {nodes: [a], ahead: 60 s}}]")
    heard_late_s = 0.004
    assert [told for _, told in stage.run(10)] == [61.0, round(5.0 - heard_late_s, 3)]


# -- requests --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("again_s", "asked"), [(math.inf, 0), (3.0, 1)])
def test_a_request_that_is_lost_is_sent_again_if_it_may_be_asked_twice(
    stage: Stage, again_s: float, asked: int
) -> None:
    def asking() -> Steps:
        yield Sleep(1.0)
        reply = yield Request("b", ClaimQuery(TaskId("0x1")), 10.0, again_s)
        stage.say(reply is not None)
        yield Sleep(20.0)

    def answering() -> Steps:
        while True:
            envelope = yield Receive()
            stage.say("asked")
            yield Reply(envelope, Refusal(TaskId("0x1"), "no"))

    stage.host("a", asking)
    stage.host("b", answering)
    stage.faults("[{at: 0 s, cut: {from: a, to: b}, for: 2 s}]")
    said = [what for _, what in stage.run(30)]
    assert said == ["asked"] * asked + [asked > 0]


# -- what is on its way ----------------------------------------------------------------------------------------


def test_what_was_read_back_does_not_arrive_again(stage: Stage) -> None:
    def reading() -> Steps:
        yield Subscribe(("x",))
        yield Sleep(2.002)  # the block of second 2 is on its way
        yield ReadBack(("x",))
        stage.say((yield Receive()).message.event)

    def submitting() -> Steps:
        yield Submit(CALL)

    stage.producer()
    stage.host("a", submitting)
    stage.host("b", reading)
    assert stage.run(10) == [(2.004, "x")]  # it says nothing of a batch, and so was not read back
