"""Duties where claims owe a signature: their node's, or that of an enclave which proved what it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from chain.formats.claims import Claim
from chain.formats.signing import answer_digest
from chain.hashing import keccak
from chain.quantities import ZERO_HASH, Hash32
from nodes.enclave.evidence import Evidence, Record, fault
from simnet.studies.fuzz.arena import digest
from simnet.studies.fuzz.cast import DISHONEST_NODE, HONEST_NODE, SECOND_ACCOUNT, WATCHER
from simnet.studies.fuzz.duties.base import GRACE_S
from simnet.studies.fuzz.duties.evidence import EvidenceDuty
from simnet.studies.fuzz.enclaves import DEVICES, FORGED, HONEST_TEE, POSTING_DELAY_S, RULES, quote, said_by
from simnet.studies.fuzz.posted import Batch
from simnet.studies.fuzz.table import Table

VANILLA, ENCLAVE = b"\0", b"\1"
"""Last byte of a task that owes a signature, or an enclave's."""

BEAT_EVERY_S = 900
"""Between two heartbeats of the honest enclave."""


class AttestedDuty(EvidenceDuty):
    """The honest node's claims are signed by it, or by its enclave; the watcher proves evidence and quotes bad."""

    def __init__(self, machine: Table) -> None:
        super().__init__(machine)
        self.documents: dict[bytes, bytes] = {}
        """Attestation documents by their hash, as far as somebody made one."""
        self.evidence: dict[bytes, bytes] = {}
        """What was said of claims, by its hash."""
        self.beaten = self.machine.arena.now

    def watch(self) -> None:
        """Bring the honest enclave's heartbeat, now and then."""
        if self.machine.arena.now < self.beaten + BEAT_EVERY_S:
            return
        self.beaten = self.machine.arena.now
        self.machine.honest(
            WATCHER, "TEERegistry.heartbeat", HONEST_TEE, *DEVICES[HONEST_NODE].heartbeat(self.beaten + 1)
        )

    # ---- claims ----

    def right(self, claim: Claim, node: str) -> tuple[Claim, bytes]:
        mode = VANILLA if claim.task[1] % 2 else ENCLAVE
        claim = replace(super().right(claim, node)[0], task=claim.task[:31] + mode)
        return self.signed(claim, node) if mode == VANILLA else self.attested(claim, node)

    def wrong(self, claim: Claim, node: str, salt: object) -> tuple[Claim, bytes]:
        """Evidence that is missing, somebody else's, late, of another answer, malformed, or attested by a forger."""
        claim = replace(super().right(claim, node)[0], task=claim.task[:31] + ENCLAVE)
        return WAYS[claim.task[0] % len(WAYS)](self, claim, node)

    def signed(self, claim: Claim, who: str) -> tuple[Claim, bytes]:
        """A claim with its node's signature as evidence."""
        made = answer_digest(self.machine.arena.domain, claim.task, claim.model, claim.input_hash, claim.output_hash)
        return self.given(claim, self.machine.arena.sign(who, made))

    def attested(self, claim: Claim, node: str, document: bytes = b"") -> tuple[Claim, bytes]:
        """A claim with the evidence of a node's enclave."""
        document = document or quote(node, claim.answered_at)
        self.documents[keccak(document)] = document
        return self.given(claim, said_by(DEVICES[node], claim, document))

    def given(self, claim: Claim, evidence: bytes) -> tuple[Claim, bytes]:
        """A claim with this as evidence; with none, if it is empty."""
        found = Hash32(keccak(evidence)) if evidence else ZERO_HASH
        self.evidence[found] = evidence
        return replace(claim, evidence_hash=found), evidence

    def is_right(self, claim: Claim, node: str) -> bool:
        if claim.task[31:] == VANILLA:
            return claim.evidence_hash == self.signed(claim, node)[0].evidence_hash
        evidence = self.evidence[claim.evidence_hash]
        if self.fault(claim, node, evidence, self.machine.arena.now + 1):
            return False
        said = Evidence.unpack(evidence)
        return said is not None and self.documents.get(said.quote) == quote(node, claim.answered_at)

    def fault(self, claim: Claim, node: str, evidence: bytes, posted_at: int) -> str:
        """What is wrong with an enclave's evidence, as full nodes find without the chain; empty if nothing is."""
        said = Evidence.unpack(evidence)
        record = self.record(said) if said else None
        return str(fault(evidence, claim, self.machine.arena.address(node), posted_at, record, RULES) or "")

    def record(self, said: Evidence) -> Record | None:
        """What is known of the enclave that evidence names."""
        owner = next((name for name, device in DEVICES.items() if device.id == said.tee), "")
        if not owner:
            return None
        key, tls = DEVICES[owner].key.spki, DEVICES[owner].tls.der
        before = [since for at, since in self.machine.books.outages[said.tee] if at <= said.timestamp]
        return Record(self.machine.arena.address(owner), key, tls, b"", before[-1] if before else 0)

    # ---- duties ----

    def verify(self, batch: Batch) -> None:
        self.protest(batch)
        for i in range(len(batch.claims)):
            if batch.made_wrong >> i & 1 and not batch.proven >> i & 1 and batch.once("prove", i):
                self.prove_bad(batch, i)
        if self.is_past(batch.posted_at + self.machine.constant("Attested.window") + GRACE_S):
            self.conclude(batch, "Attested.finalise", batch.proven)

    def prove_bad(self, batch: Batch, index: int) -> None:
        """Show what is wrong with a claim."""
        claim, evidence = batch.claims[index], batch.results[index]
        shown = (batch.opening(index), evidence)
        if claim.task[31:] == VANILLA:
            self.send(WATCHER, "SignedEvidence.proveBad", batch, *shown)
        elif self.fault(claim, batch.node, evidence, batch.posted_at):
            self.send(WATCHER, "TEEEvidence.proveBad", batch, *shown)
        else:
            self.send(WATCHER, "TEEEvidence.proveBadQuote", batch, *shown, self.document(evidence))

    def document(self, evidence: bytes) -> bytes:
        """The attestation document that evidence goes by, if anybody has it."""
        said = Evidence.unpack(evidence)
        return self.documents.get(said.quote, b"") if said else b""


Way = Callable[[AttestedDuty, Claim, str], tuple[Claim, bytes]]


def _other_output(duty: AttestedDuty, claim: Claim, node: str) -> tuple[Claim, bytes]:
    evidence = duty.attested(replace(claim, output_hash=Hash32(digest("another"))), node)[1]
    return duty.given(claim, evidence)


def _at(shift: int) -> Way:
    def way(duty: AttestedDuty, claim: Claim, node: str) -> tuple[Claim, bytes]:
        return duty.attested(replace(claim, answered_at=claim.answered_at + shift), node)

    return way


def _another_time(duty: AttestedDuty, claim: Claim, node: str) -> tuple[Claim, bytes]:
    return duty.given(claim, duty.attested(replace(claim, answered_at=claim.answered_at - 7), node)[1])


def _forged(duty: AttestedDuty, claim: Claim, node: str) -> tuple[Claim, bytes]:
    return duty.attested(claim, node, FORGED.attest(claim.answered_at))


WAYS: tuple[Way, ...] = (
    lambda duty, claim, node: duty.signed(replace(claim, task=claim.task[:31] + VANILLA), SECOND_ACCOUNT),
    lambda duty, claim, node: duty.given(replace(claim, task=claim.task[:31] + VANILLA), b""),
    lambda duty, claim, node: duty.given(claim, b""),
    lambda duty, claim, node: duty.given(claim, digest("evidence", claim.task.hex()) * 11),
    lambda duty, claim, node: duty.given(claim, digest("evidence", claim.task.hex()) * 3),
    lambda duty, claim, node: duty.attested(claim, HONEST_NODE if node == DISHONEST_NODE else DISHONEST_NODE),
    _other_output,
    _another_time,
    _at(-POSTING_DELAY_S - 5),
    _at(40),
    _forged,
)
"""Ways to be wrong."""
