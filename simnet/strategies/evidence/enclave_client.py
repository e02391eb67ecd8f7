"""A client's part in attested inference: take no answer that no enclave of the node's stands by."""

from __future__ import annotations

from chain.formats.modes import Mode
from nodes.client import ClientHalf, Order
from nodes.effects import Read, Steps
from nodes.enclave.evidence import Evidence, request_hash
from nodes.enclave.keys import verify_pss
from nodes.enclave.signing import response_message
from nodes.identity import Identity
from nodes.messages import InferenceAnswer
from nodes.models.tensors import tensor_hash

NO_EVIDENCE, BAD_EVIDENCE = "no evidence", "bad evidence"
"""Why an answer is refused."""


class EnclaveClient(ClientHalf):
    """Verifies the evidence of answers that an enclave is to prove."""

    def refusal(self, order: Order, node: Identity, answer: InferenceAnswer) -> Steps:
        """Answers what is wrong with an answer's evidence; empty if an enclave in service stands by it.

        The attestation document is left to full nodes: the registry has seen one for this enclave.
        """
        if order.mode is not Mode.TEE:
            return ""
        said = Evidence.unpack(answer.attachments[0]) if answer.attachments else None
        if said is None:
            return NO_EVIDENCE
        owner = yield Read("TEERegistry", "ownerOf", (said.tee,))
        if owner != node.address or not (yield Read("TEERegistry", "isTEEEnabled", (said.tee,))):
            return BAD_EVIDENCE
        spki = yield Read("TEERegistry", "getTEEPublicKey", (said.tee,))
        model = self.client.models[order.model]
        asked = request_hash(bytes.fromhex(order.task[2:]), model, tensor_hash(order.value))
        message = response_message(asked, tensor_hash(answer.output), said.timestamp)
        return "" if verify_pss(spki, message, said.signature) else BAD_EVIDENCE
