"""Whatever somebody outside sends, gateway, facilitator and store answer it, and the run goes on."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nodes.http import HttpRequest
from nodes.identity import BLOBS, FACILITATOR, GATEWAY
from nodes.x402 import SESSION_HEADER
from tests.services import CHAT, Network402

TOOL = {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}
CALL = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
BODY: dict[str, Any] = {
    "model": "gpt-5",
    "messages": [
        {"role": "system", "content": "s"},
        {"role": "user", "content": [{"type": "text", "text": "t"}, {"type": "file", "file": {"filename": "n"}}]},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f"}}],
        },
        {"role": "tool", "content": "r", "tool_call_id": "1"},
        {"role": "user", "content": "u"},
    ],
    "temperature": 0.5,
    "max_tokens": 9,
    "stop": ["x"],
    "stream": False,
    "tools": [TOOL],
    "tool_choice": {"type": "function", "function": {"name": "f"}},
    "response_format": {"type": "json_schema", "json_schema": {"schema": {"properties": {"a": {"type": "string"}}}}},
}
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
NAMES = st.text(max_size=5)
VALUES = st.recursive(LEAVES, lambda part: st.lists(part, max_size=2) | st.dictionaries(NAMES, part, max_size=2))
PATHS = ("/", CHAT, "/v1/completions", "/health", "/settle/", "/settle/x", "/settle_data", "/heartbeat", "/v1/blobs")
HEADERS = ("x-upto-session", "payment-signature", "x-settlement-type", "x-settlement-data")


def places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every part of a JSON value."""
    yield here
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*here, key))


def changed(value: Any, way: tuple[Any, ...], to: Any) -> Any:
    """The value with one part replaced."""
    if not way:
        return to
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[way[0]] = changed(value[way[0]], way[1:], to)
    return copy


def mutants(value: Any) -> st.SearchStrategy[Any]:
    return st.builds(changed, st.just(value), st.sampled_from(list(places(value))), VALUES)


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network402]:
    made = Network402(tmp_path_factory.mktemp("fuzz"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def payment(net: Network402) -> dict[str, Any]:
    return net.payer("another").payload(net.now)


@pytest.fixture(scope="module")
def session(net: Network402) -> str:
    return net.chat(pays=net.payer().header(net.now), max_tokens=1).answer.headers[SESSION_HEADER]


many = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@many
@given(body=mutants(BODY))
def test_any_body_of_a_paid_request_is_answered(net: Network402, session: str, body: Any) -> None:
    asked = HttpRequest("POST", CHAT, {SESSION_HEADER: session}, json.dumps(body).encode())
    answer = net.request(asked, wait_s=0.5).responses[0]
    assert answer.status in (200, 400)
    assert answer.streamed or answer.json() is not None


@many
@given(data=st.data())
def test_any_payment_is_answered(net: Network402, payment: dict[str, Any], data: st.DataObject) -> None:
    payload = data.draw(mutants(payment))
    header = base64.b64encode(json.dumps(payload).encode()).decode()
    asked = HttpRequest("POST", CHAT, {"payment-signature": header}, json.dumps({**BODY, "max_tokens": 1}).encode())
    assert net.request(asked, wait_s=0.5).answer.status in (200, 402)


@many
@given(data=st.data(), path=st.sampled_from(["/verify", "/settle"]))
def test_any_request_of_the_facilitator_is_answered(
    net: Network402, payment: dict[str, Any], data: st.DataObject, path: str
) -> None:
    honest = {"paymentPayload": payment, "paymentRequirements": net.services.requirements.as_json()}
    body = data.draw(mutants(honest))
    answer = net.request(HttpRequest("POST", path, {}, json.dumps(body).encode()), FACILITATOR, wait_s=0.5).answer
    assert answer.status in (200, 202, 400)


@many
@given(
    who=st.sampled_from([GATEWAY, FACILITATOR, BLOBS]),
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "OPTIONS"]),
    path=st.sampled_from(PATHS) | st.text(max_size=8),
    headers=st.dictionaries(st.sampled_from(HEADERS), st.text(max_size=8)),
    body=st.binary(max_size=8) | VALUES.map(lambda value: json.dumps(value).encode()),
    query=st.dictionaries(st.sampled_from(["nonce", "epochs"]), st.text(max_size=4)),
)
def test_any_request_at_all_is_answered(
    net: Network402, who: str, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, str]
) -> None:
    answer = net.request(HttpRequest(method, path, headers, body, query), who, wait_s=5.0).answer
    assert 200 <= answer.status < 500
