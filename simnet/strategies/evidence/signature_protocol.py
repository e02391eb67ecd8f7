"""Signatures as evidence: an inference node keeps what it signed for the client, a full node verifies it.

Rules are those of ``chain/contracts/evidence/SignedEvidence.sol``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from chain.formats.claims import Claim, ClaimTree, opening
from chain.formats.signing import Domain, answer_digest, recover
from chain.hashing import keccak
from chain.quantities import Address, Gas
from chain.seam import Call
from nodes.effects import Check, Note, Sign, Sleep, Spawn, Steps, Submit, Verdict
from nodes.models.tensors import tensor_hash
from nodes.records import ClaimChecked, DutyFailed, EvidenceChecked

if TYPE_CHECKING:
    from nodes.full import FullNode
    from nodes.inference import Answered, InferenceNode
    from nodes.messages import BatchData

PROVE_GAS = Gas(500_000)
"""Gas that a proof may use at the most."""

SIGNATURE_S = 60e-6
"""Time to recover the signer of a secp256k1 signature on one core (measured: `simnet bench evidence`)."""

TURN_S = 2.0
"""How long a full node leaves each one before it in turn to prove a fault (assumption)."""


class Fault(StrEnum):
    """What is wrong with a claim's signature; as the contract names it."""

    NONE_GIVEN = "no_evidence"
    BAD_SIGNATURE = "bad_signature"


def vouch(node: InferenceNode, answered: Answered) -> Steps:
    """Sign an answer, as it will be given, and keep the signature for whoever checks the claim."""
    request = answered.request
    task, model = bytes.fromhex(request.task[2:]), node.models[request.model]
    inputs, outputs = tensor_hash(request.value), tensor_hash(answered.output)
    signature = yield Sign(answer_digest(node.domain, task, model, inputs, outputs))
    answered.evidence, answered.attachments = keccak(signature), (signature,)


def fault(signature: bytes, claim: Claim, node: Address, domain: Domain) -> Fault | None:
    """What is wrong with the signature behind a claim; ``None`` if nothing is."""
    if not any(claim.evidence_hash):
        return Fault.NONE_GIVEN
    digest = answer_digest(domain, claim.task, claim.model, claim.input_hash, claim.output_hash)
    return None if recover(digest, signature) == node else Fault.BAD_SIGNATURE


def judge(node: FullNode, data: BatchData, claims: Sequence[Claim]) -> Steps:
    """Verify the signatures of these claims of a batch, and prove what is bad; answers whether all were there."""
    shown = {keccak(part): part for part in data.attachments}
    if any(any(claim.evidence_hash) and claim.evidence_hash not in shown for claim in claims):
        yield Note(DutyFailed(node.me.name, data.batch, "evidence withheld"))
        return False
    for claim in claims:
        known = node.batches.get(data.batch)
        if known is None:
            break
        task = "0x" + claim.task.hex()
        verdict = yield Check(known.poster.name, claim, task, partial(examine, node, data, claim, shown))
        yield Note(ClaimChecked(node.me.name, data.batch, task, verdict.name.lower()))
        if verdict is Verdict.INVALID:
            yield Spawn(prove(node, data, claim, shown))
    return True


def examine(node: FullNode, data: BatchData, claim: Claim, shown: Mapping[bytes, bytes]) -> Steps:
    """Form a verdict on a claim's signature: what an honest full node does."""
    known = node.batches.get(data.batch)
    if known is None:
        return Verdict.ABSTAIN
    found = fault(shown.get(claim.evidence_hash, b""), claim, known.poster.address, node.domain)
    yield Sleep(SIGNATURE_S)
    task = "0x" + claim.task.hex()
    yield Note(EvidenceChecked(node.me.name, data.batch, task, found or "", SIGNATURE_S))
    return Verdict.VALID if found is None else Verdict.INVALID


def prove(node: FullNode, data: BatchData, claim: Claim, shown: Mapping[bytes, bytes]) -> Steps:
    """Prove a claim's signature bad, unless somebody whose turn is before ours has, or there is nothing to prove."""
    yield Sleep(node.my_turn(data.batch) * TURN_S)
    known = node.batches.get(data.batch)
    raw = shown.get(claim.evidence_hash, b"")
    if known is None or known.has_fallen(claim.index) or fault(raw, claim, known.poster.address, node.domain) is None:
        return
    args = (bytes.fromhex(data.batch[2:]), opening(claim, ClaimTree(data.claims).proof(claim.index)), raw)
    receipt = yield Submit(Call(node.me.address, "SignedEvidence", "proveBad", args, PROVE_GAS), subject=data.batch)
    if receipt is not None and not receipt.ok:
        yield Note(DutyFailed(node.me.name, data.batch, f"proveBad: {receipt.revert}"))
