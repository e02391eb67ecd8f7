"""An inference node's part in attested inference: register its enclave, renew its attestation, vouch for answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chain.hashing import keccak
from chain.quantities import Gas, Hash32
from chain.seam import Call
from nodes.effects import Attest, Heartbeat, Note, Now, Read, SignResponse, Sleep, Steps, Submit
from nodes.enclave import VALIDATOR
from nodes.enclave.evidence import Evidence
from nodes.enclave.signing import tee_id
from nodes.models.tensors import tensor_hash
from nodes.records import Sealed

if TYPE_CHECKING:
    from nodes.inference import Answered, InferenceNode

REGISTER_GAS = Gas(2_500_000)
HEARTBEAT_GAS = Gas(150_000)
"""Gas that each step may use at the most."""

NEWS_S = 10.0
"""How old a node's news from the registry may be (assumption)."""


@dataclass(frozen=True, slots=True)
class Posting:
    """How nodes present their enclaves. It keeps what it knows of a node's enclave in the node's memory."""

    renew_s: float
    """How old an attestation may grow before the node asks for another."""
    heartbeat_s: float

    def live(self, node: InferenceNode) -> Steps:
        """Register the enclave, and show that it is alive from time to time."""
        attested = yield Attest()
        if attested is None:
            node.memory["tee"] = None
            return
        me = node.me
        args = (attested.document, attested.spki, attested.tls_der, me.address, f"https://{me.name}", VALIDATOR)
        call = Call(me.address, "TEERegistry", "registerTEEWithAttestation", args, REGISTER_GAS)
        yield Submit(call, subject=me.name)
        tee = tee_id(attested.spki)
        if (yield Read("TEERegistry", "ownerOf", (tee,))) != me.address:  # after a restart it is registered already
            node.memory["tee"] = None
            return
        node.memory["tee"] = tee
        while True:
            yield Sleep(self.heartbeat_s)
            beat = yield Heartbeat(node.genesis + int((yield Now())))
            if beat is not None:
                call = Call(me.address, "TEERegistry", "heartbeat", (tee, *beat), HEARTBEAT_GAS)
                yield Submit(call, subject=me.name)

    def objection(self, node: InferenceNode) -> Steps:
        """Waits for the enclave's registration; answers why not to answer: it was refused, or is out of service."""
        while "tee" not in node.memory:
            yield Sleep(0.5)
        if node.memory["tee"] is None:
            return "no enclave"
        now = yield Now()
        if now >= node.memory.get("ask again at", 0.0):
            node.memory["ask again at"] = now + NEWS_S
            node.memory["in service"] = yield Read("TEERegistry", "isTEEEnabled", (node.memory["tee"],))
        return "" if node.memory["in service"] else "enclave out of service"

    def vouch(self, node: InferenceNode, answered: Answered) -> Steps:
        """Have the enclave sign an answer, and put its attestation beside it."""
        document = yield from self.document(node)
        request, at = answered.request, answered.answered_at
        model, output = node.models[request.model], tensor_hash(answered.output)
        response = yield SignResponse(request.task, request.model, model, tensor_hash(request.value), output, at)
        if response is None or not document:
            return
        said = Evidence(response.tee, response.timestamp, Hash32(keccak(document)), response.signature).pack()
        answered.evidence, answered.attachments = keccak(said), (said, document)
        yield Note(Sealed(node.me.name, request.task, "0x" + response.tee.hex()))

    def document(self, node: InferenceNode) -> Steps:
        """Answers an attestation document that is young enough, a new one if need be; nothing without an enclave."""
        now = yield Now()
        if now >= node.memory.get("attest again at", 0.0):
            attested = yield Attest()
            node.memory["document"] = attested.document if attested else b""
            node.memory["attest again at"] = now + self.renew_s
        return node.memory["document"]
