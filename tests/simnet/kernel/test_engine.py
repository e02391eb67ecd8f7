"""The engine: what each effect does, and when its answer comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest

from chain.formats.signing import recover, voucher_digest
from chain.quantities import BatchId, TaskId, Wei
from nodes.adversaries.behaviour import ALWAYS, Behaviour, on
from nodes.effects import (
    Check,
    Execute,
    Note,
    Now,
    Over,
    Pay,
    Purpose,
    Read,
    Receive,
    Reply,
    Request,
    Send,
    Sign,
    Sleep,
    Spawn,
    Steps,
    Verdict,
)
from nodes.identity import Role
from nodes.messages import BatchQuery, Message, Refusal
from nodes.models.devices import DEVICES, seconds
from nodes.models.execution import Execution
from nodes.models.zoo import default_zoo
from nodes.records import DutyFailed
from simnet.kernel.compute import ComputeTime
from simnet.kernel.mail import Mail
from simnet.log.events import Executed, MessageSent
from tests.driving import any_claim
from tests.stage import DOMAIN, Stage, identity


def nothing() -> Steps:
    """A participant that only listens to nobody."""
    yield Sleep(0.0)


def word(text: str) -> Message:
    """A message that says something."""
    return BatchQuery(BatchId(text))


def listener(stage: Stage, name: str) -> Callable[[], Steps]:
    """Says what it hears."""

    def steps() -> Steps:
        while True:
            envelope = yield Receive()
            stage.say(name, "hears", envelope.message.batch)

    return steps


def answering(stage: Stage, delay_s: float) -> Callable[[], Steps]:
    """Replies to each request after a while, and goes on listening meanwhile."""

    def answer(envelope: Any) -> Steps:
        yield Sleep(delay_s)
        yield Reply(envelope, Refusal(envelope.message.batch, "no"))

    def steps() -> Steps:
        while True:
            yield Spawn(answer((yield Receive())))

    return steps


def value(seconds: float) -> np.ndarray:
    """Input of an execution that takes so long."""
    return np.array([seconds], np.float32)


# -- time --------------------------------------------------------------------------------------------------


def test_time_passes_while_a_participant_sleeps_and_only_then(stage: Stage) -> None:
    def steps() -> Steps:
        stage.say((yield Now()))
        yield Sleep(2.5)
        stage.say((yield Now()))
        stage.say((yield Now()))

    stage.host("a", steps)
    assert stage.run(10) == [(0, 0), (2.5, 2.5), (2.5, 2.5)]


def test_who_wakes_at_the_same_moment_goes_in_the_order_of_falling_asleep(stage: Stage) -> None:
    def sleeper(name: str) -> Callable[[], Steps]:
        def steps() -> Steps:
            yield Sleep(1.0)
            stage.say(name)

        return steps

    for name in ("c", "a", "b"):
        stage.host(name, sleeper(name))
    assert stage.run(10) == [(1, "c"), (1, "a"), (1, "b")]


def test_who_sleeps_for_nothing_but_what_is_over_never_wakes_and_is_forgotten(stage: Stage) -> None:
    def sleeping(name: str, about: str) -> Steps:
        yield Sleep(5.0, about)
        stage.say(name, "woke")
        yield Sleep(5.0)
        stage.say(name, "woke again")

    def steps() -> Steps:
        for name, about in (("one", "a"), ("two", "b"), ("three", ""), ("four", "a")):
            yield Spawn(sleeping(name, about))
        yield Sleep(2.0)
        yield Over("a")
        yield Over("of nothing")
        yield Sleep(5.0)
        yield Over("b")  # who sleeps for something else by now goes on

    host = stage.host("client-0", steps)
    assert stage.run(20) == [
        *((5, "two", "woke"), (5, "three", "woke")),
        *((10, "two", "woke again"), (10, "three", "woke again")),
    ]
    assert host.tasks == {}


def test_spawned_steps_run_up_to_their_first_wait_before_the_spawner_goes_on(stage: Stage) -> None:
    def child() -> Steps:
        stage.say("child begins")
        yield Sleep(1.0)
        stage.say("child ends")

    def steps() -> Steps:
        stage.say("parent spawns")
        yield Spawn(child())
        stage.say("parent goes on")
        yield Sleep(2.0)
        stage.say("parent ends")

    stage.host("a", steps)
    assert stage.run(10) == [
        (0, "parent spawns"),
        (0, "child begins"),
        (0, "parent goes on"),
        (1, "child ends"),
        (2, "parent ends"),
    ]


def test_a_note_is_in_the_log_at_the_time_it_was_made(stage: Stage) -> None:
    def steps() -> Steps:
        yield Sleep(1.5)
        yield Note(DutyFailed("a", BatchId("0x00"), "tired"))

    stage.host("a", steps)
    stage.run(10)
    assert (1.5, DutyFailed("a", BatchId("0x00"), "tired")) in stage.records


# -- messages ----------------------------------------------------------------------------------------------


def test_a_message_takes_its_time_and_the_sender_does_not_wait(stage: Stage) -> None:
    def steps() -> Steps:
        yield Send("b", word("hello"))
        stage.say("a goes on")

    stage.host("a", steps)
    stage.host("b", listener(stage, "b"))
    assert stage.run(10) == [(0, "a goes on"), (0.004, "b", "hears", "hello")]
    assert stage.of(MessageSent) == [MessageSent("a", "b", "BatchQuery", 256, 0.004, "")]


def test_a_mailbox_keeps_what_arrives_while_its_owner_is_busy_in_order_of_arrival(stage: Stage) -> None:
    def busy() -> Steps:
        yield Sleep(5.0)
        while True:
            envelope = yield Receive()
            stage.say(envelope.sender, envelope.message.batch)

    def sender(name: str, at_s: float) -> Callable[[], Steps]:
        def steps() -> Steps:
            yield Sleep(at_s)
            yield Send("busy", word("first"))
            yield Send("busy", word("second"))

        return steps

    stage.host("busy", busy)
    stage.host("late", sender("late", 2.0))
    stage.host("early", sender("early", 1.0))
    assert [what for _, *what in stage.run(10)] == [
        ["early", "first"],
        ["early", "second"],
        ["late", "first"],
        ["late", "second"],
    ]


def test_a_request_gets_its_reply(stage: Stage) -> None:
    def steps() -> Steps:
        reply = yield Request("b", word("x"), timeout_s=5.0)
        stage.say(reply.task, reply.reason)

    stage.host("a", steps)
    stage.host("b", answering(stage, 1.0))
    assert stage.run(10) == [(1.008, "x", "no")]


def test_a_request_that_nobody_answers_in_time_gets_none_and_a_late_reply_is_ignored(stage: Stage) -> None:
    def steps() -> Steps:
        stage.say((yield Request("b", word("x"), timeout_s=1.0)))
        yield Sleep(60.0)
        stage.say("nothing came")

    stage.host("a", steps)
    stage.host("b", answering(stage, 2.0))
    assert stage.run(100) == [(1, None), (61, "nothing came")]
    mail = stage.engine.hosts["a"].facilities["mail"]
    assert isinstance(mail, Mail)
    assert not mail.mailbox


def test_a_reply_just_inside_the_timeout_counts_and_the_timeout_is_forgotten(stage: Stage) -> None:
    def steps() -> Steps:
        reply = yield Request("b", word("x"), timeout_s=1.009)
        stage.say(reply is not None)
        yield Sleep(10.0)
        stage.say("slept in peace")

    stage.host("a", steps)
    stage.host("b", answering(stage, 1.0))
    assert stage.run(100) == [(1.008, True), (11.008, "slept in peace")]


def test_replies_that_overtake_each_other_reach_the_requests_they_answer(stage: Stage) -> None:
    def ask(text: str) -> Steps:
        reply = yield Request("b", word(text), timeout_s=60.0)
        stage.say(text, reply.task)

    def steps() -> Steps:
        yield Spawn(ask("slow"))
        yield Spawn(ask("quick"))

    def b() -> Steps:
        slow, quick = (yield Receive()), (yield Receive())
        yield Reply(quick, Refusal(quick.message.batch, ""))
        yield Sleep(1.0)
        yield Reply(slow, Refusal(slow.message.batch, ""))

    stage.host("a", steps)
    stage.host("b", b)
    assert [what for _, *what in stage.run(10)] == [["quick", "quick"], ["slow", "slow"]]


# -- work --------------------------------------------------------------------------------------------------


def test_a_device_works_on_one_thing_at_a_time_first_come_first_served(stage: Stage) -> None:
    def work(name: str, seconds: float) -> Steps:
        yield Execute("m", value(seconds), Purpose.ANSWER, TaskId(name))
        stage.say(name)

    def steps() -> Steps:
        yield Spawn(work("long", 3.0))
        yield Spawn(work("short", 1.0))
        yield Sleep(10.0)
        yield Spawn(work("later", 1.0))

    stage.host("a", steps)
    assert stage.run(20) == [(3, "long"), (4, "short"), (11, "later")]
    waits = [(e.task, e.busy_s, e.wait_s) for e in stage.of(Executed)]
    assert waits == [("long", 3.0, 0.0), ("short", 1.0, 3.0), ("later", 1.0, 0.0)]


def test_devices_of_two_hosts_work_at_the_same_time(stage: Stage) -> None:
    def steps() -> Steps:
        yield Execute("m", value(2.0), Purpose.CHECK, TaskId("t"))
        stage.say("done")

    stage.host("a", steps)
    stage.host("b", steps)
    assert stage.run(20) == [(2, "done"), (2, "done")]


def test_a_participant_without_a_device_cannot_execute(stage: Stage) -> None:
    def steps() -> Steps:
        yield Execute("m", value(1.0), Purpose.CHECK, TaskId("t"))

    stage.host("a", steps, executes=False)
    with pytest.raises(TypeError, match="a has no facility for Execute"):
        stage.run(1)


class Watcher(Behaviour):
    """Tells of each execution it sees."""

    role: ClassVar[Role] = Role.CLIENT
    defeats: ClassVar[str] = ""
    stopped_by: ClassVar[str] = ""
    shows_in: ClassVar[str] = ""
    seen: ClassVar[list[str]] = []

    @on(Execute)
    def look(self, effect: Execute) -> Steps:
        """Count it."""
        self.seen.append(effect.task)
        return (yield effect)


def test_a_check_answers_what_its_procedure_returns_and_its_steps_pass_the_behaviours(stage: Stage) -> None:
    def procedure() -> Steps:
        yield Sleep(1.0)
        yield Execute("m", value(1.0), Purpose.CHECK, TaskId("inside the check"))
        return Verdict.INVALID

    def steps() -> Steps:
        verdict = yield Check("node", any_claim(), TaskId("0x00"), procedure)
        stage.say(verdict)

    Watcher.seen.clear()
    stage.host("a", steps, behaviours=((Watcher(), ALWAYS),))
    assert stage.run(10) == [(2, Verdict.INVALID)]
    assert Watcher.seen == ["inside the check"]


def test_signatures_are_the_participants_own(stage: Stage) -> None:
    digest = bytes(range(32))

    def steps() -> Steps:
        stage.said.append((yield Sign(digest)))
        stage.said.append((yield Pay("b", Wei(7), Wei(2), TaskId("0x00"))))

    stage.host("a", steps)
    stage.host("b", nothing)
    signature, voucher = stage.run(1)
    a, b = identity("a").address, identity("b").address
    assert recover(digest, signature) == a
    assert (voucher.client, voucher.cumulative) == ("a", 7)
    assert recover(voucher_digest(DOMAIN, a, b, Wei(7), Wei(2)), voucher.signature) == a


def test_a_read_answers_the_view_and_none_if_it_reverts(stage: Stage) -> None:
    def steps() -> Steps:
        stage.said.append((yield Read("Any", "head")))
        stage.said.append((yield Read("Any", "anything else")))

    stage.host("a", steps)
    assert stage.run(1) == [(0, 1_000), None]


# -- crash and restart -------------------------------------------------------------------------------------


def test_a_crash_ends_every_task_and_a_restart_begins_anew(stage: Stage) -> None:
    def ticking(name: str) -> Steps:
        while True:
            yield Sleep(1.0)
            stage.say(name, "ticks")

    def steps() -> Steps:
        stage.say("begins")
        yield Spawn(ticking("spawned"))
        yield from ticking("main")

    a = stage.host("a", steps)
    stage.at(1.5, a.crash)
    stage.at(3.5, a.restart)
    assert stage.run(5) == [
        (0, "begins"),
        (1, "spawned", "ticks"),
        (1, "main", "ticks"),
        (3.5, "begins"),
        (4.5, "spawned", "ticks"),
        (4.5, "main", "ticks"),
    ]


def test_what_was_in_the_mailbox_and_what_arrives_at_a_crashed_host_is_gone(stage: Stage) -> None:
    def a() -> Steps:
        for text in ("before", "during", "after"):
            yield Send("b", word(text))
            yield Sleep(2.0)

    def b() -> Steps:
        yield Sleep(1.5)
        while True:
            stage.say((yield Receive()).message.batch)

    stage.host("a", a)
    host = stage.host("b", b)
    stage.at(1.0, host.crash)
    stage.at(2.002, host.restart)
    stage.at(2.001, lambda: stage.say("down"))
    assert stage.run(10) == [(2.001, "down"), (3.502, "during"), (4.004, "after")]


def test_a_message_that_arrives_while_the_host_is_down_vanishes(stage: Stage) -> None:
    def a() -> Steps:
        yield Sleep(1.0)
        yield Send("b", word("lost"))

    stage.host("a", a)
    host = stage.host("b", listener(stage, "b"))
    stage.at(0.5, host.crash)
    stage.at(5.0, host.restart)
    assert stage.run(10) == []


def test_a_reply_to_somebody_who_crashed_meanwhile_wakes_nobody(stage: Stage) -> None:
    def a() -> Steps:
        stage.say("asks")
        reply = yield Request("b", word("x"), timeout_s=60.0)
        stage.say("got", reply.task)

    host = stage.host("a", a)
    stage.host("b", answering(stage, 10.0))
    stage.at(1.0, host.crash)
    stage.at(5.0, host.restart)
    assert stage.run(100) == [(0, "asks"), (5, "asks"), (15.008, "got", "x")]


def test_an_execution_in_progress_dies_with_its_host_and_frees_the_device(stage: Stage) -> None:
    def a() -> Steps:
        stage.say("begins")
        yield Execute("m", value(10.0), Purpose.ANSWER, TaskId("t"))
        stage.say("done")

    host = stage.host("a", a)
    stage.at(1.0, host.crash)
    stage.at(2.0, host.restart)
    assert stage.run(100) == [(0, "begins"), (2, "begins"), (12, "done")]


def test_restarting_who_never_crashed_does_nothing(stage: Stage) -> None:
    def a() -> Steps:
        stage.say("begins")
        yield Sleep(10.0)

    host = stage.host("a", a)
    stage.at(1.0, host.restart)
    assert stage.run(5) == [(0, "begins")]


# -- compute time ------------------------------------------------------------------------------------------


def test_modelled_time_follows_the_device_and_measured_time_the_processor() -> None:
    zoo = default_zoo()
    reference = zoo.model("digits_mlp").reference
    execution = Execution(value(0.0), reference.macs, cpu_s=123.0)
    for name in ("cpu", "gpu"):
        expected = seconds(reference.macs, reference, name)
        assert ComputeTime(zoo).seconds("digits_mlp", reference.name, execution, DEVICES[name]) == expected
        assert ComputeTime(zoo, measured=True).seconds("digits_mlp", reference.name, execution, DEVICES[name]) == 123.0
