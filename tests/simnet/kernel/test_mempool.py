"""The chain as participants meet it: mempool, slots, blocks, receipts, logs and reorgs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest

from chain.quantities import Gas
from chain.seam import REORG_DEPTH_MAX, Call
from nodes import messages
from nodes.adversaries.behaviour import ALWAYS, Behaviour, on
from nodes.effects import Mine, Receive, Sleep, Spawn, Steps, Submit, Subscribe
from nodes.identity import Role
from simnet.log.events import BlockMined, ChainReorged, ContractEvent, TransactionMined, read_log
from tests.stage import GENESIS, Stage, identity


def call(function: str, *args: int, gas: int = 100_000, sender: str = "a") -> Call:
    """A transaction."""
    return Call(identity(sender).address, "Echo", function, args, Gas(gas))


def submitting(stage: Stage, *calls: tuple[float, Call]) -> Callable[[], Steps]:
    """Submits each call at its time, and says when its receipt is there."""

    def one(at_s: float, what: Call) -> Steps:
        yield Sleep(at_s)
        receipt = yield Submit(what)
        stage.say(what.function, "mined" if receipt.ok else str(receipt.revert))

    def steps() -> Steps:
        for at_s, what in calls:
            yield Spawn(one(at_s, what))

    return steps


def following(stage: Stage, name: str, *events: str) -> Callable[[], Steps]:
    """Says what it learns from the chain."""

    def steps() -> Steps:
        yield Subscribe(events)
        while True:
            message = (yield Receive()).message
            if isinstance(message, messages.ChainReorg):
                stage.say(name, "reorg", message.depth)
            else:
                stage.say(name, message.event, *message.args["n"])

    return steps


def blocks(stage: Stage) -> list[tuple[int, int, int]]:
    """Seconds since genesis, transactions, and what was left pending, of each block."""
    return [(b.timestamp - GENESIS, b.transactions, b.pending) for b in stage.of(BlockMined)]


# -- blocks ------------------------------------------------------------------------------------------------


def test_there_is_a_block_in_a_slot_that_finds_something_pending_and_in_no_other(stage: Stage) -> None:
    stage.producer()
    stage.host("a", submitting(stage, (0.1, call("x")), (0.2, call("y")), (9.0, call("z"))))
    said = stage.run(20)
    assert said == [(2.004, "x", "mined"), (2.004, "y", "mined"), (10.004, "z", "mined")]
    assert blocks(stage) == [(2, 2, 0), (10, 1, 0)]


def test_a_transaction_that_arrives_as_the_slot_begins_waits_for_the_next(stage: Stage) -> None:
    stage.producer()
    stage.host("a", submitting(stage, (1.995, call("in time")), (1.997, call("too late"))))
    stage.run(20)
    assert blocks(stage) == [(2, 1, 0), (4, 1, 0)]


def test_a_revert_comes_back_in_the_receipt_and_in_the_log(stage: Stage) -> None:
    stage.producer()
    stage.host("a", submitting(stage, (0.1, call("fail"))))
    assert stage.run(20) == [(2.004, "fail", "Refused()")]
    (mined,) = stage.of(TransactionMined)
    assert (mined.revert, mined.gas_used, mined.waited_s) == ("Refused()", 30_000, 1.9)
    assert stage.of(ContractEvent) == []


def test_an_event_in_the_log_names_its_transaction_which_stands_before_it(stage: Stage) -> None:
    def steps() -> Steps:
        yield Spawn(submit("x", "about x"))
        yield Submit(call("y"))

    def submit(function: str, subject: str) -> Steps:
        yield Submit(call(function), subject=subject)

    stage.producer()
    stage.host("a", steps)
    stage.run(20)
    stage.log.flush()
    rows = list(read_log(stage.log.path))
    events = [row for row in rows if row["kind"] == "contract_event"]
    found = [(row["event"], row["subject"], rows[row["transaction"]]) for row in events]
    assert [(event, subject, of["kind"], of["function"], of["subject"]) for event, subject, of in found] == [
        ("x", "about x", "transaction_mined", "x", "about x"),
        ("y", "", "transaction_mined", "y", ""),
    ]
    assert all(of["i"] < row["i"] for row, (*_, of) in zip(events, found, strict=True))


@pytest.mark.parametrize(("room", "expected"), [(300_000, [(2, 3, 0)]), (299_999, [(2, 2, 1), (4, 1, 0)])])
def test_a_block_holds_as_many_transactions_as_their_gas_limits_allow(
    tmp_path: Path, room: int, expected: list[tuple[int, int, int]]
) -> None:
    stage = Stage(tmp_path, block_gas_limit=room)
    stage.producer()
    stage.host("a", submitting(stage, *((0.1, call(name)) for name in "xyz")))
    stage.run(20)
    stage.close()
    assert blocks(stage) == expected


def test_a_transaction_that_asks_for_more_gas_than_a_block_has_holds_nobody_up(tmp_path: Path) -> None:
    stage = Stage(tmp_path, block_gas_limit=300_000)
    stage.producer()
    stage.host("a", submitting(stage, (0.1, call("greedy", gas=300_001)), (0.2, call("modest"))))
    assert stage.run(20) == [(2.004, "greedy", "mined"), (4.004, "modest", "mined")]
    stage.close()


def test_producers_take_turns_and_one_that_is_down_misses_its_slot(stage: Stage) -> None:
    first = stage.producer("producer-0")
    stage.producer("producer-1")
    stage.host("a", submitting(stage, *((at, call("x")) for at in (1.0, 3.0, 5.0, 9.0, 13.0))))
    stage.at(8.0, first.crash)
    stage.run(20)
    assert [(b.producer, b.timestamp - GENESIS) for b in stage.of(BlockMined)] == [
        ("producer-1", 2),
        ("producer-0", 4),
        ("producer-1", 6),
        ("producer-1", 10),
        ("producer-1", 14),
    ]


def test_without_a_producer_transactions_wait_until_one_is_back(stage: Stage) -> None:
    producer = stage.producer()
    stage.host("a", submitting(stage, (1.0, call("x"))))
    stage.at(0.5, producer.crash)
    stage.at(30.5, producer.restart)
    assert stage.run(60) == [(32.004, "x", "mined")]


class LeavesOut(Behaviour):
    """A producer that leaves out a function."""

    role: ClassVar[Role] = Role.PRODUCER
    defeats: ClassVar[str] = ""
    stopped_by: ClassVar[str] = ""
    shows_in: ClassVar[str] = ""

    @on(Mine)
    def leave_out(self, effect: Mine) -> Steps:
        """Everything but ``x``."""
        return (yield Mine(tuple(one for one in effect.calls if one.function != "x")))


def test_what_a_producer_leaves_out_stays_pending_and_an_empty_block_is_not_mined(stage: Stage) -> None:
    stage.producer().behaviours = ((LeavesOut(), ALWAYS),)
    stage.producer("producer-1")
    stage.host("a", submitting(stage, (2.5, call("x")), (6.5, call("x")), (6.5, call("y"))))
    stage.run(20)
    found = [(m.producer, m.transactions, m.pending, m.timestamp - GENESIS) for m in stage.of(BlockMined)]
    assert found == [("producer-1", 1, 0, 6), ("producer-0", 1, 1, 8), ("producer-1", 1, 0, 10)]


# -- news --------------------------------------------------------------------------------------------------


def test_logs_reach_those_who_subscribed_before_their_own_receipt(stage: Stage) -> None:
    stage.producer()

    def steps() -> Steps:
        yield Subscribe(("x",))
        yield Spawn(submitting(stage, (0.1, call("x", 7)), (0.1, call("y", 8)))())
        yield from following(stage, "a", "x")()

    stage.host("a", steps)
    stage.host("b", following(stage, "b", "y", "z"))
    assert stage.run(10) == [
        (2.004, "a", "x", 7),
        (2.004, "x", "mined"),
        (2.004, "y", "mined"),
        (2.004, "b", "y", 8),
    ]


def test_who_is_cut_off_learns_everything_in_order_when_the_partition_is_over(stage: Stage) -> None:
    stage.producer()
    stage.host("a", submitting(stage, *((at, call("x", int(at))) for at in (1.0, 3.0, 5.0, 7.0))))
    stage.host("b", following(stage, "b", "x"), region="there")
    stage.faults("[{at: 3.5 s, partition: [there], for: 3 s}]")
    stage.run(20)
    assert [(when, n) for when, *_, n in (s for s in stage.said if s[1] == "b")] == [
        (2.004, 1),
        (8.004, 3),
        (8.004, 5),
        (8.004, 7),
    ]


def test_who_is_cut_off_from_every_producer_gets_transactions_out_after_the_partition(stage: Stage) -> None:
    stage.producer()
    stage.host("a", submitting(stage, (1.0, call("x")), (2.0, call("y"))), region="there")
    stage.faults("[{at: 500 ms, partition: [there], for: 5 s}]")
    assert stage.run(20) == [(8.004, "x", "mined"), (8.004, "y", "mined")]


def test_a_transaction_that_never_left_a_host_dies_with_it_and_one_in_the_mempool_does_not(stage: Stage) -> None:
    stage.producer()
    a = stage.host("a", submitting(stage, (1.0, call("sent")), (3.0, call("stuck"))), region="there")
    stage.faults("[{at: 1.5 s, partition: [there], for: 3 s}]")
    stage.at(3.5, a.crash)
    assert stage.run(20) == []
    assert [mined.function for mined in stage.of(TransactionMined)] == ["sent"]


def test_a_crash_loses_subscriptions_and_the_news_on_its_way(stage: Stage) -> None:
    stage.producer()
    stage.host("a", submitting(stage, *((at, call("x", int(at))) for at in (1.0, 3.0, 5.0))))
    b = stage.host("b", following(stage, "b", "x"))
    stage.at(2.002, b.crash)
    stage.at(4.5, b.restart)
    stage.run(20)
    assert [s for s in stage.said if s[1] == "b"] == [(6.004, "b", "x", 5)]


# -- reorgs ------------------------------------------------------------------------------------------------


def functions(stage: Stage) -> list[list[str]]:
    """What the chain holds, block by block."""
    return [[receipt.call.function for receipt in block.receipts] for block in stage.chain.blocks]


def test_a_reorg_puts_transactions_back_in_order_ahead_of_the_others(stage: Stage) -> None:
    stage.producer()
    moments = ((1.0, "k"), (3.0, "x"), (3.1, "y"), (5.0, "z"), (6.4, "new"))
    stage.host("a", submitting(stage, *((at, call(name)) for at, name in moments)))
    stage.faults("[{at: 6.5 s, reorg: 2}]")
    stage.run(20)
    assert functions(stage) == [["k"], [], [], ["x", "y", "z", "new"]]
    assert stage.of(ChainReorged) == [ChainReorged(depth=2, first=2, transactions=3)]


def test_receipts_come_once_and_logs_come_again_after_a_reorg(stage: Stage) -> None:
    stage.producer()
    stage.host("a", submitting(stage, (1.0, call("x"))))
    stage.host("b", following(stage, "b", "x"))
    stage.faults("[{at: 2.5 s, reorg: 1}]")
    assert stage.run(20) == [(2.004, "x", "mined"), (2.004, "b", "x"), (2.504, "b", "reorg", 1), (4.004, "b", "x")]


def test_a_second_reorg_undoes_what_is_on_the_chain_and_nothing_below_it(stage: Stage) -> None:
    stage.producer()
    stage.host("a", submitting(stage, (1.0, call("k")), (3.0, call("x"))))
    stage.faults("[{at: 4.5 s, reorg: 1}, {at: 4.6 s, reorg: 1}, {at: 6.5 s, reorg: 2}]")
    stage.run(20)
    assert functions(stage) == [["k"], [], [], ["x"]]
    assert [(r.depth, r.first, r.transactions) for r in stage.of(ChainReorged)] == [(1, 2, 1), (1, 2, 0), (2, 2, 1)]


def test_a_reorg_stops_at_the_beginning_of_the_run(stage: Stage) -> None:
    stage.producer()
    stage.host("a", submitting(stage, (1.0, call("x"))))
    stage.faults("[{at: 500 ms, reorg: 5}, {at: 2.5 s, reorg: 5}]")
    stage.run(20)
    assert stage.of(ChainReorged) == [ChainReorged(depth=1, first=1, transactions=1)]
    assert functions(stage) == [[], ["x"]]


@pytest.mark.parametrize(
    ("at", "slots", "undone"),
    [("22.5 s", 1, 1), ("24 s", 1, 1), ("23.9 s", 1, 1), ("24.1 s", 1, 0), ("24.1 s", 2, 1), ("24 s", 2, 1),
     ("24.1 s", 10, 1), ("24.1 s", 11, 2), ("24.1 s", 12, 3), ("24.1 s", 60, 3)],
)  # fmt: skip
def test_slots_that_were_left_empty_count_in_a_reorg(stage: Stage, at: str, slots: int, undone: int) -> None:
    """Blocks stand in the slots of 2, 4 and 22 s: empty blocks would fill the others."""
    stage.producer()
    stage.host("a", submitting(stage, (1.0, call("k")), (2.5, call("x")), (20.5, call("y"))))
    stage.faults(f"[{{at: {at}, reorg: {slots}}}]")
    stage.run(23.95 if at < "24" else 24.15)
    assert [r.depth for r in stage.of(ChainReorged)] == [undone] * bool(undone)


def test_of_a_long_run_it_keeps_the_blocks_that_a_reorg_may_undo_and_no_others(stage: Stage) -> None:
    stage.producer()
    more = REORG_DEPTH_MAX + 5
    stage.host("a", submitting(stage, *((2.0 * number + 1, call("x", number)) for number in range(more))))
    stage.at(2.0 * more + 1, lambda: stage.say(len(stage.mempool.mined), stage.mempool.reorg(REORG_DEPTH_MAX + 1)))
    assert stage.run(2.0 * more + 11)[-1][1:] == (REORG_DEPTH_MAX, REORG_DEPTH_MAX)
    assert stage.of(ChainReorged) == [ChainReorged(depth=REORG_DEPTH_MAX, first=6, transactions=REORG_DEPTH_MAX)]
