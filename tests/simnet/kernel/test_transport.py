"""What every transport promises, held against each: the simulated network, the one of a run with servers, and one that
goes through the inbox.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from chain.quantities import BatchId, TaskId
from nodes.effects import Receive, Reply, Request, Steps
from nodes.messages import BatchQuery, Envelope, Message, Refusal
from simnet.kernel import transport
from simnet.kernel.network import Network
from simnet.kernel.pace import Pace, drive
from simnet.kernel.scheduler import Scheduler
from simnet.kernel.streams import Streams
from simnet.kernel.transport import SimulatedTransport, Transport
from simnet.log.events import EventLog
from simnet.servers.external import ExternalTransport
from tests.stage import CALM, Stage

NAMES = ("a", "b", "c")


class Loopback:
    """Carries messages within the process, as one does that hears of them from other threads."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._listening: dict[str, transport.Receive] = {}

    def listen(self, name: str, receive: transport.Receive) -> None:
        """Have `receive` called with what is sent to `name`."""
        self._listening[name] = receive

    def send(self, sender: str, receiver: str, message: Message, request: int = 0, reply_to: int = 0) -> None:
        """Put it into the event loop's inbox."""
        receive = self._listening[receiver]
        self._scheduler.inbox.put(partial(receive, Envelope(sender, message, request, reply_to)))


class Lines:
    """A transport at work, and what it has handed over to whom."""

    def __init__(self, scheduler: Scheduler, made: Transport) -> None:
        self.scheduler = scheduler
        self.transport = made
        self.arrived: list[tuple[str, Envelope]] = []
        for name in NAMES:
            made.listen(name, partial(self._take, name))

    def _take(self, name: str, envelope: Envelope) -> None:
        self.arrived.append((name, envelope))

    def run(self) -> list[tuple[str, Envelope]]:
        """Let everything arrive."""
        drive(self.scheduler, 60.0, Pace(), lambda _: None)
        return self.arrived


@pytest.fixture(params=["simulated", "external", "loopback"])
def lines(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lines]:
    """Each transport in turn."""
    scheduler = Scheduler()
    if request.param == "loopback":
        yield Lines(scheduler, Loopback(scheduler))
        return
    network, log = Network(CALM, Streams(1)), EventLog(tmp_path / "events.jsonl")
    for name in NAMES:
        network.join(name, "here")
    simulated = SimulatedTransport(scheduler, network, log)
    yield Lines(scheduler, ExternalTransport(simulated, scheduler, log) if request.param == "external" else simulated)
    log.close()


def word(text: str) -> Message:
    """A message that says something."""
    return BatchQuery(BatchId(text))


def test_a_message_arrives_once_as_it_was_sent(lines: Lines) -> None:
    lines.transport.send("a", "b", word("x"))
    assert lines.run() == [("b", Envelope("a", word("x")))]


def test_numbers_of_requests_and_replies_arrive_with_it(lines: Lines) -> None:
    lines.transport.send("a", "b", word("x"), request=7)
    lines.transport.send("b", "a", word("y"), reply_to=7)
    assert sorted((name, e.request, e.reply_to) for name, e in lines.run()) == [("a", 0, 7), ("b", 7, 0)]


def test_nothing_arrives_before_sending_has_returned(lines: Lines) -> None:
    lines.transport.send("a", "b", word("x"))
    assert lines.arrived == []


def test_everybody_gets_what_is_sent_to_them_and_nothing_else(lines: Lines) -> None:
    for receiver in NAMES:
        lines.transport.send("a", receiver, word(receiver))
    assert sorted((name, e.message.batch) for name, e in lines.run() if isinstance(e.message, BatchQuery)) == [
        (name, name) for name in NAMES
    ]


def test_nobody_of_that_name_is_an_error_of_the_sender(lines: Lines) -> None:
    with pytest.raises(KeyError):
        lines.transport.send("a", "nobody", word("x"))


@pytest.mark.parametrize("made", [lambda _: None, Loopback], ids=["simulated", "loopback"])
def test_participants_cannot_tell_what_carries_their_messages(
    tmp_path: Path, made: Callable[[Scheduler], Transport | None]
) -> None:
    def asking() -> Steps:
        reply = yield Request("b", word("x"), timeout_s=5.0)
        stage.said.append(reply)

    def answering() -> Steps:
        asked = yield Receive()
        yield Reply(asked, Refusal(asked.message.batch, "no"))

    stage = Stage(tmp_path, transport=made)
    stage.host("a", asking)
    stage.host("b", answering)
    drive(stage.scheduler, 1.0, Pace(), lambda _: None)
    stage.close()
    assert stage.said == [Refusal(TaskId("x"), "no")]
