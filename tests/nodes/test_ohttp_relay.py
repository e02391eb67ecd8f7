"""The relay of private requests: it pays, carries, and cannot read; and the gateway does not know who asks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag

from chain.quantities import OPG, Timestamp
from nodes.effects import Now, Sign
from nodes.enclave.signing import OhttpConfig
from nodes.gateway.gateway import OHTTP
from nodes.gateway.terms import Terms, mitigated
from nodes.gateway.wrapping import COST_HEADER, SEALED, SEALED_BYTES_MAX, SEALED_STREAM
from nodes.http import JSON, BadRequest, HttpChunk, HttpRequest, HttpResponse, HungUp
from nodes.identity import GATEWAY, OHTTP_RELAY, Service
from nodes.messages import Message
from nodes.ohttp_relay import PRIVATE_CHAT, Carried, OhttpRelay
from nodes.payments import PaymentSettled, ServedUnpaid, SessionOpened, TextServed
from nodes.x402 import REQUIRED_HEADER, SESSION_HEADER, SIGNATURE_HEADER, demand
from simnet.servers.external import ExternalTransport
from tests.private_client import Asking, seal
from tests.services import CAST, ENCLAVE, Caller, Network402

CONFIG = OhttpConfig.of(ENCLAVE.ohttp_key)
NOBODY = "0x" + "11" * 20
SECRET = "my secret question"
BODY = {"model": "gpt-5", "messages": [{"role": "user", "content": SECRET}]}


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network402]:
    made = Network402(tmp_path)
    yield made
    made.close()


def ask(net: Network402, body: Any = BODY, **how: Any) -> tuple[Asking, Caller]:
    asking = seal(CONFIG, body)
    return asking, post(net, asking.wire, **how)


def post(net: Network402, wire: bytes, enclave: str = ENCLAVE.id.hex(), **how: Any) -> Caller:
    headers = {"content-type": "message/ohttp-req", "x-tee-id": enclave, "authorization": "Bearer me"}
    return net.request(HttpRequest("POST", PRIVATE_CHAT, headers, wire), OHTTP_RELAY, **how)


def test_the_asker_reads_the_answer_and_the_relay_pays_for_it(net: Network402) -> None:
    asking, caller = ask(net)
    answer = caller.answer
    assert (answer.status, dict(answer.headers)) == (200, {"content-type": SEALED})
    body = asking.open(answer.body)
    assert body["choices"][0]["message"]["content"] == f"You said: {SECRET}"
    (opened,), (served,) = net.of(SessionOpened), net.of(TextServed)
    assert opened.payer == CAST.ohttp_relay.address
    assert served.caller == OHTTP_RELAY, "the gateway does not know who asked"
    net.wait(130.0)
    (settled,) = net.of(PaymentSettled)
    assert (settled.payer, settled.amount, settled.status) == (opened.payer, served.cost, "succeeded")
    assert net.owned_by(CAST.ohttp_relay.address) == 1_000 * OPG - int(served.cost)
    assert net.of(ServedUnpaid) == []


def test_one_session_pays_for_many_and_nobody_else_learns_of_it(net: Network402) -> None:
    answers = [ask(net)[1].answer for _ in range(3)]
    assert len(net.of(SessionOpened)) == 1
    assert len({served.session for served in net.of(TextServed)}) == 1
    assert not any(SESSION_HEADER in answer.headers or COST_HEADER in answer.headers for answer in answers)
    net.wait(130.0)
    assert ask(net)[1].answer.status == 200, "a session that is over is followed by another"
    assert len(net.of(SessionOpened)) == 2


def test_the_relay_sees_no_word_and_the_gateway_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[tuple[str, str, Message]] = []
    send = ExternalTransport.send

    def listen(self: ExternalTransport, sender: str, receiver: str, message: Message, *rest: int) -> None:
        heard.append((sender, receiver, message))
        send(self, sender, receiver, message, *rest)

    monkeypatch.setattr(ExternalTransport, "send", listen)
    net = Network402(tmp_path)
    ask(net, {**BODY, "stream": True})
    ask(net)
    net.close()
    ours = [message for sender, receiver, message in heard if OHTTP_RELAY in (sender, receiver)]
    assert len(ours) > 10
    assert not any(word in str(message) for message in ours for word in (SECRET, "said", "gpt-5", "choices"))
    asked = [message for _, receiver, message in heard if receiver == GATEWAY and isinstance(message, HttpRequest)]
    assert {name for request in asked for name in request.headers} == {"content-type", SESSION_HEADER, SIGNATURE_HEADER}


def test_a_stream_comes_sealed_in_pieces(net: Network402) -> None:
    asking, caller = ask(net, {**BODY, "stream": True})
    (head,) = caller.responses
    assert (head.status, dict(head.headers)) == (200, {"content-type": SEALED_STREAM})
    events = b"".join(asking.open_stream([chunk.data for chunk in caller.chunks])).split(b"\n\n")
    assert events[-2:] == [b"data: [DONE]", b""]
    frames = [json.loads(event.removeprefix(b"data: ")) for event in events[:-2]]
    assert "".join(frame["choices"][0]["delta"].get("content", "") for frame in frames) == f"You said: {SECRET}"
    assert "tee_signature" in frames[-1]


def test_who_leaves_a_private_stream_stops_it(net: Network402) -> None:
    def leave(count: int) -> None:
        if count == 2:
            net.external.disconnect(caller.name)
            net.external.deliver(caller.name, OHTTP_RELAY, HungUp())

    caller = Caller(on_chunk=leave)
    caller.name = net.external.connect(caller.hear)
    long = {**BODY, "stream": True, "messages": [{"role": "user", "content": "word " * 100}]}
    headers = {"x-tee-id": ENCLAVE.id.hex()}
    net.external.deliver(
        caller.name, OHTTP_RELAY, HttpRequest("POST", PRIVATE_CHAT, headers, seal(CONFIG, long).wire), 1
    )
    net.wait(5.0)
    (served,) = net.of(TextServed)
    assert not served.heard
    assert len(caller.chunks) == 2
    assert len(net.of(ServedUnpaid)) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"not JSON", 400), (b"[]", 400), ({**BODY, "model": "TEE_LLM.GPT_5"}, 400), ({**BODY, "temperature": 9}, 400)],
)
@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("sealed", [False, True])
def test_what_is_wrong_inside_is_said_to_the_relay_unless_it_is_sealed(
    tmp_path: Path, body: Any, status: int, streamed: bool, sealed: bool
) -> None:
    net = Network402(tmp_path, mitigated(Terms(), ["seal-errors"] if sealed else []))
    if isinstance(body, dict):
        body = {**body, "stream": streamed}
    asking, caller = ask(net, body)
    net.close()
    answer = caller.answer
    if not sealed:
        assert (answer.status, answer.headers["content-type"]) == (status, JSON)
        assert answer.json()["error"]
        return
    if answer.headers["content-type"] == SEALED:
        found = asking.open(answer.body)
        assert found["status"] == status
        assert "error" in found["body"]
    else:
        (event,) = asking.open_stream([answer.body])
        assert "error" in json.loads(event.removeprefix(b"data: "))
    assert net.of(TextServed) == []


@pytest.mark.parametrize(
    ("wire", "enclave", "status"),
    [
        (b"rubbish", ENCLAVE.id.hex(), 400),
        (seal(OhttpConfig.of(bytes(31) + b"\1"), BODY).wire, ENCLAVE.id.hex(), 400),
        (bytes(SEALED_BYTES_MAX + 1), ENCLAVE.id.hex(), 413),
        (b"rubbish", "", 404),
        (b"rubbish", "0x" + "11" * 32, 404),
        (seal(CONFIG, BODY).wire, "0x" + ENCLAVE.id.hex().upper(), 200),
    ],
)
def test_what_the_enclave_cannot_open_is_refused(net: Network402, wire: bytes, enclave: str, status: int) -> None:
    assert post(net, wire, enclave).answer.status == status


def test_a_request_sent_twice_gets_two_answers_with_other_salts(net: Network402) -> None:
    asking = seal(CONFIG, BODY)
    first, second = (post(net, asking.wire).answer.body for _ in range(2))
    assert first[:32] != second[:32]
    assert asking.open(first)["choices"] == asking.open(second)["choices"]


def test_a_relay_that_changes_an_answer_is_found_out(net: Network402) -> None:
    asking, caller = ask(net)
    sealed = bytearray(caller.answer.body)
    sealed[40] ^= 1
    with pytest.raises(InvalidTag):
        asking.open(bytes(sealed))


@pytest.mark.parametrize(
    ("change", "pays"),
    [
        ({}, True),
        *(({name: wrong}, False) for name, wrong in (("amount", 2 * OPG), ("pay_to", NOBODY), ("asset", NOBODY))),
    ],
)
def test_the_relay_pays_what_it_is_set_up_to_pay_and_nothing_else(
    net: Network402, change: dict[str, Any], pays: bool
) -> None:
    required = net.services.requirements
    relay = OhttpRelay(Service(OHTTP_RELAY, "", CAST.ohttp_relay.address, ""), {}, required, Timestamp(10_000), b"")
    header = demand([replace(required, **change).as_json()], "x", "")
    steps = relay.payment(GATEWAY, HttpResponse(402, headers={REQUIRED_HEADER: header}))
    if pays:
        assert isinstance(next(steps), Now)
        assert isinstance(steps.send(1.0), Sign)
    else:
        with pytest.raises(BadRequest, match="does not pay"):
            next(steps)


def test_the_gateway_gives_out_its_key(net: Network402) -> None:
    found = net.request(HttpRequest("GET", "/v1/ohttp/config")).answer.json()
    assert found["public_key"] == CONFIG.public_key.hex()
    key = net.request(HttpRequest("GET", "/signing-key")).answer.json()
    assert key["hpke"] == found
    registered = net.mempool.chain.read("TEERegistry", "getTEE", ENCLAVE.id)
    assert CONFIG.public_key in registered[-1]


def test_sealed_requests_cost_something_too(net: Network402) -> None:
    answer = net.request(HttpRequest("POST", OHTTP, {}, seal(CONFIG, BODY).wire)).answer
    assert answer.status == 402


def test_parts_that_overtake_others_wait_for_them() -> None:
    parts = [HttpChunk(b"", stream="s", number=number) for number in range(4)]
    carried = Carried("external-1", GATEWAY)
    given = [carried.take(parts[number]) for number in (1, 0, 3, 2)]
    assert [[part.number for part in due] for due in given] == [[], [0, 1], [], [2, 3]]


def test_other_routes(net: Network402) -> None:
    assert net.request(HttpRequest("GET", "/health"), OHTTP_RELAY).answer.status == 200
    assert net.request(HttpRequest("GET", PRIVATE_CHAT), OHTTP_RELAY).answer.status == 404
