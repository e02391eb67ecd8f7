"""The relay of private requests: it knows who asks and pays for it, and cannot read what is asked.

`opengradient`'s ``ConfidentialLLM`` posts to ``/api/v1/chat/ohttp`` and names an enclave (``X-TEE-ID``). The relay
takes the request to that enclave's gateway, pays by a session of its own, and takes the answer back. Of headers it
passes on the kind of content alone: its session would have others spend its money. The source of OpenGradient's relay
is not public; what it is sent and what it sends are in its client and its gateway. Ours asks nobody who they are
(assumption).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from chain.hashing import keccak
from chain.quantities import Timestamp
from nodes.effects import Now, Receive, Reply, Request, Send, Sign, Sleep, Spawn, Steps
from nodes.gateway.gateway import OHTTP
from nodes.gateway.wrapping import SEALED_BYTES_MAX
from nodes.http import BadRequest, HttpChunk, HttpRequest, HttpResponse, HungUp, no_route, refuse, respond
from nodes.identity import Peer
from nodes.messages import Envelope
from nodes.x402 import (
    REQUIRED_HEADER,
    SESSION_HEADER,
    SIGNATURE_HEADER,
    MalformedPayment,
    Requirements,
    as_header,
    offers_in,
    payment_json,
)

PRIVATE_CHAT = "/api/v1/chat/ohttp"
ENCLAVE_HEADER = "x-tee-id"
SEALED_REQUEST = "message/ohttp-req"
GATEWAY_TIMEOUT_S = 60.0
OVERTAKEN_S = 1.0
"""How long a part of an answer whose head is not here waits for it."""


@dataclass
class Carried:
    """A streamed answer on its way, whose parts go on in their order."""

    caller: str
    gateway: str
    next: int = 0
    early: dict[int, HttpChunk] = field(default_factory=dict)
    """Parts that overtook others."""

    def take(self, chunk: HttpChunk) -> list[HttpChunk]:
        """What can go on, now that a part has come."""
        self.early[chunk.number] = chunk
        due = []
        while self.next in self.early:
            due.append(self.early.pop(self.next))
            self.next += 1
        return due


@dataclass
class OhttpRelay:
    """Carries private requests to enclaves."""

    me: Peer
    gateways: Mapping[str, str]
    """By the id of an enclave, in hex: the gateway that runs in it."""
    pays: Requirements
    """All that it pays: whoever demands something else gets nothing."""
    genesis: Timestamp
    secret: bytes
    """Nonces of payments are made from."""
    _session: dict[str, str] = field(default_factory=dict)
    """By gateway: the session that was paid last."""
    _streams: dict[str, Carried] = field(default_factory=dict)
    _count: int = 0

    def run(self) -> Steps:
        """Carry requests there and answers back."""
        while True:
            envelope = yield Receive()
            match envelope.message:
                case HttpRequest() as request:
                    yield Spawn(self.serve(envelope, request))
                case HttpChunk() as chunk:
                    yield Spawn(self.pass_on(chunk))
                case HungUp():
                    yield from self.hang_up(envelope.sender)

    def serve(self, envelope: Envelope, request: HttpRequest) -> Steps:
        """Answer one request."""
        try:
            match (request.method, request.path):
                case ("POST", path) if path == PRIVATE_CHAT:
                    yield from self.carry(envelope, request)
                case ("GET", "/health"):
                    yield Reply(envelope, respond({"status": "ok"}))
                case _:
                    raise no_route(request)
        except BadRequest as error:
            yield Reply(envelope, refuse(error))

    def carry(self, envelope: Envelope, request: HttpRequest) -> Steps:
        """Take a sealed request to its enclave, and the head of the answer back. Raises `BadRequest`."""
        if len(request.body) > SEALED_BYTES_MAX:
            raise BadRequest(f"the sealed request is longer than {SEALED_BYTES_MAX} bytes", 413)
        enclave = request.headers.get(ENCLAVE_HEADER, "").lower().removeprefix("0x")
        if enclave not in self.gateways:
            raise BadRequest(f"{ENCLAVE_HEADER} names no enclave that is known here", 404, "not_found")
        gateway = self.gateways[enclave]
        answer = yield from self.ask(gateway, request.body)
        if answer is None:
            raise BadRequest(f"{gateway} does not answer", 504, "timeout")
        kind = {name: value for name, value in answer.headers.items() if name == "content-type"}
        if answer.streamed:
            self._streams[answer.stream] = Carried(envelope.sender, gateway)
        yield Reply(envelope, HttpResponse(answer.status, answer.body, kind, answer.streamed, answer.stream))

    def ask(self, gateway: str, sealed: bytes) -> Steps:
        """Ask a gateway, and pay if it must be. Answers an `HttpResponse`, or ``None``. Raises `BadRequest`."""
        paying = {SESSION_HEADER: self._session[gateway]} if gateway in self._session else {}
        answer = yield from self.post(gateway, sealed, paying)
        if answer is not None and answer.status == 402:
            paying = {SIGNATURE_HEADER: (yield from self.payment(gateway, answer))}
            answer = yield from self.post(gateway, sealed, paying)
        if answer is not None and answer.status == 402:
            raise BadRequest(f"{gateway} does not take the relay's payment", 502, "payment_failed")
        if answer is not None and SESSION_HEADER in answer.headers:
            self._session[gateway] = answer.headers[SESSION_HEADER]
        return answer

    def post(self, gateway: str, sealed: bytes, paying: Mapping[str, str]) -> Steps:
        """Send a sealed request, with nothing that tells whose it is."""
        request = HttpRequest("POST", OHTTP, {"content-type": SEALED_REQUEST, **paying}, sealed)
        return (yield Request(gateway, request, GATEWAY_TIMEOUT_S))

    def payment(self, gateway: str, demanded: HttpResponse) -> Steps:
        """A payment's header, if what is demanded is what the relay pays. Raises `BadRequest`."""
        try:
            offers = offers_in(demanded.headers.get(REQUIRED_HEADER, ""))
        except MalformedPayment:
            offers = []
        if self.pays.as_json() not in offers:
            raise BadRequest(f"{gateway} demands what the relay does not pay", 502, "payment_failed")
        now = self.genesis + (yield Now())
        self._count += 1
        moment = int(now * 1e6).to_bytes(16, "big") + self._count.to_bytes(8, "big")
        nonce = int.from_bytes(keccak(self.secret + moment), "big")
        permit = self.pays.permit(self.me.address, nonce, int(now))
        signature = yield Sign(permit.digest(self.pays.chain_id))
        return as_header(payment_json(permit, signature, self.pays, OHTTP))

    def pass_on(self, chunk: HttpChunk) -> Steps:
        """Take a part of a streamed answer to whoever waits for it."""
        if chunk.stream not in self._streams:
            yield Sleep(OVERTAKEN_S)  # it may have overtaken the head
        carried = self._streams.get(chunk.stream)
        if carried is None:
            return
        for due in carried.take(chunk):
            yield Send(carried.caller, due)
            if due.is_last:
                del self._streams[chunk.stream]

    def hang_up(self, caller: str) -> Steps:
        """Have the gateway know that nobody waits any more."""
        for stream in [name for name, carried in self._streams.items() if carried.caller == caller]:
            yield Send(self._streams.pop(stream).gateway, HungUp(stream=stream))
