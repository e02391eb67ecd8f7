"""Faults that overlap: each keeps its effect while it is open, and takes nothing but its own away when it ends."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from chain.quantities import BatchId
from nodes.effects import Receive, Send, Sleep, Steps
from nodes.messages import BatchQuery
from simnet.faults.fault import Fault, Undo
from simnet.log.events import FaultEnded, FaultInjected, MessageSent
from simnet.plugins import faults as known
from tests.stage import Stage

NAMES = ("a", "b", "c", "d")
REGION = {"a": "here", "b": "here", "c": "there", "d": "there"}
SECONDS = 12


def fault(**described: Any) -> Fault:
    """A fault, as a scenario has it."""
    verb = next(key for key in described if key in known())
    read: Fault = TypeAdapter(known()[verb]).validate_python({"at": "0 s", **described})
    return read


@contextmanager
def stage_of(*names: str) -> Iterator[Stage]:
    """A stage whose hosts wait for messages, in two regions, and a producer."""
    with empty_stage() as stage:
        for name in names:
            stage.host(name, waiting, region=REGION[name])
        stage.producer()
        stage.run(0.001)
        yield stage


@contextmanager
def empty_stage() -> Iterator[Stage]:
    """A stage of its own for each example that hypothesis draws."""
    with tempfile.TemporaryDirectory() as directory, closing(Stage(Path(directory))) as stage:
        yield stage


def waiting() -> Steps:
    """Takes whatever comes."""
    while True:
        yield Receive()


def state(stage: Stage) -> dict[str, Any]:
    """Everything that faults change, without the numbers of what they laid there."""
    network, chain = stage.network, stage.mempool.conditions
    layers: dict[str, dict[int, Any]] = {
        "cuts": network.cuts,
        "holds": {i: hold.way for i, hold in network.holds.items()},
        "losses": network.losses,
        "delays": network.delays,
        "censored by": {i: ban.producers for i, ban in chain.censorships.items()},
        "filled": chain.filled,
        "gas": chain.gas_prices,
        "OPG": chain.opg_prices,
    }
    for name, host in stage.engine.hosts.items():
        own = host.conditions
        layers |= {f"{name} {what}": part for what, part in (("clock", own.clock_s), ("slow", own.slowness))}
        layers |= {f"{name} rpc": own.rpc, f"{name} down": own.outages}
    up = {f"{name} is up": host.up for name, host in stage.engine.hosts.items()}
    return {**{what: list(layer.values()) for what, layer in layers.items()}, **up}


PLACES = st.sampled_from([*NAMES, "here", "there"])
SIDES = st.lists(PLACES, min_size=1, max_size=3, unique=True)
NODES = st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True)
WAY = st.fixed_dictionaries({"from": SIDES, "to": SIDES})
ANY_FAULT = st.one_of(
    st.builds(lambda side: fault(partition=side), SIDES),
    st.builds(lambda way: fault(cut=way), WAY),
    st.builds(lambda way: fault(hold=way), WAY),
    st.builds(lambda way, share: fault(loss={**way, "share": share}), WAY, st.sampled_from([0.1, 0.5, 1.0])),
    st.builds(lambda way, ms: fault(latency={**way, "add": f"{ms} ms"}), WAY, st.integers(1, 900)),
    st.builds(lambda who: fault(crash=who), NODES),
    st.builds(lambda share: fault(outage={"share": share}), st.sampled_from([0.2, 0.5, 1.0])),
    st.builds(lambda who, times: fault(slow={"nodes": who, "times": times}), SIDES, st.integers(2, 9)),
    st.builds(lambda who, s: fault(skew={"nodes": who, "behind": f"{s} s"}), SIDES, st.integers(1, 9)),
    st.builds(lambda who, how: fault(rpc={"nodes": who, "how": how}), SIDES, st.sampled_from(["timeout", "fail"])),
    st.builds(lambda who: fault(censor={"senders": who}), SIDES),
    st.builds(lambda share: fault(congestion=share), st.sampled_from([0.5, 1.0])),
    st.builds(lambda times: fault(gas_price=times), st.sampled_from([0.5, 3, 20])),
    st.builds(lambda worth: fault(price=worth), st.sampled_from([0.2, 4])),
)


@settings(max_examples=60)
@given(st.lists(ANY_FAULT, max_size=7), st.data())
def test_whatever_was_undone_in_whatever_order_what_is_left_is_what_only_the_open_ones_would_have_made(
    drawn: list[Fault], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(drawn))))
    gone = order[: data.draw(st.integers(0, len(drawn)))]
    with stage_of(*NAMES) as stage, stage_of(*NAMES) as calm:
        for one in drawn:
            stage.injector.inject(one)
        for number in gone:
            stage.injector.undo(number)
            stage.injector.undo(number)  # a second time undoes nothing
        for number, one in enumerate(drawn):
            if number not in gone:
                calm.injector.inject(one)
        assert state(stage) == state(calm)
        assert sorted(stage.injector.open) == sorted(set(range(len(drawn))) - set(gone))
        assert [record.fault for record in stage.of(FaultEnded)] == gone


@given(st.lists(ANY_FAULT, max_size=7), st.randoms(use_true_random=False))
def test_when_all_are_undone_network_chain_and_hosts_are_as_before(drawn: list[Fault], order: Any) -> None:
    with stage_of(*NAMES) as stage:
        before = state(stage)
        for one in drawn:
            stage.injector.inject(one)
        numbers = list(stage.injector.open)
        order.shuffle(numbers)
        for number in numbers:
            stage.injector.undo(number)
        assert state(stage) == before
        assert stage.injector.open == {}


# -- over time -----------------------------------------------------------------------------------------------


def spans() -> st.SearchStrategy[tuple[float, float]]:
    """Begin and duration, off the whole seconds in which messages are sent."""
    halves = st.integers(0, SECONDS - 2).map(lambda s: s + 0.5)
    return st.tuples(halves, st.integers(1, SECONDS))


def beacon(stage: Stage, receivers: tuple[str, ...]) -> Callable[[], Steps]:
    """Sends everybody the second of each second, and hears what comes."""

    def steps() -> Steps:
        for second in range(SECONDS):
            for receiver in receivers:
                yield Send(receiver, BatchQuery(BatchId(str(second))))
            yield Sleep(1.0)

    return steps


@settings(max_examples=25)
@given(st.lists(st.tuples(SIDES, spans()), min_size=1, max_size=5))
def test_a_message_is_lost_exactly_while_some_partition_is_between(cuts: list[tuple[list[str], Any]]) -> None:
    with empty_stage() as stage:
        for name in NAMES:
            stage.host(name, beacon(stage, tuple(n for n in NAMES if n != name)), region=REGION[name])
        text = [{"at": f"{at} s", "partition": side, "for": f"{lasts} s"} for side, (at, lasts) in cuts]
        stage.faults(yaml.safe_dump(text))
        stage.run(SECONDS)

    def apart(sender: str, receiver: str, time_s: float) -> bool:
        def inside(name: str, side: list[str]) -> bool:
            return name in side or REGION[name] in side

        open_now = [side for side, (at, lasts) in cuts if at <= time_s < at + lasts]
        return any(inside(sender, side) != inside(receiver, side) for side in open_now)

    sent = [(time_s, record) for time_s, record in stage.records if isinstance(record, MessageSent)]
    assert len(sent) == SECONDS * len(NAMES) * (len(NAMES) - 1)
    for time_s, record in sent:
        assert bool(record.lost) == apart(record.sender, record.receiver, time_s), (time_s, record)


@settings(max_examples=25)
@given(st.lists(spans(), min_size=1, max_size=5))
def test_a_held_message_arrives_once_and_when_no_hold_that_caught_it_is_open(holds: list[Any]) -> None:
    with empty_stage() as stage:
        stage.host("a", beacon(stage, ("b",)))
        stage.host("b", lambda: hearing(stage))
        text = [{"at": f"{at} s", "hold": {"from": "a", "to": "b"}, "for": f"{lasts} s"} for at, lasts in holds]
        stage.faults(yaml.safe_dump(text))
        said = stage.run(3 * SECONDS)
    arrived = {int(second): time_s for time_s, second in said}
    assert sorted(arrived) == list(range(SECONDS))
    assert len(said) == SECONDS
    for second, time_s in arrived.items():
        free_at = float(second)
        while closed := [at + lasts for at, lasts in holds if at <= free_at < at + lasts]:
            free_at = max(closed)
        assert time_s == pytest.approx(free_at + (0.004 if free_at == second else 0.05)), (second, time_s)


def hearing(stage: Stage) -> Steps:
    """Says what it hears."""
    while True:
        stage.say((yield Receive()).message.batch)


# -- mending by hand -----------------------------------------------------------------------------------------


def test_a_restart_frees_the_nodes_it_names_from_all_crashes_and_no_other_node() -> None:
    with stage_of(*NAMES) as stage:
        for one in (fault(crash=["a", "b"]), fault(crash=["b", "c"]), fault(restart=["b"])):
            stage.injector.inject(one)
        hosts = stage.engine.hosts
        assert [hosts[name].up for name in NAMES] == [False, True, False, True]
        assert [(ended.fault, ended.targets, ended.whole) for ended in stage.of(FaultEnded)] == [
            (0, ["b"], False),
            (1, ["b"], False),
        ]
        stage.injector.undo(0)
        assert [hosts[name].up for name in NAMES] == [True, True, False, True]
        assert stage.of(FaultEnded)[-1].targets == ["a"]


def test_heal_ends_partitions_and_cuts_and_their_own_ends_come_to_nothing(stage: Stage) -> None:
    stage.host("a", waiting)
    stage.host("b", waiting)
    stage.faults("[{at: 1 s, partition: [a], for: 9 s}, {at: 2 s, cut: {to: b}, for: 9 s}, {at: 3 s, heal: all}]")
    stage.faults("[{at: 4 s, partition: [b], for: 20 s}]")
    stage.run(15)
    assert [(round(t), record.fault) for t, record in stage.records if isinstance(record, FaultEnded)] == [
        (3, 0),
        (3, 1),
    ]
    assert not stage.network.reaches("a", "b")  # the later partition outlives the ends that the first ones had


def test_release_sends_on_what_every_hold_keeps(stage: Stage) -> None:
    stage.host("a", beacon(stage, ("b",)))
    stage.host("b", lambda: hearing(stage))
    stage.faults("[{at: 500 ms, hold: {from: a, to: b}}, {at: 600 ms, hold: {from: a, to: b}}, {at: 2.5 s, release}]")
    assert stage.run(2.9) == [(0.004, "0"), (2.55, "1"), (2.55, "2")]


def test_an_undo_frees_each_of_its_parts_once() -> None:
    freed: list[str] = []
    undo = Undo.each({name: lambda name=name: freed.append(name) for name in "xyz"})  # type: ignore[misc]
    assert undo(["y", "w"]) == ["y"]
    assert undo.names == ["x", "z"]
    assert undo() == ["x", "z"]
    assert undo() == []
    assert freed == ["y", "x", "z"]


def test_the_log_joins_a_fault_and_its_end_by_a_number(stage: Stage) -> None:
    stage.host("a", waiting)
    stage.host("b", waiting)
    stage.faults("[{at: 1 s, crash: [a], for: 5 s}, {at: 2 s, crash: [a, b], for: 1 s}]")
    stage.run(10)
    assert [(i.fault, i.targets, i.condition, i.lasts) for i in stage.of(FaultInjected)] == [
        (0, ["a"], "down", True),
        (1, ["a", "b"], "down", True),
    ]
    assert [(ended.fault, ended.whole) for ended in stage.of(FaultEnded)] == [(1, True), (0, True)]
