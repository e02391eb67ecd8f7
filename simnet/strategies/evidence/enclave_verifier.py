"""A full node's part in attested inference: judge the evidence behind claims, and prove on chain what is bad.

Nothing is executed again: a signature takes microseconds and a new attestation document some milliseconds, whatever
the model costs. Nodes take turns to prove a fault, so that one transaction is enough while they are honest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from chain.formats.claims import Claim, ClaimTree, opening
from chain.hashing import keccak
from chain.quantities import Gas
from chain.seam import Call
from nodes.effects import Check, Note, Now, Read, Sleep, Spawn, Steps, Submit, Verdict
from nodes.enclave.attestation import verify
from nodes.enclave.evidence import DOCUMENT_LIFETIME_S, Evidence, Fault, Record, Rules, fault
from nodes.records import ClaimChecked, DutyFailed, EvidenceChecked

if TYPE_CHECKING:
    from nodes.full import FullNode
    from nodes.messages import BatchData

PROVE_GAS = Gas(700_000)
PROVE_QUOTE_GAS = Gas(1_500_000)
"""Gas that a proof may use at the most."""

SIGNATURE_S, DOCUMENT_S = 40e-6, 2.3e-3
"""Time to verify a signature and an attestation document on one core (measured, see docs/tee.md)."""

remembered = lru_cache(maxsize=256)(verify)
"""Every full node looks at the same documents in the same second. Each is charged for it, one does it."""

TURN_S = 2.0
"""How long a full node leaves each one before it in turn to prove a fault (assumption)."""


@dataclass(frozen=True)
class Docket:
    """A batch under judgement."""

    data: BatchData
    posted_at: int
    rules: Rules
    root_set_at: int
    """When the registry's root was last replaced; 0 if it never was."""
    records: dict[bytes, Record | None] = field(default_factory=dict)
    """The registry's record of each enclave that is named."""
    verified: dict[tuple[bytes, bytes], bool] = field(default_factory=dict)
    """Whether a document attests an enclave: each is looked at once."""
    faults: dict[int, Fault] = field(default_factory=dict)
    """What was found wrong, by claim."""

    @property
    def shown(self) -> Mapping[bytes, bytes]:
        """Evidence and documents by their hashes."""
        return {keccak(part): part for part in self.data.attachments}


def judge(node: FullNode, data: BatchData, rules: Rules, claims: Sequence[Claim]) -> Steps:
    """Look at the evidence of these claims of a batch, and prove what is bad.

    Answers the `Docket`, or ``None`` if not all of the evidence was there to see.
    """
    posted_at = (yield Read("Settlement", "batchOf", (bytes.fromhex(data.batch[2:]),)))[1]
    docket = Docket(data, posted_at, rules, (yield Read("TEERegistry", "rootSetAt")))
    shown = docket.shown
    for claim in claims:
        if any(claim.evidence_hash) and missing(claim, shown):
            yield Note(DutyFailed(node.me.name, data.batch, "evidence withheld"))
            return None
    for claim in claims:
        known = node.batches.get(data.batch)
        if known is None:
            break
        task = "0x" + claim.task.hex()
        verdict = yield Check(known.poster.name, claim, task, partial(examine, node, docket, claim, shown))
        yield Note(ClaimChecked(node.me.name, data.batch, task, verdict.name.lower()))
        if verdict is Verdict.INVALID and claim.index in docket.faults:
            yield Spawn(prove(node, docket, claim, shown))
    return docket


def missing(claim: Claim, shown: Mapping[bytes, bytes]) -> bool:
    """Whether a claim's evidence, or the document that it names, was not shown."""
    if claim.evidence_hash not in shown:
        return True
    said = Evidence.unpack(shown[claim.evidence_hash])
    return said is not None and said.quote not in shown


def examine(node: FullNode, docket: Docket, claim: Claim, shown: Mapping[bytes, bytes]) -> Steps:
    """Form a verdict on a claim's evidence: what an honest full node does."""
    known = node.batches.get(docket.data.batch)
    if known is None:
        return Verdict.ABSTAIN
    raw = shown.get(claim.evidence_hash, b"")
    said, record, seconds = Evidence.unpack(raw), None, SIGNATURE_S
    if said is not None:
        record = yield from look_up(docket, said.tee)
    found = fault(raw, claim, known.poster.address, docket.posted_at, record, docket.rules)
    if found is None and said is not None and record is not None:
        known_before = len(docket.verified)
        if not (yield from attests(node, docket, claim, said, shown[said.quote], record)):
            found = Fault.BAD_QUOTE
        seconds += DOCUMENT_S * (len(docket.verified) - known_before)
    yield Sleep(seconds)
    task = "0x" + claim.task.hex()
    yield Note(EvidenceChecked(node.me.name, docket.data.batch, task, found or "", seconds))
    if found is not None:
        docket.faults[claim.index] = found
    return Verdict.VALID if found is None else Verdict.INVALID


def look_up(docket: Docket, tee: bytes) -> Steps:
    """Answers the registry's `Record` of an enclave, or ``None``."""
    if tee not in docket.records:
        row = yield Read("TEERegistry", "getTEE", (tee,))
        disabled_at = yield Read("TEERegistry", "disabledAt", (tee,))
        docket.records[tee] = row and Record(row[0], row[3], row[4], row[5], disabled_at)
    return docket.records[tee]


def attests(node: FullNode, docket: Docket, claim: Claim, said: Evidence, document: bytes, record: Record) -> Steps:
    """Answers whether a document attests the enclave now; what can be proven no more counts as good."""
    now = node.genesis + int((yield Now()))
    if now > claim.answered_at + DOCUMENT_LIFETIME_S - docket.rules.quote_age_s:
        return True
    if docket.root_set_at and docket.root_set_at + docket.rules.notice_s >= claim.answered_at:
        return True
    key = (said.quote, said.tee)
    if key not in docket.verified:
        verdict = remembered(document, record.spki, record.tls_der, docket.rules.root_pem, now)
        docket.verified[key] = verdict.valid and verdict.pcr_hash == record.pcr_hash
    return docket.verified[key]


def prove(node: FullNode, docket: Docket, claim: Claim, shown: Mapping[bytes, bytes]) -> Steps:
    """Prove a claim's evidence bad, unless somebody whose turn is before ours has."""
    batch = docket.data.batch
    yield Sleep(node.my_turn(batch) * TURN_S)
    known = node.batches.get(batch)
    if known is None or known.has_fallen(claim.index):
        return
    raw = shown.get(claim.evidence_hash, b"")
    args = (bytes.fromhex(batch[2:]), opening(claim, ClaimTree(docket.data.claims).proof(claim.index)), raw)
    if docket.faults[claim.index] is Fault.BAD_QUOTE:
        said = Evidence.unpack(raw)
        assert said is not None
        document = shown[said.quote]
        call = Call(node.me.address, "TEEEvidence", "proveBadQuote", (*args, document), PROVE_QUOTE_GAS)
    else:
        call = Call(node.me.address, "TEEEvidence", "proveBad", args, PROVE_GAS)
    receipt = yield Submit(call, subject=batch)
    if receipt is not None and not receipt.ok:
        yield Note(DutyFailed(node.me.name, batch, f"{call.function}: {receipt.revert}"))
