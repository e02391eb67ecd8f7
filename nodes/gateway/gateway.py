"""The gateway as a participant: it answers OpenAI requests, has its enclave sign, and is paid.

Routes: ``POST /v1/chat/completions``, ``/v1/completions``, and ``/v1/ohttp``, which takes chat requests that a relay
cannot read, cost something; ``GET /health``, ``/signing-key``, ``/v1/ohttp/config``, ``/heartbeat/status``,
``/v1/models`` and ``/enclave/attestation?nonce=HEX`` do not.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from chain.quantities import Timestamp, Wei
from nodes.effects import (
    Attest,
    Begin,
    Complete,
    Heartbeat,
    NextPart,
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
    StopGeneration,
    Unseal,
)
from nodes.enclave.signing import OhttpConfig, SignedResponse, canonical_json, tee_id
from nodes.gateway import openai, pricing
from nodes.gateway.completion import CHAT, COMPLETION, Completion, Generation
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

OHTTP = "/v1/ohttp"
PAID = (CHAT, COMPLETION, OHTTP)

HEARTBEAT_S = 900.0
"""How often an enclave shows that it is alive."""

CALL_TIMEOUT_S = 60.0
INDIVIDUAL = "individual"
TYPES = ("batch", "private", INDIVIDUAL)
"""How a client may have its inference recorded."""

NONCE = re.compile(r"(0x)?([0-9a-fA-F]{2}){1,64}")


@dataclass(frozen=True, slots=True)
class Order:
    """A request that will be paid for."""

    to: Envelope
    asked: Asked
    admitted: Admitted
    wrapping: Wrapping
    opg_price: float
    arrived: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What a language model came to."""

    completion: Completion
    signed: SignedResponse | None
    cost: Wei
    model_s: float
    """How long the model took, or who waited for it had to wait."""


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
    genesis: Timestamp
    secret: bytes
    """Ids of answers are made from."""
    seals_errors: bool = False
    """Mitigation: what is wrong with a private request is said to who asked, and not to the relay."""
    _count: int = 0
    _gone: set[tuple[str, str]] = field(default_factory=set)
    _waiting: set[tuple[str, str]] = field(default_factory=set)
    """Streams that are going on, by caller and name; of nobody else does it matter when they leave."""
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
                ended = [one for one in sorted(self._waiting) if one == (envelope.sender, gone.stream or one[1])]
                self._gone.update(ended)

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
        order = Order(envelope, asked, admitted, wrapping, price, arrived)
        yield from (self.stream if asked.is_streamed else self.say)(order, settlement)

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
        return inner, Sealed(opened, wants_stream(inner), self.seals_errors)

    def say(self, order: Order, settlement: str) -> Steps:
        """Answer in one piece, once it is charged; whether the client is still there is unknown."""
        began, scheme = (yield Now()), self.cashier.of(order.admitted)
        generation = yield Complete(order.asked.body)
        if generation.completion is None:
            scheme.release(order.admitted)
            yield Reply(order.to, order.wrapping.refusal(complaint_of(generation)))
            return
        answer = yield from self.sign(order, generation.completion, (yield Now()) - began)
        body = openai.response(order.asked, answer.completion, *(yield from self.stamp()))
        receipt = yield from scheme.charge(order.admitted, answer.cost)
        if receipt.refusal:
            yield Note(PaymentDemanded(self.me.name, order.to.sender, receipt.refusal))
            yield Reply(order.to, HttpResponse(402, b"{}", {"content-type": JSON, **receipt.headers}))
            return
        whole = {**body, **fields_of(answer.signed)}
        yield Reply(order.to, order.wrapping.whole(whole, receipt.headers, str(answer.cost)))
        yield from self.served(order, answer, settlement, first_s=(yield Now()) - order.arrived)

    def stream(self, order: Order, settlement: str) -> Steps:
        """Answer part by part, as the model speaks, and charge it before the end."""
        began, scheme, wrapping = (yield Now()), self.cashier.of(order.admitted), order.wrapping
        generation = yield Begin(order.asked.body)
        if generation.refusal:
            scheme.release(order.admitted)
            yield Reply(order.to, wrapping.refusal(complaint_of(generation)))
            return
        stamp = yield from self.stamp()
        stream = (caller, name) = order.to.sender, stamp[0]
        number, first_s = 0, 0.0
        self._waiting.add(stream)
        try:
            yield Reply(order.to, wrapping.begin(scheme.headers(order.admitted), name))
            while (part := (yield NextPart(generation))) is not None:
                if stream in self._gone:
                    yield from self.break_off(order, generation, settlement, first_s, began)
                    return
                frame = openai.frame(openai.piece(order.asked, part, number == 0, *stamp))
                yield Send(caller, HttpChunk(wrapping.piece(frame, is_last=False), stream=name, number=number))
                first_s = first_s or (yield Now()) - order.arrived
                number += 1
            if generation.completion is None:
                scheme.release(order.admitted)
                events = wrapping.piece(openai.frame({"error": str(complaint_of(generation))}), is_last=True)
                yield Send(caller, HttpChunk(events, True, name, number))
                return
            answer = yield from self.sign(order, generation.completion, (yield Now()) - began)
            receipt = yield from scheme.charge(order.admitted, answer.cost)
            if receipt.refusal:
                yield Note(ServedUnpaid(self.me.name, order.admitted.session, str(answer.cost), receipt.refusal))
            last = {**openai.last_piece(order.asked, answer.completion, *stamp), **fields_of(answer.signed)}
            events = wrapping.piece(openai.frame(last) + receipt.event + openai.DONE, is_last=True)
            yield Send(caller, HttpChunk(events, True, name, number))
            yield from self.served(order, answer, settlement, first_s)
        finally:
            self._waiting.discard(stream)
            self._gone.discard(stream)

    def break_off(self, order: Order, generation: Generation, settlement: str, first_s: float, began: float) -> Steps:
        """Stop an answer whose client is gone: what it came to until then is worth something."""
        yield StopGeneration(generation)
        answer = yield from self.sign(order, generation.so_far, (yield Now()) - began)
        yield from self.cashier.of(order.admitted).forgo(order.admitted, answer.cost)
        yield from self.served(order, answer, settlement, first_s, heard=False)

    def sign(self, order: Order, completion: Completion, model_s: float) -> Steps:
        """Have the enclave stand by an answer, and say what it is worth. Answers an `Answer`."""
        cost = pricing.cost(order.asked.model, completion.tokens_in, completion.tokens_out, order.opg_price)
        text, now = openai.signed_text(completion), int((yield from self.unix()))
        signed = yield SignText(order.asked.canonical, text, now)
        return Answer(completion, signed, cost, model_s)

    def stamp(self) -> Steps:
        """Id, time and fingerprint of a response."""
        now = yield from self.unix()
        self._count += 1
        moment = int(now * 1e6).to_bytes(16, "big") + self._count.to_bytes(8, "big")
        return f"chatcmpl-{fresh_id(self.secret + moment)}", int(now), self.fingerprint

    def served(self, order: Order, answer: Answer, settlement: str, first_s: float, heard: bool = True) -> Steps:
        """Write an answer into the log, and have it recorded if it was heard."""
        signed, completion = answer.signed, answer.completion
        yield Note(
            TextServed(
                gateway=self.me.name,
                caller=order.to.sender,
                session=order.admitted.session,
                model=order.asked.model,
                tokens_in=completion.tokens_in,
                tokens_out=completion.tokens_out,
                cost=str(answer.cost),
                input_hash="0x" + signed.input_hash.hex() if signed else "",
                output_hash="0x" + signed.output_hash.hex() if signed else "",
                timestamp=signed.timestamp if signed else 0,
                took_s=round((yield Now()) - order.arrived, 6),
                first_s=round(first_s, 6),
                model_s=round(answer.model_s, 6),
                streamed=order.asked.is_streamed,
                heard=heard,
            )
        )
        if heard:
            yield from self.record(settlement, order, answer)

    def record(self, settlement: str, order: Order, answer: Answer) -> Steps:
        """Have the facilitator record the inference."""
        if (signed := answer.signed) is None:
            return
        data = {
            "tee_id": "0x" + signed.tee.hex(),
            "input_hash": "0x" + signed.input_hash.hex(),
            "output_hash": "0x" + signed.output_hash.hex(),
            "tee_signature": base64.b64encode(signed.signature).decode(),
            "tee_timestamp": signed.timestamp,
            "timestamp": signed.timestamp,
        }
        payer = self.cashier.of(order.admitted).payer(order.admitted)
        if settlement == INDIVIDUAL and not payer:
            settlement = TYPES[0]  # as og-x402 does
        if settlement == INDIVIDUAL:
            said = openai.signed_text(answer.completion)
            data |= {"input": canonical_json(order.asked.canonical), "output": said, "eth_address": payer}
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


def complaint_of(generation: Generation) -> BadRequest:
    """Why a language model has given no answer."""
    if generation.refusal:
        return BadRequest(generation.refusal)
    return BadRequest(f"the language model failed: {generation.failure}", 500, "server_error")


def fields_of(signed: SignedResponse | None) -> dict[str, Any]:
    """What an enclave adds to a response."""
    return signed.as_json() if signed else {}
