"""Evidence of signatures: a claim that owes no more comes with the signature that its client got with the answer.

Full nodes verify it, and prove on chain what a node claims and did not sign: rules are those of
``chain/contracts/evidence/SignedEvidence.sol``. That the signature is evidence is an assumption; on OpenGradient a
vanilla inference is settled without any.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import partial
from typing import ClassVar

from chain.deploy import ProverSpec
from chain.formats.claims import Claim
from chain.formats.modes import Mode
from chain.formats.signing import Domain, answer_digest, recover
from chain.hashing import keccak
from chain.quantities import Address, Gas
from chain.seam import Chain
from nodes.effects import Note, Sign, Steps, Verdict
from nodes.full import FullNode
from nodes.identity import Identity
from nodes.inference import Answered, InferenceNode, PosterHalf
from nodes.messages import BatchData
from nodes.models.tensors import tensor_hash
from nodes.proofs.prover import CircuitRecord
from nodes.records import DutyFailed
from simnet.strategies.evidence.kind import EvidenceCheck, EvidenceKind, call_on, conclude, prove_in_turn, review
from simnet.strategies.facts import Facts

PROVE_GAS = Gas(500_000)
"""Gas that a proof may use at the most."""

SIGNATURE_S = 60e-6
"""Time to recover the signer of a secp256k1 signature on one core (measured: `simnet bench evidence`)."""


class Fault(StrEnum):
    """What is wrong with a claim's signature; as the contract names it."""

    NONE_GIVEN = "no_evidence"
    BAD_SIGNATURE = "bad_signature"


def fault(signature: bytes, claim: Claim, node: Address, domain: Domain) -> Fault | None:
    """What is wrong with the signature behind a claim; ``None`` if nothing is."""
    if not any(claim.evidence_hash):
        return Fault.NONE_GIVEN
    digest = answer_digest(domain, claim.task, claim.model, claim.input_hash, claim.output_hash)
    return None if recover(digest, signature) == node else Fault.BAD_SIGNATURE


class SignatureKind(EvidenceKind):
    """The node's own signature."""

    mode: ClassVar[Mode] = Mode.VANILLA

    def deploy(
        self,
        chain: Chain,
        deployer: Address,
        people: Sequence[Identity],
        facts: Facts,
        circuits: Sequence[CircuitRecord],
    ) -> Sequence[ProverSpec]:
        """The contract that judges signatures."""
        return [ProverSpec("SignedEvidence")]

    def poster(self, node: InferenceNode) -> PosterHalf:
        """Keeps its signatures."""
        return SignaturePoster(node)

    def check(self, node: FullNode, facts: Facts) -> EvidenceCheck:
        """Recovers the signer."""
        return SignatureCheck(node)


class SignaturePoster(PosterHalf):
    """Keeps what it signed for the client, for whoever checks the claim."""

    def attach_evidence(self, answered: Answered) -> Steps:
        """Sign the answer, as it will be given."""
        request = answered.request
        task, model = bytes.fromhex(request.task[2:]), self.node.models[request.model]
        inputs, outputs = tensor_hash(request.value), tensor_hash(answered.output)
        signature = yield Sign(answer_digest(self.node.domain, task, model, inputs, outputs))
        answered.evidence, answered.attachments = keccak(signature), (signature,)


class SignatureCheck(EvidenceCheck):
    """Verifies signatures, and proves bad ones."""

    def verify_claims(self, data: BatchData, claims: Sequence[Claim]) -> Steps:
        """Signatures of these claims of a batch."""
        node, shown = self.node, {keccak(part): part for part in data.attachments}
        if any(any(claim.evidence_hash) and claim.evidence_hash not in shown for claim in claims):
            yield Note(DutyFailed(node.me.name, data.batch, "evidence withheld"))
            return False
        yield from review(node, data, claims, partial(self.verify, data, shown), partial(self.prove, data, shown))
        return True

    def verify(self, data: BatchData, shown: Mapping[bytes, bytes], claim: Claim) -> Steps:
        """Form a verdict on a claim's signature: what an honest full node does."""
        known = self.node.batches.get(data.batch)
        if known is None:
            return Verdict.ABSTAIN
        found = fault(shown.get(claim.evidence_hash, b""), claim, known.poster.address, self.node.domain)
        return (yield from conclude(self.node, data, claim, found or "", SIGNATURE_S))

    def prove(self, data: BatchData, shown: Mapping[bytes, bytes], claim: Claim) -> Steps:
        """Prove a claim's signature bad, if it is."""
        known, raw = self.node.batches.get(data.batch), shown.get(claim.evidence_hash, b"")
        if known is None or fault(raw, claim, known.poster.address, self.node.domain) is None:
            return
        call = call_on(self.node, data, "SignedEvidence", "proveBad", PROVE_GAS, raw)
        yield from prove_in_turn(self.node, data, claim, call)
