"""The facilitator's hand on the settlement chain: it sends heartbeats, and records batches of inferences."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any

from chain.formats.standard_tree import Inference
from chain.quantities import Gas
from chain.seam import Call
from nodes.effects import Reply, Steps
from nodes.facilitator.sending import send
from nodes.http import BadRequest, HttpRequest, no_route, refuse, respond
from nodes.identity import Peer
from nodes.messages import Envelope
from nodes.serving import serve_each

HEARTBEAT_GAS = Gas(200_000)
BATCH_GAS = Gas(100_000)
SINGLE_GAS = Gas(300_000)


@dataclass
class Relayer:
    """Sends transactions that others ask for."""

    me: Peer

    def run(self) -> Steps:
        """Carry out what is asked for."""
        yield from serve_each(self.serve)

    def serve(self, envelope: Envelope, request: HttpRequest) -> Steps:
        """Send a transaction, and say what became of it."""
        try:
            call = self.call(request)
        except BadRequest as error:
            yield Reply(envelope, refuse(error))
            return
        receipt = yield from send(call)
        said = {"success": receipt.ok, "txHash": receipt.hash}
        yield Reply(envelope, respond(said if receipt.ok else {**said, "error": str(receipt.revert)}))

    def call(self, request: HttpRequest) -> Call:
        """The transaction that is asked for. Raises `BadRequest`."""
        match (request.method, request.path):
            case ("POST", "/heartbeat"):
                return Call(self.me.address, "TEERegistry", "heartbeat", heartbeat_args(request), HEARTBEAT_GAS)
            case ("POST", "/batch"):
                return Call(self.me.address, "InferenceSettlementRelay", "batchSettle", batch_args(request), BATCH_GAS)
            case ("POST", "/single"):
                return Call(
                    self.me.address, "InferenceSettlementRelay", "settleIndividual", single_args(request), SINGLE_GAS
                )
        raise no_route(request)


def batch_args(request: HttpRequest) -> tuple[bytes, int, bytes]:
    """Root, size and the blob's id, as the contract takes them."""
    body = request.json()
    return bytes.fromhex(body["root"]), body["size"], body["blob"].encode()


def single_args(request: HttpRequest) -> tuple[Any, ...]:
    """An inference, its payer and the blob's id, as the contract takes them."""
    body = request.json()
    one = Inference.read(body["inference"])
    return one.tee, one.input_hash, one.output_hash, one.timestamp, body["payer"], body["blob"].encode(), one.signature


def heartbeat_args(request: HttpRequest) -> tuple[bytes, int, bytes]:
    """Id of the enclave, timestamp and signature. Raises `BadRequest`."""
    body = request.json()
    tee, timestamp, signature = (body.get(name) for name in ("teeId", "timestamp", "signature"))
    if not isinstance(tee, str) or not re.fullmatch(r"(0x)?[0-9a-fA-F]{64}", tee):
        raise BadRequest("teeId is not 32 bytes in hex")
    if not str(timestamp).isdigit() or len(str(timestamp)) > 12:
        raise BadRequest("timestamp is not a Unix second")
    try:
        proof = base64.b64decode(str(signature), validate=True)
    except binascii.Error:
        raise BadRequest("signature is not base64") from None
    return bytes.fromhex(tee.removeprefix("0x")), int(str(timestamp)), proof
