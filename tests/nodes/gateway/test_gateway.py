"""The gateway with its facilitator and both chains: who pays what, what is signed, and what is refused how."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chain.quantities import OPG, Wei
from nodes.enclave import canonical, nitro, signing
from nodes.enclave.attestation import verify
from nodes.enclave.keys import verify_pss
from nodes.gateway.payment import HUNG_UP
from nodes.gateway.terms import Terms
from nodes.gateway.upto import UptoTerms
from nodes.http import HttpRequest
from nodes.payments import PaymentDemanded, PaymentSettled, ServedUnpaid, SessionClosed, TextServed
from nodes.x402 import REQUIRED_HEADER, SESSION_HEADER
from tests.services import CAST, CHAT, ENCLAVE, Caller, Network402


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network402]:
    made = Network402(tmp_path)
    yield made
    made.close()


def session_of(caller: Caller) -> str:
    return caller.answer.headers[SESSION_HEADER]


def content_of(caller: Caller) -> str:
    text: str = caller.answer.json()["choices"][0]["message"]["content"]
    return text


def get(net: Network402, path: str, **query: str) -> Caller:
    return net.request(HttpRequest("GET", path, query=query))


# -- payment -----------------------------------------------------------------------------------------------


def test_who_does_not_pay_is_told_how(net: Network402) -> None:
    answer = net.chat().answer
    demanded = json.loads(base64.b64decode(answer.headers[REQUIRED_HEADER]))
    assert (answer.status, answer.body) == (402, b"{}")
    assert demanded["x402Version"] == 2
    accepted = demanded["accepts"][0]
    assert (accepted["scheme"], accepted["network"], accepted["amount"]) == ("upto", "eip155:8453", str(OPG // 10))
    assert accepted["extra"]["facilitatorAddress"] == CAST.facilitator.address


def test_who_pays_is_answered_and_charged_once_to_the_wei(net: Network402) -> None:
    payer = net.payer()
    first = net.chat(pays=payer.header(net.now))
    second = net.chat(session=session_of(first))
    assert content_of(first) == content_of(second) == "You said: Hello there"
    costs = [int(served.cost) for served in net.of(TextServed)]
    net.wait(150)
    (settled,) = net.of(PaymentSettled)
    assert (settled.status, int(settled.amount)) == ("succeeded", sum(costs))
    assert net.owned_by(CAST.gateway.address) == sum(costs) > 0
    assert net.owned_by(payer.key.address) == 10 * OPG - sum(costs)
    assert len(net.of(SessionClosed)) == 1
    assert net.chat(session=session_of(first)).answer.status == 402, "the session is over"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"amount": Wei(OPG)}, "invalid_exact_evm_payload_amount_mismatch"),
        ({"to": CAST.relayer.address}, "invalid_permit2_recipient_mismatch"),
        ({"facilitator": CAST.relayer.address}, "upto_facilitator_mismatch"),
        ({"spender": CAST.relayer.address}, "invalid_permit2_spender"),
        ({"token": CAST.relayer.address}, "permit2_token_mismatch"),
        ({"owner": CAST.relayer.address}, "invalid_permit2_signature"),
        ({"deadline": 1}, "permit2_deadline_expired"),
        ({"valid_after": 2**40}, "permit2_not_yet_valid"),
    ],
)
def test_a_payment_that_is_not_what_was_asked_for_is_refused(
    net: Network402, changes: dict[str, Any], reason: str
) -> None:
    assert net.chat(pays=net.payer().header(net.now, **changes)).answer.status == 402
    assert [record.reason for record in net.of(PaymentDemanded)] == [reason]


@pytest.mark.parametrize(
    ("owns", "approves", "reason"),
    [
        (OPG // 10 - 1, OPG, "invalid_exact_evm_insufficient_balance"),
        (OPG // 10, OPG // 10 - 1, "permit2_allowance_required"),
        (OPG // 10, OPG // 10, None),
    ],
)
def test_a_payment_must_be_covered(net: Network402, owns: int, approves: int, reason: str | None) -> None:
    answer = net.chat(pays=net.payer(owns=owns, approves=approves).header(net.now)).answer
    assert answer.status == (402 if reason else 200)
    assert [record.reason for record in net.of(PaymentDemanded)] == ([reason] if reason else [])


def test_the_same_payment_does_not_open_a_session_once_it_is_collected(net: Network402) -> None:
    paid = net.payer().header(net.now)
    net.chat(pays=paid)
    net.wait(150)
    assert net.chat(pays=paid).answer.status == 402
    assert net.of(PaymentDemanded)[-1].reason == "permit2_invalid_nonce"


@pytest.mark.parametrize("header", ["", "%", "bm90IGpzb24=", base64.b64encode(b"[]").decode(), "e30="])
def test_what_is_no_payment_is_refused_as_one(net: Network402, header: str) -> None:
    answer = net.request(HttpRequest("POST", CHAT, {"payment-signature": header}, b"{}")).answer
    assert (answer.status, answer.body) == (402, b"{}")


def test_a_session_is_good_for_its_route_alone(net: Network402) -> None:
    session = session_of(net.chat(pays=net.payer().header(net.now)))
    asked = HttpRequest("POST", "/v1/completions", {SESSION_HEADER: session}, b'{"model": "gpt-5", "prompt": "x"}')
    assert net.request(asked).answer.status == 402


# -- unpaid ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("charges", [False, True])
def test_who_hangs_up_gets_the_answer_so_far_unpaid_unless_charged(tmp_path: Path, charges: bool) -> None:
    net = Network402(tmp_path, Terms(upto=UptoTerms(charges_hung_up=charges)))
    session = session_of(net.chat(pays=net.payer().header(net.now)))
    caller = Caller()
    caller.on_chunk = lambda count: net.hang_up(caller) if count == 3 else None
    caller.name = net.external.connect(caller.hear)
    body = {"model": "gpt-5", "messages": [{"role": "user", "content": "a b c d e f"}], "stream": True}
    asked = HttpRequest("POST", CHAT, {SESSION_HEADER: session}, json.dumps(body).encode())
    net.external.deliver(caller.name, "gateway-0", asked, 1)
    net.wait(5)
    assert len(caller.chunks) == 3
    assert [record.reason for record in net.of(ServedUnpaid)] == ([] if charges else [HUNG_UP])
    net.close()


def test_who_hangs_up_after_the_end_has_paid(net: Network402) -> None:
    net.hang_up(net.chat(pays=net.payer().header(net.now), stream=True))
    net.wait(1)
    assert net.of(ServedUnpaid) == []
    assert len(net.of(TextServed)) == 1


# -- answers -----------------------------------------------------------------------------------------------


def test_an_answer_is_signed_by_the_registered_enclave(net: Network402) -> None:
    body = {"model": "gpt-5", "messages": [{"role": "user", "content": "Hello there"}]}
    said = net.chat(pays=net.payer().header(net.now)).answer.json()
    request, output = signing.request_hash(canonical.chat(body)), signing.output_hash("You said: Hello there")
    assert (said["tee_request_hash"], said["tee_output_hash"]) == (request.hex(), output.hex())
    message = signing.response_message(request, output, said["tee_timestamp"])
    assert verify_pss(ENCLAVE.key.spki, message, base64.b64decode(said["tee_signature"]))
    assert said["tee_id"] == "0x" + ENCLAVE.id.hex()
    args = (ENCLAVE.id, request, output, said["tee_timestamp"], base64.b64decode(said["tee_signature"]))
    assert net.mempool.chain.read("TEEInferenceVerifier", "verifySignature", *args)


def test_a_streamed_answer_comes_in_pieces_and_ends_with_the_signature(net: Network402) -> None:
    caller = net.chat(pays=net.payer().header(net.now), stream=True)
    assert caller.answer.headers["content-type"] == "text/event-stream"
    lines = b"".join(chunk.data for chunk in caller.chunks).decode().strip().split("\n\n")
    *frames, last = [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]
    assert lines[-1] == "data: [DONE]"
    assert "".join(one["choices"][0]["delta"].get("content", "") for one in frames) == "You said: Hello there"
    assert last["choices"][0]["finish_reason"] == "stop"
    assert last["tee_output_hash"] == signing.output_hash("You said: Hello there").hex()
    assert [chunk.is_last for chunk in caller.chunks] == [False] * len(frames) + [True]


TOOL = {"type": "function", "function": {"name": "look", "parameters": {"properties": {"where": {"type": "string"}}}}}


def test_tools_are_called_and_the_call_is_signed(net: Network402) -> None:
    said = net.chat(pays=net.payer().header(net.now), tools=[TOOL]).answer.json()
    (call,) = said["choices"][0]["message"]["tool_calls"]
    assert call["function"] == {"name": "look", "arguments": '{"where": "Hello there"}'}
    assert said["choices"][0]["finish_reason"] == "tool_calls"
    assert said["tee_output_hash"] == signing.output_hash(signing.canonical_json([call])).hex()


def test_json_is_written_where_it_is_asked_for(net: Network402) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}, "s": {"type": "string"}}}
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    said = content_of(net.chat(pays=net.payer().header(net.now), response_format=wanted))
    assert json.loads(said) == {"n": 0, "s": "Hello there"}


def test_a_prompt_is_completed(net: Network402) -> None:
    paid = {"payment-signature": net.payer().header(net.now)}
    asked = HttpRequest("POST", "/v1/completions", paid, b'{"model": "gpt-5", "prompt": "Once", "max_tokens": 2}')
    said = net.request(asked).answer.json()
    assert (said["choices"][0]["text"], said["choices"][0]["finish_reason"]) == ("You said", "length")
    request = signing.request_hash(canonical.completion({"model": "gpt-5", "prompt": "Once", "max_tokens": 2}))
    assert said["tee_request_hash"] == request.hex()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"[" * 100_000, "not JSON"),
        (b'{"model": "gpt-5", "messages": [{"role": "user", "content": "\\ud800"}]}', "not JSON"),
        (b'{"model": "gpt-5"}', "no list of messages"),
        (b'{"model": "gpt-9", "messages": [{"role": "user", "content": "x"}]}', "there is no model 'gpt-9'"),
        (b'{"messages": [{"role": "user", "content": "x"}]}', "names no model"),
        (b'{"model": "gpt-5", "messages": [{"role": "tutor", "content": "x"}]}', "unknown message role"),
        (b'{"model": "gpt-5", "messages": [{"role": "user"}], "max_tokens": 0}', "max_tokens"),
        (b'{"model": "gpt-5", "messages": [{"role": "user"}], "max_tokens": true}', "max_tokens"),
        (b'{"model": "gpt-5", "messages": [{"role": "user"}], "temperature": "hot"}', "temperature"),
        (b'{"model": "gpt-5", "messages": [{"role": "user"}], "temperature": 2.1}', "temperature"),
        (b'{"model": "gpt-5", "messages": [{"role": "user"}], "temperature": NaN}', "not JSON"),
        (b'{"model": "gpt-5", "messages": [{"role": "user"}], "stop": [1]}', "stop"),
        (b'{"model": "gpt-5", "messages": [{"role": "user"}], "stream": "yes"}', "stream"),
        (b'{"model": "gpt-5", "messages": [{"role": "user"}], "tools": [{"function": 1}]}', "tool"),
        (b'{"model": "gpt-5", "messages": [{"role": "user"}], "tools": {"a": 1}}', "tools are not a list"),
        (b'{"model": "gpt-5", "messages": [{"role": "user"}], "response_format": "json"}', "response_format"),
        (b'{"model": "gpt-5", "messages": [{"role": "assistant", "tool_calls": [1]}]}', "tool call"),
    ],
)
def test_a_malformed_request_is_answered_as_openai_does_and_costs_nothing(
    net: Network402, body: bytes, says: str
) -> None:
    paid = {"payment-signature": net.payer().header(net.now)}
    answer = net.request(HttpRequest("POST", CHAT, paid, body)).answer
    assert answer.status == 400
    assert says in answer.json()["error"]["message"]
    net.wait(150)
    assert net.of(PaymentSettled) == []


# -- what is free ------------------------------------------------------------------------------------------


def test_anybody_can_see_the_key_and_have_the_enclave_attested(net: Network402) -> None:
    shown = get(net, "/signing-key").answer.json()
    assert shown["tee_id"] == "0x" + ENCLAVE.id.hex()
    assert shown["public_key"].startswith("-----BEGIN PUBLIC KEY-----")
    document = base64.b64decode(get(net, "/enclave/attestation", nonce="00ff").answer.body)
    assert verify(document, ENCLAVE.key.spki, ENCLAVE.tls.der, CAST.vendor.root_pem, net.now).valid
    assert nitro.read(nitro.open_envelope(document).payload).nonce == b"\x00\xff"


@pytest.mark.parametrize("nonce", ["", "0", "xyz", "00" * 65])
def test_a_nonce_is_a_few_bytes_in_hex(net: Network402, nonce: str) -> None:
    assert get(net, "/enclave/attestation", nonce=nonce).answer.status == 400


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health", 200),
        ("GET", "/v1/models", 200),
        ("GET", "/nothing", 404),
        ("GET", CHAT, 405),
        ("PUT", "/", 404),
    ],
)
def test_routes(net: Network402, method: str, path: str, status: int) -> None:
    answer = net.request(HttpRequest(method, path)).answer
    assert answer.status == status
    assert answer.json() is not None


def test_heartbeats_keep_the_enclave_in_the_registry(net: Network402) -> None:
    net.wait(4_000)
    chain = net.mempool.chain
    assert chain.head[1] > net.now - 900
    assert chain.read("TEERegistry", "isTEEActive", ENCLAVE.id)
    assert get(net, "/heartbeat/status").answer.json()["answer"]["success"] is True
