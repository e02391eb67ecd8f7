"""The gateway as a participant: it answers OpenAI requests, has its enclave sign, and is paid.

Routes: ``POST /v1/chat/completions``, ``/v1/completions``, and ``/v1/ohttp``, which takes chat requests that a relay
cannot read, cost something; ``GET /health``, ``/signing-key``, ``/v1/ohttp/config``, ``/heartbeat/status``,
``/v1/models`` and ``/enclave/attestation?nonce=HEX`` do not.
"""

from __future__ import annotations

import base64
import itertools
import json
import re
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from chain.quantities import Timestamp, Wei
from nodes.effects import (
    Attest,
    Complete,
    Heartbeat,
    Note,
    Now,
    ReadPrice,
    Receive,
    Reply,
    Request,
    Send,
    SignText,
    Sleep,
    Spawn,
    Steps,
    Unseal,
)
from nodes.enclave.signing import OhttpConfig, SignedResponse, tee_id
from nodes.gateway import openai, pricing
from nodes.gateway.completion import Completion
from nodes.gateway.openai import Asked
from nodes.gateway.payment import NOTHING, Admitted, Cashier
from nodes.gateway.wrapping import SEALED_BYTES_MAX, Bare, Sealed, Wrapping
from nodes.http import (
    JSON,
    BadRequest,
    HttpChunk,
    HttpRequest,
    HttpResponse,
    HungUp,
    fresh_id,
    no_route,
    refuse,
    respond,
)
from nodes.identity import Peer
from nodes.messages import Envelope
from nodes.payments import PaymentDemanded, ServedUnpaid, TextServed
from nodes.x402 import SETTLEMENT_DATA_HEADER, SETTLEMENT_TYPE_HEADER

CHAT, COMPLETION, OHTTP = "/v1/chat/completions", "/v1/completions", "/v1/ohttp"
PAID = (CHAT, COMPLETION, OHTTP)

HEARTBEAT_S = 900.0
"""How often an enclave shows that it is alive."""

CALL_TIMEOUT_S = 60.0
TYPES = ("batch", "private")
"""How a client may have its inference recorded."""

NONCE = re.compile(r"(0x)?([0-9a-fA-F]{2}){1,64}")

HEARD, UNHEARD, WITHHELD = "heard", "unheard", "withheld"
"""What came of an answer: the client had it, was gone before its end, or did not get it because it did not pay."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that is to go out."""

    to: Envelope
    asked: Asked
    completion: Completion
    signed: SignedResponse | None
    admitted: Admitted
    cost: Wei
    wrapping: Wrapping


@dataclass
class Gateway:
    """One gateway and its enclave."""

    me: Peer
    facilitator: str
    cashier: Cashier
    spki: bytes
    """The enclave's signing key, DER."""
    ohttp: OhttpConfig
    """To which key private requests are sealed."""
    fingerprint: str
    """What answers."""
    seconds_per_token: float
    """How fast a streamed answer comes."""
    genesis: Timestamp
    secret: bytes
    """Ids of answers are made from."""
    _count: int = 0
    _gone: set[tuple[str, str]] = field(default_factory=set)
    _waiting: set[tuple[str, str]] = field(default_factory=set)
    """Streams that are going on, by visitor and name; of nobody else does it matter when they leave."""
    _beat: dict[str, Any] = field(default_factory=dict)

    def run(self) -> Steps:
        """Answer whoever asks, and keep the enclave in the registry."""
        yield from self.cashier.upkeep()
        yield Spawn(self.heartbeats())
        while True:
            envelope = yield Receive()
            if isinstance(request := envelope.message, HttpRequest):
                yield Spawn(self.serve(envelope, request))
            elif isinstance(gone := envelope.message, HungUp):
                self._gone |= {one for one in self._waiting if one == (envelope.sender, gone.stream or one[1])}

    def serve(self, envelope: Envelope, request: HttpRequest) -> Steps:
        """Answer one request."""
        try:
            if request.path in PAID and request.method == "POST":
                yield from self.answer(envelope, request)
            else:
                yield Reply(envelope, (yield from self.free(request)))
        except BadRequest as error:
            yield Reply(envelope, refuse(error))

    # -- answers that cost something ---------------------------------------------------------------------------

    def answer(self, envelope: Envelope, request: HttpRequest) -> Steps:
        """Have it paid, have it answered, have it signed. Raises `BadRequest`."""
        arrived = yield Now()
        price = yield ReadPrice()
        inner, wrapping = yield from self.unwrap(request)
        asked = read_if_sound(inner)
        most = NOTHING if isinstance(asked, BadRequest) else openai.most_it_costs(asked, len(inner.body), price)
        admitted = yield from self.cashier.admit(envelope.sender, request, most)
        if isinstance(admitted, HttpResponse):
            yield Reply(envelope, admitted)
            return
        settlement = request.headers.get(SETTLEMENT_TYPE_HEADER, TYPES[0])
        if isinstance(asked, BadRequest) or settlement not in TYPES:
            self.cashier.of(admitted).release(admitted)
            complaint = f"{SETTLEMENT_TYPE_HEADER} is {settlement!r} and not one of {', '.join(TYPES)}"
            yield Reply(envelope, wrapping.refusal(asked if isinstance(asked, BadRequest) else BadRequest(complaint)))
            return
        completion = yield Complete(asked.body)
        cost = pricing.cost(asked.model, completion.tokens_in, completion.tokens_out, price)
        signed = yield SignText(asked.canonical, openai.signed_text(completion), int((yield from self.unix())))
        answer = Answer(envelope, asked, completion, signed, admitted, cost, wrapping)
        outcome = yield from (self.stream if asked.is_streamed else self.say)(answer)
        if outcome == WITHHELD:
            return
        yield Note(self.served(answer, (yield Now()) - arrived, heard=outcome == HEARD))
        if outcome == HEARD:
            yield from self.record(settlement, signed)

    def unwrap(self, request: HttpRequest) -> Steps:
        """The request that the enclave is to answer, and what its answer is wrapped in. Raises `BadRequest`."""
        if request.path != OHTTP:
            return request, Bare()
        if len(request.body) > SEALED_BYTES_MAX:
            raise BadRequest(f"the sealed request is longer than {SEALED_BYTES_MAX} bytes", 413)
        opened = yield Unseal(request.body)
        if opened is None:
            raise BadRequest("the sealed request is malformed, or not for this enclave's key")
        inner = HttpRequest("POST", CHAT, {}, opened.plaintext)
        return inner, Sealed(opened, wants_stream(inner))

    def say(self, answer: Answer) -> Steps:
        """Answer in one piece, once it is charged. Answers what came of it; whether the client was there is unknown."""
        body = openai.response(answer.asked, answer.completion, *(yield from self.stamp()))
        receipt = yield from self.cashier.of(answer.admitted).charge(answer.admitted, answer.cost)
        if receipt.refusal:
            yield Note(PaymentDemanded(self.me.name, answer.to.sender, receipt.refusal))
            yield Reply(answer.to, HttpResponse(402, b"{}", {"content-type": JSON, **receipt.headers}))
            return WITHHELD
        whole = {**body, **fields_of(answer.signed)}
        yield Reply(answer.to, answer.wrapping.whole(whole, receipt.headers, str(answer.cost)))
        return HEARD

    def stream(self, answer: Answer) -> Steps:
        """Answer piece by piece, as fast as the model speaks, and charge it before the end. Answers what came of it."""
        asked, wrapping, scheme = answer.asked, answer.wrapping, self.cashier.of(answer.admitted)
        stamp = yield from self.stamp()
        stream = (visitor, name) = answer.to.sender, stamp[0]
        number = itertools.count()
        self._waiting.add(stream)
        try:
            yield Reply(answer.to, wrapping.begin(scheme.headers(answer.admitted), name))
            for piece in openai.pieces(asked, answer.completion, *stamp):
                yield Sleep(self.seconds_per_token)
                if stream in self._gone:
                    yield from scheme.forgo(answer.admitted, answer.cost)
                    return UNHEARD
                events = wrapping.piece(openai.frame(piece), is_last=False)
                yield Send(visitor, HttpChunk(events, stream=name, number=next(number)))
            receipt = yield from scheme.charge(answer.admitted, answer.cost)
            if receipt.refusal:
                yield Note(ServedUnpaid(self.me.name, answer.admitted.session, str(answer.cost), receipt.refusal))
            last = {**openai.last_piece(asked, answer.completion, *stamp), **fields_of(answer.signed)}
            events = wrapping.piece(openai.frame(last) + receipt.event + openai.DONE, is_last=True)
            yield Send(visitor, HttpChunk(events, True, name, next(number)))
            return HEARD
        finally:
            self._waiting.discard(stream)
            self._gone.discard(stream)

    def stamp(self) -> Steps:
        """Id, time and fingerprint of a response."""
        now = yield from self.unix()
        self._count += 1
        moment = int(now * 1e6).to_bytes(16, "big") + self._count.to_bytes(8, "big")
        return f"chatcmpl-{fresh_id(self.secret + moment)}", int(now), self.fingerprint

    def served(self, answer: Answer, took_s: float, heard: bool) -> TextServed:
        """What the log has of an answer."""
        signed = answer.signed
        return TextServed(
            gateway=self.me.name,
            visitor=answer.to.sender,
            session=answer.admitted.session,
            model=answer.asked.model,
            tokens_in=answer.completion.tokens_in,
            tokens_out=answer.completion.tokens_out,
            cost=str(answer.cost),
            input_hash="0x" + signed.input_hash.hex() if signed else "",
            output_hash="0x" + signed.output_hash.hex() if signed else "",
            timestamp=signed.timestamp if signed else 0,
            took_s=round(took_s, 6),
            streamed=answer.asked.is_streamed,
            heard=heard,
        )

    def record(self, settlement: str, signed: SignedResponse | None) -> Steps:
        """Have the facilitator record the inference."""
        if signed is None:
            return
        data = {
            "tee_id": "0x" + signed.tee.hex(),
            "input_hash": "0x" + signed.input_hash.hex(),
            "output_hash": "0x" + signed.output_hash.hex(),
            "tee_signature": base64.b64encode(signed.signature).decode(),
            "tee_timestamp": signed.timestamp,
            "timestamp": signed.timestamp,
        }
        header = base64.b64encode(json.dumps(data).encode()).decode()
        headers = {SETTLEMENT_TYPE_HEADER: settlement, SETTLEMENT_DATA_HEADER: header}
        yield Request(self.facilitator, HttpRequest("POST", "/settle_data", headers), CALL_TIMEOUT_S)

    # -- what costs nothing ------------------------------------------------------------------------------------

    def free(self, request: HttpRequest) -> Steps:
        """What to answer. Raises `BadRequest`."""
        match (request.method, request.path):
            case ("GET", "/health"):
                return respond({"status": "ok", "model": self.fingerprint})
            case ("GET", "/signing-key"):
                return respond(self.signing_key())
            case ("GET", "/v1/ohttp/config"):
                return respond(self.ohttp.as_json())
            case ("GET", "/v1/models"):
                models = [{"id": name, "object": "model", "owned_by": "simnet"} for name in pricing.DOLLARS_PER_MILLION]
                return respond({"object": "list", "data": models})
            case ("GET", "/heartbeat/status"):
                return respond(self._beat or {"status": "none sent yet"})
            case ("GET", "/enclave/attestation"):
                return (yield from self.attest(request.query.get("nonce", "")))
        if request.path in PAID:
            raise BadRequest(f"{request.method} is not POST", 405, "method_not_allowed")
        raise no_route(request)

    def signing_key(self) -> dict[str, Any]:
        """The key that answers are signed with, and the enclave's id, which is its hash."""
        pem = load_der_public_key(self.spki).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        id = "0x" + tee_id(self.spki).hex()
        key = {"public_key": pem.decode(), "tee_id": id, "algorithm": "RSA-PSS-SHA256"}
        return {**key, "hpke": self.ohttp.as_json()}

    def attest(self, nonce: str) -> Steps:
        """A fresh attestation document, in base64."""
        if not NONCE.fullmatch(nonce):
            raise BadRequest("nonce is not 1 to 64 bytes in hex")
        attestation = yield Attest(bytes.fromhex(nonce.removeprefix("0x")))
        return HttpResponse(200, base64.b64encode(attestation.document), {"content-type": "text/plain"})

    # -- the registry ------------------------------------------------------------------------------------------

    def heartbeats(self) -> Steps:
        """Show that the enclave is alive, as long as it is."""
        while True:
            yield Sleep(HEARTBEAT_S)
            beat = yield Heartbeat(int((yield from self.unix())))
            if beat is None:
                return
            timestamp, signature = beat
            said = {
                "teeId": "0x" + tee_id(self.spki).hex(),
                "timestamp": timestamp,
                "signature": base64.b64encode(signature).decode(),
            }
            request = HttpRequest("POST", "/heartbeat", {"content-type": JSON}, json.dumps(said).encode())
            answer = yield Request(self.facilitator, request, CALL_TIMEOUT_S)
            self._beat = {"timestamp": timestamp, "answer": answer.json() if answer is not None else None}

    def unix(self) -> Steps:
        """The time, in Unix seconds."""
        return self.genesis + (yield Now())


def read_if_sound(request: HttpRequest) -> Asked | BadRequest:
    """What is asked for, or what is wrong with it: to be said once it is paid for, as OpenGradient's gateway does."""
    try:
        return openai.read(request.json(), request.path == CHAT)
    except BadRequest as error:
        return error


def wants_stream(request: HttpRequest) -> bool:
    """Whether a request, sound or not, says that its answer is to be streamed."""
    try:
        return request.json().get("stream") is True
    except BadRequest:
        return False


def fields_of(signed: SignedResponse | None) -> dict[str, Any]:
    """What an enclave adds to a response."""
    return signed.as_json() if signed else {}
