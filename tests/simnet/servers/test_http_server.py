"""HTTP servers: a request on a real socket is one more arrival, and what a participant answers goes back."""

from __future__ import annotations

import gc
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nodes.effects import Receive, Reply, Send, Sleep, Spawn, Steps
from nodes.http import HttpChunk, HttpRequest, HttpResponse, HungUp, respond
from nodes.messages import Envelope
from simnet.kernel.pace import Pace, drive
from simnet.kernel.transport import SimulatedTransport
from simnet.log.events import MessageSent
from simnet.servers import http as http_module
from simnet.servers.external import ExternalTransport
from simnet.servers.http import BODY_BYTES_MAX, CannotListen, HttpServer, listening_socket
from tests.stage import Stage


class LiveServer:
    """An engine at wall pace in a thread, with a participant behind a server that answers what it was asked."""

    def __init__(self, directory: Path) -> None:
        self.gone: list[str] = []
        self.stage = Stage(directory)
        scheduler, log = self.stage.scheduler, self.stage.log
        external = ExternalTransport(SimulatedTransport(scheduler, self.stage.network, log), scheduler, log)
        self.stage.engine.transport = external
        self.stage.host("echo", self.echo)
        sock = listening_socket()
        self.port = sock.getsockname()[1]
        self.server = HttpServer("echo", sock, external, scheduler)
        self.pace = Pace(1.0)
        self.thread = threading.Thread(target=drive, args=(scheduler, 1e9, self.pace, lambda _: None))
        self.thread.start()

    def close(self) -> None:
        self.server.close()
        self.server.close()  # twice does no harm
        self.pace.stop.request()
        self.thread.join()
        self.stage.close()

    def echo(self) -> Steps:
        while True:
            envelope = yield Receive()
            if isinstance(request := envelope.message, HttpRequest):
                yield Spawn(self.answer(envelope, request))
            elif isinstance(envelope.message, HungUp):
                self.gone.append(envelope.sender)

    def answer(self, envelope: Envelope, request: HttpRequest) -> Steps:
        if request.path == "/silent":
            return
        if request.path == "/stream":
            yield Reply(envelope, HttpResponse(200, b"a", {"content-type": "text/plain"}, streamed=True))
            for number in range(1, 1000):
                yield Sleep(0.01)
                yield Send(envelope.sender, HttpChunk(b"b", is_last=number == int(request.query["n"])))
                if number == int(request.query["n"]) or envelope.sender in self.gone:
                    return
        told = {"method": request.method, "path": request.path, "query": dict(request.query), "size": len(request.body)}
        yield Reply(envelope, respond({**told, "x": request.headers.get("x-one")}, 203, {"x-two": "2"}))

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        found = response.status, dict(response.getheaders()), response.read()
        connection.close()
        return found


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveServer]:
    made = LiveServer(tmp_path)
    yield made
    made.close()


def test_a_request_arrives_as_it_was_sent_and_the_answer_goes_back(live: LiveServer) -> None:
    status, headers, body = live.ask("POST", "/a/b?c=d", b"12345", {"X-One": "1"})
    assert (status, headers["x-two"]) == (203, "2")
    assert json.loads(body) == {"method": "POST", "path": "/a/b", "query": {"c": "d"}, "size": 5, "x": "1"}


def test_both_ways_are_in_the_log(live: LiveServer) -> None:
    live.ask("GET", "/")
    sent = [(record.sender, record.receiver, record.what) for record in live.stage.of(MessageSent)]
    assert sent == [("external-1", "echo", "HttpRequest"), ("echo", "external-1", "HttpResponse")]


def test_an_answer_may_come_piece_by_piece(live: LiveServer) -> None:
    status, _, body = live.ask("GET", "/stream?n=3")
    assert (status, body) == (200, b"abbb")


def test_a_participant_hears_that_a_client_hung_up(live: LiveServer) -> None:
    connection = socket.create_connection(("127.0.0.1", live.port))
    connection.sendall(b"GET /stream?n=999 HTTP/1.1\r\nHost: x\r\n\r\n")
    assert connection.recv(10) != b""
    connection.close()
    for _ in range(500):
        if live.gone:
            break
        threading.Event().wait(0.01)
    assert live.gone == ["external-1"]


def test_who_got_everything_has_not_hung_up(live: LiveServer) -> None:
    live.ask("GET", "/")
    live.ask("GET", "/stream?n=2")
    assert live.gone == []


def test_silence_is_answered_504(live: LiveServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_module, "ANSWER_TIMEOUT_S", 0.1)
    status, _, body = live.ask("GET", "/silent")
    assert status == 504
    assert json.loads(body)["error"]["message"] == "echo does not answer"


@pytest.mark.parametrize(("over", "status"), [(0, 203), (1, 413)])
def test_a_body_has_a_largest_size(live: LiveServer, over: int, status: int) -> None:
    assert live.ask("POST", "/", bytes(BODY_BYTES_MAX + over))[0] == status


def test_what_is_no_http_does_no_harm(live: LiveServer) -> None:
    with socket.create_connection(("127.0.0.1", live.port)) as connection:
        connection.sendall(b"\x16\x03\x01garbage\r\n\r\n")
        connection.recv(100)
    assert live.ask("GET", "/")[0] == 203


def test_a_port_that_is_taken_is_named() -> None:
    with listening_socket() as sock:
        port = sock.getsockname()[1]
        with pytest.raises(CannotListen, match=f"cannot listen on 127.0.0.1:{port}"):
            listening_socket(port)


@pytest.mark.parametrize("host", ["999.1.1.1", "192.0.2.1"])  # no address, and none of anybody's (RFC 5737)
def test_an_address_that_is_none_of_this_machine_is_told_as_such(host: str) -> None:
    with pytest.raises(CannotListen, match=f"cannot listen on {host}: it is no address of this machine") as refused:
        listening_socket(0, host)
    assert refused.value.hint == "choose one, such as 127.0.0.1"


def test_who_still_waits_at_the_end_leaves_no_task_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(http_module, "CLOSE_TIMEOUT_S", 0.2)
    live = LiveServer(tmp_path)
    waiting = socket.create_connection(("127.0.0.1", live.port))
    waiting.sendall(b"GET /silent HTTP/1.1\r\nHost: x\r\n\r\n")
    time.sleep(0.2)  # until it is being served; too short a time would only test less
    live.pace.stop.request()
    live.thread.join()
    live.close()
    waiting.close()
    gc.collect()
    assert [record.message for record in caplog.records] == []
