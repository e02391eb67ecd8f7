"""Duties where code judges: signatures and zero-knowledge proofs."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from eth_abi.abi import encode as abi_encode

from chain.formats.claims import Claim
from chain.formats.signing import answer_digest
from chain.hashing import keccak
from chain.quantities import ZERO_HASH, Hash32
from nodes.models.tensors import encode, tensor_hash
from nodes.proofs.circuits.field import MODULUS, dequantise, quantise
from simnet.studies.fuzz.arena import digest
from simnet.studies.fuzz.cast import HONEST_FULL, HONEST_NODE, SECOND_NAME, WATCHER
from simnet.studies.fuzz.duties.base import GRACE_S, Unverified
from simnet.studies.fuzz.posted import Batch
from simnet.studies.fuzz.setting import MODEL, SCALE

VANILLA, ENCLAVE = b"\0", b"\1"
"""Last byte of a task that owes a signature, or an enclave's."""

EVIDENCE_BYTES = 352
"""Of an enclave."""


class AttestedDuty(Unverified):
    """The watcher proves evidence bad. Honest nodes have none but their signature: no enclave is registered."""

    def begin(self) -> None:
        """Nothing: no lots are drawn."""

    def right(self, claim: Claim, node: str) -> tuple[Claim, bytes]:
        claim = replace(super().right(claim, node)[0], task=claim.task[:31] + VANILLA)
        return self.signed(claim, node)

    def wrong(self, claim: Claim, node: str, salt: object) -> tuple[Claim, bytes]:
        """Without evidence, under somebody else's signature, or by an enclave that nobody knows."""
        kind = claim.task[0] % 4
        mode = VANILLA if kind < 2 else ENCLAVE
        claim = replace(super().right(claim, node)[0], task=claim.task[:31] + mode)
        if kind == 0:
            return self.signed(claim, SECOND_NAME)
        evidence = (digest("evidence", claim.task.hex()) * 11 if kind == 3 else b"")[:EVIDENCE_BYTES]
        return replace(claim, evidence_hash=Hash32(keccak(evidence)) if evidence else ZERO_HASH), evidence

    def signed(self, claim: Claim, who: str) -> tuple[Claim, bytes]:
        """A claim with its node's signature as evidence."""
        made = answer_digest(self.machine.arena.domain, claim.task, claim.model, claim.input_hash, claim.output_hash)
        signature = self.machine.arena.sign(who, made)
        return replace(claim, evidence_hash=Hash32(keccak(signature))), signature

    def is_right(self, claim: Claim, node: str) -> bool:
        return claim.task[31:] == VANILLA and claim.evidence_hash == self.signed(claim, node)[0].evidence_hash

    def verify(self, batch: Batch) -> None:
        self.protest(batch)
        for i, evidence in enumerate(batch.results):
            bad = batch.made_wrong >> i & 1 and not batch.proven >> i & 1
            if bad and batch.once("prove", i):
                judge = "SignedEvidence" if batch.claims[i].task[31:] == VANILLA else "TEEEvidence"
                self.send(WATCHER, f"{judge}.proveBad", batch, batch.opening(i), evidence)
        if self.is_past(batch.posted_at + self.machine.constant("Attested.window") + GRACE_S):
            self.conclude(batch, "Attested.finalise", batch.proven)

    def protest(self, batch: Batch) -> None:
        """Say that a batch is not to be had, if so."""
        for who in HONEST_FULL:
            if batch.is_withheld and batch.once("protest", who):
                self.send(who, f"{self.court}.protest", batch)

    def promised(self, batch: Batch) -> int:
        return 0 if batch.is_withheld else batch.wrong

    def pays(self, batch: Batch) -> bool:
        return False


VALUE = np.array([0.5, -1.25, 3.0], dtype=np.float32)
OUTPUTS = (-3 * 2**SCALE + 1, 2**SCALE // 3)
INPUT_HASH = Hash32(tensor_hash(VALUE))
OUTPUT_HASH = Hash32(tensor_hash(dequantise([one % MODULUS for one in OUTPUTS], SCALE)))


@cache
def proof_of() -> bytes:
    """What the simulated verifier takes as a proof of `OUTPUTS`; more bytes may follow."""
    instances = [*quantise(VALUE, SCALE), *(one % MODULUS for one in OUTPUTS)]
    return keccak(abi_encode(["bytes32", "uint256[]"], [MODEL, instances]))


class ProvenDuty(AttestedDuty):
    """The honest node proves each claim; the watcher has rejected what nobody proves."""

    def right(self, claim: Claim, node: str) -> tuple[Claim, bytes]:
        return replace(claim, model=MODEL, input_hash=INPUT_HASH, output_hash=OUTPUT_HASH), b""

    def wrong(self, claim: Claim, node: str, salt: object) -> tuple[Claim, bytes]:
        return replace(self.right(claim, node)[0], output_hash=Hash32(digest("made up", salt))), b""

    def is_right(self, claim: Claim, node: str) -> bool:
        return (claim.model, claim.input_hash, claim.output_hash) == (MODEL, INPUT_HASH, OUTPUT_HASH)

    def verify(self, batch: Batch) -> None:
        self.protest(batch)
        if batch.node == HONEST_NODE and batch.once("pledge"):
            self.send(HONEST_NODE, "Proven.pledge", batch)
            for i in range(batch.count):
                self.send(HONEST_NODE, "Proven.prove", batch, *self.proof(batch, i))
        if not batch.is_open:
            return
        is_pledged = self.machine.arena.read("Proven.isPledged", batch.id)
        period = "provingPeriod" if is_pledged else "notice"
        if self.is_past(batch.posted_at + self.machine.constant(f"Proven.{period}")):
            unproven = self.machine.arena.read("Proven.unproven", batch.id)
            for i in range(len(batch.claims)):
                if unproven >> i & 1 and batch.once("reject", i):
                    self.send(WATCHER, "Proven.rejectUnproven", batch, batch.opening(i))
            window = max(self.machine.constant(f"Proven.{key}") for key in (period, "window"))
            if self.is_past(batch.posted_at + window + GRACE_S):
                self.conclude(batch, "Proven.finalise", batch.proven)

    def proof(self, batch: Batch, index: int) -> tuple[Any, ...]:
        """What shows that a claim is right, but for the batch."""
        number = batch.id + index.to_bytes(2, "big")
        return batch.opening(index), encode(VALUE), OUTPUTS, proof_of() + number
