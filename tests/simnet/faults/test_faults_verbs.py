"""What each verb does while it lasts, and that it is over afterwards: on the engine alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chain.quantities import BatchId, Gas, TaskId
from chain.seam import Call
from nodes.effects import Execute, Now, Purpose, Read, Receive, Send, Sleep, Spawn, Steps, Submit, Subscribe
from nodes.messages import BatchQuery
from simnet.log.events import BlockMined, FaultInjected, MessageSent, TransactionMined
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


def beacon(stage: Stage, receiver: str) -> Callable[[], Steps]:
    """Sends the second of each second."""

    def steps() -> Steps:
        while True:
            yield Send(receiver, BatchQuery(BatchId(str(round(stage.engine.now)))))
            yield Sleep(1.0)

    return steps


def hearing(stage: Stage, name: str) -> Callable[[], Steps]:
    """Says what it hears."""

    def steps() -> Steps:
        while True:
            stage.say(name, (yield Receive()).message.batch)

    return steps


def heard(stage: Stage, name: str) -> list[str]:
    """What one of them heard."""
    return [what for _, who, what in stage.said if who == name]


def two_who_talk(stage: Stage) -> None:
    """Both send, both hear."""
    for name, other, region in (("a", "b", "here"), ("b", "a", "there")):

        def steps(name: str = name, other: str = other) -> Steps:
            yield Spawn(beacon(stage, other)())
            yield from hearing(stage, name)()

        stage.host(name, steps, region=region)


# -- the network ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cut", "a_hears", "b_hears"),
    [
        ("{from: a, to: b}", ["0", "1", "2", "3", "4"], ["0", "3", "4"]),
        ("{to: there}", ["0", "1", "2", "3", "4"], ["0", "3", "4"]),
        ("{between: [here, b]}", ["0", "3", "4"], ["0", "3", "4"]),
    ],
)
def test_a_cut_is_one_way_or_both(stage: Stage, cut: str, a_hears: list[str], b_hears: list[str]) -> None:
    two_who_talk(stage)
    stage.faults(f"[{{at: 500 ms, cut: {cut}, for: 2 s}}]")
    stage.run(4.5)
    assert (heard(stage, "a"), heard(stage, "b")) == (a_hears, b_hears)


def test_a_cut_towards_the_producer_keeps_transactions_and_one_from_it_keeps_receipts(stage: Stage) -> None:
    stage.producer()
    stage.host("a", submitting(stage, (1.0, call("x"))))
    stage.host("b", submitting(stage, (1.0, call("y", sender="b"))))
    stage.faults(
        "[{at: 0 s, cut: {from: a, to: producer-0}, for: 5 s}, {at: 0 s, cut: {from: producer-0, to: b}, for: 9 s}]"
    )
    stage.run(20)
    assert [(m.function, m.block) for m in stage.of(TransactionMined)] == [("y", 1), ("x", 2)]
    assert stage.said == [(6.004, "x", "mined"), (10.004, "y", "mined")]


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_losses_in_series_leave_what_passes_both(stage: Stage, share: float) -> None:
    def steps() -> Steps:
        for _ in range(4000):
            yield Send("b", BatchQuery(BatchId("x")))
            yield Sleep(0.001)

    stage.host("a", steps)
    stage.host("b", hearing(stage, "b"))
    stage.faults(
        f"[{{at: 0 s, loss: {{share: {share}, from: a}}, for: 4 s}}, {{at: 0 s, loss: {{share: 0.5}}, for: 4 s}}]"
    )
    stage.run(5)
    lost = sum(bool(message.lost) for message in stage.of(MessageSent)) / 4000
    assert lost == pytest.approx(1 - (1 - share) * 0.5, abs=0.03)
    assert {message.lost for message in stage.of(MessageSent)} <= {"", "loss"}


def test_added_latency_adds_up_and_goes_one_way(stage: Stage) -> None:
    two_who_talk(stage)
    stage.faults("[{at: 500 ms, latency: {add: 100 ms, to: b}, for: 1 s}]")
    stage.faults("[{at: 500 ms, latency: {add: 30 ms, from: here}, for: 2 s}]")
    stage.run(3.5)
    delays = {name: [m.delay_s for m in stage.of(MessageSent) if m.sender == name] for name in "ab"}
    assert delays == {"a": pytest.approx([0.004, 0.134, 0.034, 0.004]), "b": pytest.approx([0.004] * 4)}


def test_added_latency_delays_transactions_and_blocks(stage: Stage) -> None:
    stage.producer()
    stage.host("a", submitting(stage, (1.0, call("x"))))
    stage.faults("[{at: 0 s, latency: {add: 1 s, between: [a, producer-0]}}]")
    assert stage.run(9) == [(5.004, "x", "mined")]  # there at 2.004, in the block of 4, back a second later


# -- nodes ---------------------------------------------------------------------------------------------------


def test_a_device_is_slow_as_long_as_a_fault_says_so(stage: Stage) -> None:
    def steps() -> Steps:
        for _ in range(3):
            yield Execute("m", np.array([0.5]), Purpose.ANSWER, TaskId("t"))
            stage.say("done")

    stage.host("a", steps)
    stage.faults(
        "[{at: 100 ms, slow: {nodes: a, times: 4}, for: 2 s}, {at: 200 ms, slow: {nodes: here, times: 3}, for: 9 s}]"
    )
    assert [time_s for time_s, _ in stage.run(9)] == [0.5, 6.5, 8.0]


def test_clocks_run_ahead_or_behind_and_waiting_is_no_matter_of_the_clock(stage: Stage) -> None:
    def steps() -> Steps:
        while True:
            stage.say(round((yield Now()), 3))
            yield Sleep(1.0)

    stage.host("a", steps)
    stage.faults(
        "[{at: 500 ms, skew: {nodes: a, ahead: 10 s}, for: 2 s}, {at: 1.5 s, skew: {nodes: a, behind: 3 s}, for: 2 s}]"
    )
    stage.faults("[{at: 3.5 s, skew: {nodes: a, behind: 9 s}, for: 2 s}]")
    assert stage.run(6.5) == [(0, 0), (1, 11), (2, 9), (3, 0), (4, 0), (5, 0), (6, 6)]


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("timeout", [(7.504, "later", "mined"), (7.504, "x", "mined")]),
        ("fail", [(3.0, "x", "RpcFailed()"), (8.004, "later", "mined")]),
    ],
)
def test_an_endpoint_that_takes_no_transactions(stage: Stage, how: str, expected: list[Any]) -> None:
    stage.producer()
    stage.host("a", submitting(stage, (1.0, call("x")), (6.0, call("later"))))
    stage.faults(f"[{{at: 500 ms, rpc: {{nodes: a, calls: [submit], how: {how}}}, for: 5 s}}]")
    said = stage.run(20)
    if how == "timeout":
        assert [(what, end) for _, what, end in said] == [("x", "mined"), ("later", "mined")]
        assert all(5.5 < time_s < 10 for time_s, *_ in said)
        assert not stage.of(TransactionMined)[0].revert
    else:
        assert said == expected
        assert [mined.function for mined in stage.of(TransactionMined)] == ["later"]


def test_an_endpoint_that_answers_no_views_is_asked_again(stage: Stage) -> None:
    def steps() -> Steps:
        yield Sleep(1.0)
        stage.say((yield Read("Echo", "head")) is not None)

    stage.host("a", steps)
    stage.faults("[{at: 500 ms, rpc: {nodes: a, calls: [read]}, for: 4 s}]")
    assert stage.run(9) == [(5.0, True)]


@pytest.mark.parametrize("how", ["timeout", "fail"])
def test_events_that_an_endpoint_did_not_serve_are_read_back_in_order_when_it_does(stage: Stage, how: str) -> None:
    stage.producer()
    stage.host("a", submitting(stage, *((at, call("x", int(at))) for at in (1.0, 3.0, 5.0, 7.0))))

    def steps() -> Steps:
        yield Subscribe(("x",))
        while True:
            stage.say("b", *(yield Receive()).message.args["n"])

    stage.host("b", steps)
    stage.faults(f"[{{at: 3.5 s, rpc: {{nodes: b, calls: [subscribe], how: {how}}}, for: 4 s}}]")
    stage.run(20)
    heard = [(said[2], said[0]) for said in stage.said if said[1] == "b"]
    assert [number for number, _ in heard] == [1, 3, 5, 7]
    assert [7.5 < time_s < 10 for _, time_s in heard] == [False, True, True, True]


# -- the chain -----------------------------------------------------------------------------------------------


def mined(stage: Stage) -> list[tuple[str, int]]:
    """Functions of transactions, and seconds since genesis of their blocks."""
    at = {block.number: block.timestamp - GENESIS for block in stage.of(BlockMined)}
    return [(transaction.function, at[transaction.block]) for transaction in stage.of(TransactionMined)]


@pytest.mark.parametrize(
    ("censor", "expected"),
    [
        ("{senders: a}", [("y", 2), ("x", 10)]),
        ("{function: y}", [("x", 2), ("y", 10)]),
        ("{senders: a, function: y}", [("x", 2), ("y", 2)]),
        ("{contract: Echo, producers: producer-0}", [("x", 2), ("y", 2)]),
        ("{contract: Echo}", [("x", 10), ("y", 10)]),
    ],
)
def test_what_producers_must_leave_out_stays_pending(
    stage: Stage, censor: str, expected: list[tuple[str, int]]
) -> None:
    stage.producer("producer-0")
    stage.producer("producer-1")
    stage.host("a", submitting(stage, (1.0, call("x"))))
    stage.host("b", submitting(stage, (1.1, call("y", sender="b"))))
    stage.faults(f"[{{at: 0 s, censor: {censor}, for: 9 s}}]")
    stage.run(20)
    assert mined(stage) == expected


def test_congestion_leaves_a_share_of_the_room_and_what_does_not_fit_waits(tmp_path: Any) -> None:
    stage = Stage(tmp_path, block_gas_limit=1_000_000)
    stage.producer()
    big = call("big", gas=300_000)
    stage.host("a", submitting(stage, (1.0, big), *((1.1, call(name)) for name in "wxyz")))
    stage.faults("[{at: 0 s, congestion: 80 %, for: 5 s}, {at: 0 s, congestion: 10 %, for: 20 s}]")
    stage.run(20)
    stage.close()
    assert mined(stage) == [("w", 2), ("x", 2), ("y", 4), ("z", 4), ("big", 6)]


def test_blocks_that_are_full_of_others_hold_nothing_of_ours(stage: Stage) -> None:
    stage.producer()
    stage.host("a", submitting(stage, (1.0, call("x"))))
    stage.faults("[{at: 0 s, congestion: 100 %, for: 7 s}]")
    assert stage.run(20) == [(8.004, "x", "mined")]


def test_a_spike_of_the_gas_price_stops_what_was_signed_before_it_and_not_what_pays_for_it(stage: Stage) -> None:
    stage.producer()
    stage.host("a", submitting(stage, (1.0, call("before")), (3.0, call("meanwhile")), (9.0, call("after"))))
    stage.faults("[{at: 1500 ms, gas_price: 20, for: 6 s}]")
    stage.run(20)
    assert mined(stage) == [("meanwhile", 4), ("before", 8), ("after", 10)]


def test_a_rise_of_the_gas_price_within_what_wallets_bid_stops_nothing(stage: Stage) -> None:
    stage.producer()
    stage.host("a", submitting(stage, (1.0, call("x"))))
    stage.faults("[{at: 1500 ms, gas_price: 2, for: 6 s}]")
    stage.run(20)
    assert mined(stage) == [("x", 2)]


# -- words ---------------------------------------------------------------------------------------------------


def test_the_log_says_what_happened_in_words(stage: Stage) -> None:
    two_who_talk(stage)
    stage.producer()
    stage.faults(
        "[{at: 1 s, cut: {from: a, to: b}}, {at: 2 s, loss: {share: 20 %}}, {at: 3 s, slow: {nodes: b, times: 8}}]"
    )
    stage.run(5)
    assert [record.says for record in stage.of(FaultInjected)] == [
        "nothing gets through from a to b",
        "20 % of messages lost anywhere",
        "devices of b 8 times as slow",
    ]
