"""The evidence behind a claim: an enclave's signature under the answer, and the attestation that was current then.

A claim carries its hash. Full nodes get it with the batch's data and judge it without running any model; what they
find wrong, ``chain/contracts/evidence/TEEEvidence.sol`` judges in the same way. Rules and periods are assumptions:
OpenGradient has the signature and the document, but no rule that a claim falls without them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from chain.formats.claims import Claim, word
from chain.hashing import keccak
from chain.quantities import Address, Hash32
from nodes.enclave.keys import verify_pss
from nodes.enclave.signing import response_message

SIGNATURE_BYTES = 256
EVIDENCE_BYTES = 3 * 32 + SIGNATURE_BYTES


class Fault(StrEnum):
    """What is wrong with evidence, in the order of the checks; as the contract names it."""

    NONE_GIVEN = "no_evidence"
    MALFORMED = "malformed_evidence"
    NOT_ITS_ENCLAVE = "not_its_enclave"
    ANOTHER_TIME = "another_time"
    POSTED_LATE = "posted_late"
    OUT_OF_SERVICE = "out_of_service"
    BAD_SIGNATURE = "bad_signature"
    BAD_QUOTE = "bad_quote"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an enclave says of one answer."""

    tee: Hash32
    timestamp: int
    quote: Hash32
    """Keccak-256 of the attestation document."""
    signature: bytes

    def pack(self) -> bytes:
        """The bytes whose hash goes into the claim."""
        return self.tee + word(self.timestamp) + self.quote + self.signature

    @classmethod
    def unpack(cls, raw: bytes) -> Evidence | None:
        """``None`` for what is not 352 bytes."""
        if len(raw) != EVIDENCE_BYTES:
            return None
        timestamp = int.from_bytes(raw[32:64], "big")
        return cls(Hash32(raw[:32]), timestamp, Hash32(raw[64:96]), raw[96:])


@dataclass(frozen=True, slots=True)
class Record:
    """What the registry knows of an enclave."""

    owner: Address
    spki: bytes
    tls_der: bytes
    pcr_hash: bytes
    out_since: int
    """Since when it was out of service when it signed; 0 if it was in service."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Periods that evidence is held to, and whose attestations count."""

    quote_age_s: int
    posting_delay_s: int
    notice_s: int
    root_pem: bytes


def request_hash(task: bytes, model: bytes, input_hash: bytes) -> Hash32:
    """What an enclave signs in the place of a chat request's hash."""
    return Hash32(keccak(task + model + input_hash))


def fault(raw: bytes, claim: Claim, node: Address, posted_at: int, record: Record | None, rules: Rules) -> Fault | None:
    """What is wrong with a claim's evidence, its attestation apart; ``None`` if nothing is.

    `record` is that of the enclave that the evidence names.
    """
    evidence = Evidence.unpack(raw)
    if not any(claim.evidence_hash):
        return Fault.NONE_GIVEN
    if evidence is None:
        return Fault.MALFORMED
    if record is None or record.owner != node:
        return Fault.NOT_ITS_ENCLAVE
    if evidence.timestamp != claim.answered_at:
        return Fault.ANOTHER_TIME
    if not 0 <= posted_at - evidence.timestamp <= rules.posting_delay_s:
        return Fault.POSTED_LATE
    if record.out_since and evidence.timestamp >= record.out_since + rules.notice_s:
        return Fault.OUT_OF_SERVICE
    request = request_hash(claim.task, claim.model, claim.input_hash)
    message = response_message(request, claim.output_hash, evidence.timestamp)
    return None if verify_pss(record.spki, message, evidence.signature) else Fault.BAD_SIGNATURE
