"""A full node's part in evidence of enclaves: verify what stands behind claims, and prove on chain what is bad.

Nothing is executed again: a signature takes microseconds and a new attestation document some milliseconds, whatever
the model costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial

from chain.formats.claims import Claim
from chain.hashing import keccak
from chain.quantities import Gas
from nodes.effects import ChainTime, Note, Read, Steps, Verdict
from nodes.enclave import DOCUMENT_LIFETIME_S
from nodes.enclave.attestation import verify
from nodes.enclave.evidence import Evidence, Fault, Record, Rules, fault
from nodes.full import FullNode
from nodes.messages import BatchData
from nodes.records import DutyFailed
from nodes.waiting import time_of_post
from simnet.strategies.evidence.enclave_terms import EnclaveTerms
from simnet.strategies.evidence.kind import EvidenceCheck, call_on, conclude, prove_in_turn, review

PROVE_GAS = Gas(700_000)
PROVE_QUOTE_GAS = Gas(1_500_000)
"""Gas that a proof may use at the most."""

SIGNATURE_S, DOCUMENT_S = 40e-6, 2.3e-3
"""Time to verify a signature and an attestation document on one core (measured, see docs/tee.md)."""

remembered = lru_cache(maxsize=256)(verify)
"""Every full node verifies the same documents in the same second. Each is charged for it, one does it."""


@dataclass
class EvidenceReview:
    """A batch whose evidence is verified."""

    data: BatchData
    posted_at: int
    rules: Rules
    root_set_at: int
    """When the registry's root was last replaced; 0 if it never was."""
    records: dict[tuple[bytes, int], Record | None] = field(default_factory=dict)
    """By enclave and time."""
    """The registry's record of each enclave that is named."""
    verified: dict[tuple[bytes, bytes], bool] = field(default_factory=dict)
    """Whether a document attests an enclave: each is verified once."""
    faults: dict[int, Fault] = field(default_factory=dict)
    """What was found wrong, by claim."""

    @cached_property
    def shown(self) -> Mapping[bytes, bytes]:
        """Evidence and documents by their hashes."""
        return {keccak(part): part for part in self.data.attachments}

    def raw(self, claim: Claim) -> bytes:
        """A claim's evidence; empty if it has none."""
        return self.shown.get(claim.evidence_hash, b"")

    def is_withheld(self, claim: Claim) -> bool:
        """Whether a claim's evidence, or the document that it names, was not shown."""
        if not any(claim.evidence_hash):
            return False
        if claim.evidence_hash not in self.shown:
            return True
        said = Evidence.unpack(self.raw(claim))
        return said is not None and said.quote not in self.shown


class EnclaveCheck(EvidenceCheck):
    """Verifies signatures and attestations, and proves bad ones."""

    def __init__(self, node: FullNode, terms: EnclaveTerms) -> None:
        super().__init__(node)
        self.terms = terms

    def verify_claims(self, data: BatchData, claims: Sequence[Claim]) -> Steps:
        """Evidence of these claims of a batch."""
        terms = self.terms
        root = yield Read("TEERegistry", "awsRootCertificate")
        rules = Rules(int(terms.quote_age), int(terms.posting_delay), int(terms.notice), root)
        posted_at = yield from time_of_post(data.batch)
        batch = EvidenceReview(data, posted_at, rules, (yield Read("TEERegistry", "rootSetAt")))
        if any(batch.is_withheld(claim) for claim in claims):
            yield Note(DutyFailed(self.node.me.name, data.batch, "evidence withheld"))
            return False
        yield from review(self.node, data, claims, partial(self.verify, batch), partial(self.prove, batch))
        self.on_verified(batch)
        return True

    def on_verified(self, batch: EvidenceReview) -> None:
        """The evidence of a batch was verified."""

    def verify(self, batch: EvidenceReview, claim: Claim) -> Steps:
        """Form a verdict on a claim's evidence: what an honest full node does."""
        known = self.node.batches.get(batch.data.batch)
        if known is None:
            return Verdict.ABSTAIN
        raw = batch.raw(claim)
        said, record, seconds = Evidence.unpack(raw), None, SIGNATURE_S
        if said is not None:
            record = yield from self.look_up(batch, said)
        found = fault(raw, claim, known.poster.address, batch.posted_at, record, batch.rules)
        if found is None and said is not None and record is not None:
            known_before = len(batch.verified)
            if not (yield from self.attests(batch, claim, said, record)):
                found = Fault.BAD_QUOTE
            seconds += DOCUMENT_S * (len(batch.verified) - known_before)
        if found is not None:
            batch.faults[claim.index] = found
        return (yield from conclude(self.node, batch.data, claim, found or "", seconds))

    def look_up(self, batch: EvidenceReview, said: Evidence) -> Steps:
        """Answers the registry's `Record` of an enclave as it was at a time, or ``None``."""
        asked = (said.tee, said.timestamp)
        if asked not in batch.records:
            row = yield Read("TEERegistry", "getTEE", (said.tee,))
            since = yield Read("TEERegistry", "outOfServiceSince", asked)
            batch.records[asked] = row and Record(row[0], row[3], row[4], row[5], since)
        return batch.records[asked]

    def attests(self, batch: EvidenceReview, claim: Claim, said: Evidence, record: Record) -> Steps:
        """Answers whether a document attests the enclave now; what can be proven no more counts as good."""
        now = int((yield ChainTime()))
        if now > claim.answered_at + DOCUMENT_LIFETIME_S - batch.rules.quote_age_s:
            return True
        if batch.root_set_at and batch.root_set_at + batch.rules.notice_s >= claim.answered_at:
            return True
        key = (said.quote, said.tee)
        if key not in batch.verified:
            document = batch.shown[said.quote]
            verdict = remembered(document, record.spki, record.tls_der, batch.rules.root_pem, now)
            batch.verified[key] = verdict.valid and verdict.pcr_hash == record.pcr_hash
        return batch.verified[key]

    def prove(self, batch: EvidenceReview, claim: Claim) -> Steps:
        """Prove a claim's evidence bad, if something was found."""
        found, raw = batch.faults.get(claim.index), batch.raw(claim)
        if found is None:
            return
        call = call_on(self.node, batch.data, "TEEEvidence", "proveBad", PROVE_GAS, raw)
        if found is Fault.BAD_QUOTE:
            said = Evidence.unpack(raw)
            assert said is not None
            evidence = (raw, batch.shown[said.quote])
            call = call_on(self.node, batch.data, "TEEEvidence", "proveBadQuote", PROVE_QUOTE_GAS, *evidence)
        yield from prove_in_turn(self.node, batch.data, claim, call)
