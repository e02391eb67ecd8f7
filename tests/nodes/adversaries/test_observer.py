"""Behaviours that follow the chain beside their node: each gets its own events, and neither disturbs the other."""

from __future__ import annotations

from typing import Any, ClassVar

from chain.quantities import BatchId
from chain.seam import Log
from nodes.adversaries.behaviour import filtered
from nodes.adversaries.observer import ChainObserver
from nodes.effects import Now, Receive, Steps, Subscribe
from nodes.identity import Role
from nodes.messages import BatchQuery, Envelope
from tests.driving import attached, event, follow, from_client, inbox, past, yielding

MINE, BOTHS, THEIRS = event("Mine"), event("Both"), event("Theirs")


class Watcher(ChainObserver):
    """Hears two events and hides questions about batches."""

    role: ClassVar[Role] = Role.INFERENCE
    watches: ClassVar[tuple[str, ...]] = ("Mine", "Both")
    told: ClassVar[list[str]] = []

    def on_event(self, log: Log) -> Steps:
        """Write it down."""
        yield Now()
        self.told.append(log.event)

    def intercept(self, envelope: Envelope) -> Steps:
        """Questions about batches."""
        yield Now()
        return isinstance(envelope.message, BatchQuery)


class Nosy(Watcher):
    """Hears what no other does."""

    watches: ClassVar[tuple[str, ...]] = ("Theirs", "Other")
    told: ClassVar[list[str]] = []


def answers(*envelopes: Envelope) -> dict[Any, Any]:
    """A mailbox, and a clock for whoever asks."""
    return {**inbox(*envelopes), Now: lambda _: 0.0}


def test_it_subscribes_to_its_events_beside_the_nodes_each_once() -> None:
    course = past(attached(Watcher()), Subscribe(("Both", "Theirs")))
    assert course.one(Subscribe).events == ("Both", "Theirs", "Mine")


def test_the_node_gets_what_it_asked_for_and_the_behaviour_what_it_hears() -> None:
    watcher = attached(Watcher())
    watcher.told.clear()
    past(watcher, Subscribe(("Both", "Theirs")))
    course = past(watcher, *[Receive()] * 2, answers=answers(MINE, BOTHS, MINE, THEIRS))
    assert course.result == [BOTHS, THEIRS]
    assert watcher.told == ["Mine", "Both", "Mine"]


def test_a_message_can_be_kept_from_the_node() -> None:
    question, answer = from_client(BatchQuery(BatchId("0x"))), event("Both")
    watcher = attached(Watcher())
    past(watcher, Subscribe(("Both",)))
    assert past(watcher, Receive(), answers=answers(question, question, answer)).result == [answer]


def test_two_of_them_on_one_node_each_hear_their_own() -> None:
    inner, outer = attached(Watcher()), attached(Nosy())
    inner.told.clear()
    outer.told.clear()
    steps = yielding(Subscribe(("Theirs",)), Receive())
    other = event("Other")
    course = follow(filtered(filtered(steps, inner), outer), answers(MINE, other, BOTHS, THEIRS))
    assert course.one(Subscribe).events == ("Theirs", "Mine", "Both", "Other")
    assert course.result == [None, THEIRS]
    assert (inner.told, outer.told) == (["Mine", "Both"], ["Other", "Theirs"])
