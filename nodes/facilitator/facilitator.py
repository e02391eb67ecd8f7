"""The facilitator as a participant: it verifies payments, and collects them in jobs that outlive a crash.

Its HTTP interface is that of OpenGradient's: ``/verify``, ``/settle`` (202 and a job), ``/settle/ID``,
``/settle_data``, ``/heartbeat``, ``/supported``, ``/health``. What is about channels, `ChannelDesk` answers. What goes
to the settlement chain, the relayer sends.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from chain.quantities import Gas, Timestamp, Wei
from chain.seam import Call
from nodes.effects import Note, Now, Reply, Request, Spawn, Steps
from nodes.facilitator.batching import DATA, BatchTerms, DataWorker, inference_of
from nodes.facilitator.channels import ChannelDesk
from nodes.facilitator.jobs import FAILED, PROCESSING, SUCCEEDED, Job, Jobs
from nodes.facilitator.sending import send
from nodes.facilitator.single import FIELDS, SINGLE, SingleRecorder, payer_in
from nodes.facilitator.verification import EXCEEDS, fault_of, funding_fault_of, is_nonce_used
from nodes.http import BadRequest, HttpRequest, HttpResponse, fresh_id, no_route, read_json, refuse, respond
from nodes.identity import Peer
from nodes.messages import Envelope
from nodes.payments import PaymentSettled
from nodes.serving import serve_each
from nodes.x402 import (
    SETTLEMENT_DATA_HEADER,
    SETTLEMENT_TYPE_HEADER,
    UPTO,
    VERSION,
    MalformedPayment,
    Payment,
    Requirements,
    read_payment,
)
from nodes.x402_channels import BATCH_SETTLEMENT_SCHEME

PAYMENTS = "payments"
"""Name of the queue."""

SETTLE_GAS = Gas(300_000)
RELAY_TIMEOUT_S = 60.0

BATCH, PRIVATE, INDIVIDUAL = "batch", "private", "individual"
"""Types of settlement."""

DATA_FIELDS = ("tee_id", "input_hash", "output_hash", "tee_signature", "tee_timestamp")


@dataclass
class Facilitator:
    """One facilitator, on the payment chain."""

    me: Peer
    relayer: str
    """Who sends transactions to the settlement chain."""
    jobs: Jobs
    genesis: Timestamp
    chain_id: int
    """Of the payment chain."""
    secret: bytes
    """Job ids are made from."""
    blobs: str
    """Who keeps batches of inferences."""
    batches: BatchTerms
    mirrors: tuple[str, ...] = ()
    """Further blob stores."""

    def __post_init__(self) -> None:
        self.channels = ChannelDesk(self.me, self.chain_id, self.unix)
        self.singles = SingleRecorder(self.relayer, self.blobs, self.jobs, self.unix)

    def run(self) -> Steps:
        """Go on with what was taken on, and answer whoever asks."""
        worker = DataWorker(self.me.name, self.relayer, self.blobs, self.jobs, self.batches, self.unix, self.mirrors)
        yield Spawn(worker.run())
        for job in self.jobs.open(PAYMENTS):
            yield Spawn(self.carry_out(job))
        for job in self.jobs.open(SINGLE):
            yield Spawn(self.singles.record(job))
        yield from serve_each(self.serve)

    def serve(self, envelope: Envelope, request: HttpRequest) -> Steps:
        """Answer one request."""
        try:
            response = yield from self.route(request)
        except BadRequest as error:
            response = refuse(error)
        except MalformedPayment as error:
            response = respond({"error": "invalid_payload", "message": str(error)}, 400)
        yield Reply(envelope, response)

    def route(self, request: HttpRequest) -> Steps:
        """What to answer. Raises `BadRequest` and `MalformedPayment`."""
        match (request.method, request.path):
            case ("POST", "/verify"):
                if is_by_channel(body := request.json()):
                    return (yield from self.channels.verify(body))
                return (yield from self.verify(*payment_of(body)))
            case ("POST", "/settle"):
                if is_by_channel(body := request.json()):
                    return (yield from self.channels.settle(body))
                return (yield from self.settle(*payment_of(body)))
            case ("GET", path) if path.startswith("/settle/"):
                return self.status_of(path.removeprefix("/settle/"))
            case ("POST", "/settle_data"):
                return (yield from self.settle_data(request))
            case ("POST", "/heartbeat"):
                return (yield from self.heartbeat(request))
            case ("GET", "/supported"):
                return respond(self.supported())
            case ("GET", "/health"):
                return respond({"status": "ok"})
        raise no_route(request)

    # -- payments ----------------------------------------------------------------------------------------------

    def verify(self, payment: Payment, required: Requirements) -> Steps:
        """Say whether a payment will do."""
        reason = yield from self.fault_of(payment, required)
        verdict: dict[str, Any] = {"isValid": not reason, "payer": payment.permit.owner}
        return respond({**verdict, "invalidReason": reason} if reason else verdict)

    def fault_of(self, payment: Payment, required: Requirements) -> Steps:
        """What is wrong with a payment; empty if nothing is."""
        now = yield from self.unix()
        reason = fault_of(payment, required, self.me.address, self.chain_id, int(now))
        return reason or (yield from funding_fault_of(payment, required))

    def settle(self, payment: Payment, required: Requirements) -> Steps:
        """Take a payment on. ``amount`` of the requirements is what to collect, up to what the payer signed."""
        amount = required.amount
        if amount > payment.permit.amount:
            return respond({"success": False, "errorReason": EXCEEDS, "payer": payment.permit.owner}, 400)
        data = {"payload": payment.payload, "requirements": required.as_json()}
        job = yield from self.take_on(PAYMENTS, data)
        yield Spawn(self.carry_out(job))
        return respond({"paymentJob": job.as_json()}, 202)

    def carry_out(self, job: Job) -> Steps:
        """Carry out a payment job. One that was interrupted may have been carried out: then its nonce is used."""
        payment, required = read_payment(job.data["payload"]), Requirements.read(job.data["requirements"])
        if job.status == PROCESSING and (yield from is_nonce_used(payment)):
            yield from self.end(job, payment, required.amount, SUCCEEDED, "found collected")
            return
        self.jobs.move(job.id, PROCESSING, (yield from self.unix()))
        args = payment.permit.settle_args(required.amount, payment.signature)
        call = Call(self.me.address, "X402UptoPermit2Proxy", "settle", args, SETTLE_GAS)
        receipt = yield from send(call, job.id)
        status, reason = (SUCCEEDED, "") if receipt.ok else (FAILED, str(receipt.revert))
        yield from self.end(job, payment, required.amount, status, reason, receipt.hash)

    def end(self, job: Job, payment: Payment, amount: Wei, status: str, reason: str, transaction: str = "") -> Steps:
        """Write down how a job ended."""
        result = {"transaction": transaction, "amount": str(amount), **({"error": reason} if reason else {})}
        self.jobs.move(job.id, status, (yield from self.unix()), result)
        payer = payment.permit.owner
        yield Note(PaymentSettled(self.me.name, job.id, payer, str(amount), status, reason, transaction))

    def take_on(self, queue: str, data: dict[str, Any]) -> Steps:
        """A new job."""
        id = fresh_id(self.secret + self.jobs.count.to_bytes(8, "big"))
        return self.jobs.add(id, queue, data, (yield from self.unix()))

    def status_of(self, id: str) -> HttpResponse:
        """How far a job is."""
        job = self.jobs.of(id)
        if job is None:
            raise BadRequest(f"there is no job {id}", 404, "not_found")
        return respond(job.as_json())

    # -- what goes to the settlement chain ---------------------------------------------------------------------

    def settle_data(self, request: HttpRequest) -> Steps:
        """Take an inference on to be recorded; a private one is not."""
        kind = request.headers.get(SETTLEMENT_TYPE_HEADER, BATCH)
        if kind == PRIVATE:
            return respond({"status": "ignored", "type": PRIVATE})
        if kind not in (BATCH, INDIVIDUAL):
            raise BadRequest(f"settlement type {kind!r} is not {BATCH}, {INDIVIDUAL} or {PRIVATE}")
        data = settlement_data(request.headers.get(SETTLEMENT_DATA_HEADER, ""), FIELDS if kind == INDIVIDUAL else ())
        job = yield from self.take_on(SINGLE if kind == INDIVIDUAL else DATA, data)
        if kind == INDIVIDUAL:
            yield Spawn(self.singles.record(job))
        return respond({"settlementJob": job.as_json()}, 202)

    def heartbeat(self, request: HttpRequest) -> Steps:
        """Have the relayer send an enclave's heartbeat."""
        answer = yield Request(self.relayer, request, RELAY_TIMEOUT_S)
        return respond({"success": False, "error": "the relayer does not answer"}, 504) if answer is None else answer

    def supported(self) -> dict[str, Any]:
        """What can be paid with."""
        place = {"x402Version": VERSION, "network": f"eip155:{self.chain_id}"}
        upto = {**place, "scheme": UPTO, "extra": {"facilitatorAddress": self.me.address}}
        by_channel = {**place, "scheme": BATCH_SETTLEMENT_SCHEME, "extra": {"receiverAuthorizer": self.me.address}}
        return {"kinds": [upto, by_channel], "extensions": [], "signers": {"eip155:*": [self.me.address]}}

    def unix(self) -> Steps:
        """The time, in Unix seconds."""
        return self.genesis + (yield Now())


def is_by_channel(body: dict[str, Any]) -> bool:
    """Whether a request is about the scheme ``batch-settlement``."""
    required = body.get("paymentRequirements")
    return isinstance(required, dict) and required.get("scheme") == BATCH_SETTLEMENT_SCHEME


def payment_of(body: dict[str, Any]) -> tuple[Payment, Requirements]:
    """What a request is about. Raises `MalformedPayment`."""
    return read_payment(body.get("paymentPayload")), Requirements.read(body.get("paymentRequirements"))


def settlement_data(header: str, more: tuple[str, ...] = ()) -> dict[str, Any]:
    """The inference that a header describes, with these fields besides. Raises `BadRequest`."""
    try:
        data = read_json(base64.b64decode(header, validate=True))
    except ValueError:  # which binascii.Error is
        raise BadRequest(f"{SETTLEMENT_DATA_HEADER} is not JSON in base64") from None
    if not isinstance(data, dict):
        raise BadRequest(f"{SETTLEMENT_DATA_HEADER} is not an object")
    if missing := [name for name in (*DATA_FIELDS, *more) if name not in data]:
        raise BadRequest(f"{SETTLEMENT_DATA_HEADER} lacks {', '.join(missing)}")
    try:
        inference_of(data)
        if more:
            payer_in(data)
    except ValueError as error:
        raise BadRequest(f"{SETTLEMENT_DATA_HEADER} describes no inference: {error}") from None
    return data
