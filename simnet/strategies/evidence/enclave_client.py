"""A client's part in attested inference: take no answer that no enclave of the node's stands by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodes.effects import Read, Steps
from nodes.enclave.evidence import Evidence, request_hash
from nodes.enclave.keys import verify_pss
from nodes.enclave.signing import response_message
from nodes.models.tensors import tensor_hash

if TYPE_CHECKING:
    from nodes.client import Client, Order
    from nodes.identity import Identity
    from nodes.messages import InferenceAnswer

NO_EVIDENCE, BAD_EVIDENCE = "no evidence", "bad evidence"
"""Why an answer is refused."""


def lacks(client: Client, node: Identity, order: Order, answer: InferenceAnswer) -> Steps:
    """Answers what is wrong with an answer's evidence; empty if an enclave in service stands by it.

    The attestation document is left to full nodes: the registry has seen one for this enclave.
    """
    said = Evidence.unpack(answer.attachments[0]) if answer.attachments else None
    if said is None:
        return NO_EVIDENCE
    owner = yield Read("TEERegistry", "ownerOf", (said.tee,))
    if owner != node.address or not (yield Read("TEERegistry", "isTEEEnabled", (said.tee,))):
        return BAD_EVIDENCE
    spki = yield Read("TEERegistry", "getTEEPublicKey", (said.tee,))
    asked = request_hash(bytes.fromhex(order.task[2:]), client.models[order.model], tensor_hash(order.value))
    message = response_message(asked, tensor_hash(answer.output), said.timestamp)
    return "" if verify_pss(spki, message, said.signature) else BAD_EVIDENCE
