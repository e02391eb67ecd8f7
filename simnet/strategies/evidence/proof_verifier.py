"""A full node's part in zero-knowledge proofs: verify each off chain, and have claims rejected that get none.

The chain verifies proofs itself. Off chain there is nothing to add but a second implementation: a full node that finds
a proof bad which the chain took says so, and can do no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from chain.formats.claims import Claim, batch_name
from chain.hashing import keccak
from chain.quantities import BatchId, Gas
from chain.seam import Log
from nodes.effects import Read, Sleep, Spawn, Steps, Verify
from nodes.full import TURN_S, FullNode
from nodes.messages import BatchData
from nodes.proofs.prover import Proof
from nodes.waiting import wait_since_post
from simnet.strategies.evidence.kind import EvidenceCheck, call_on, conclude, prove_bad, review
from simnet.strategies.evidence.settlement import AttestedSettlement
from simnet.strategies.keepers import TAKEOVER_DELAY_S

REJECT_GAS = Gas(400_000)
"""Gas that a rejection may use at the most."""

BAD_PROOF = "bad_proof"
"""What a full node calls a proof that does not verify."""


class CircuitCheck(EvidenceCheck):
    """Verifies proofs, makes batches final that are proven, and has claims rejected that are not."""

    watches = ("Pledged", "ClaimProven")

    def __init__(self, node: FullNode, settlement: AttestedSettlement, pledge_s: float, proving_s: float) -> None:
        super().__init__(node)
        self.settlement = settlement
        self.pledge_s = pledge_s
        """Time from the post in which a batch must be pledged; it is final no sooner."""
        self.proving_s = proving_s
        """Time from the post in which it must be proven."""
        self.closing: set[str] = set()
        """Batches that are proven, and wait to be made final."""

    def verify_claims(self, data: BatchData, claims: Sequence[Claim]) -> Steps:
        """See that it is pledged: proofs come later."""
        yield Spawn(self.see_pledged(data, claims))
        return True

    def on_log(self, log: Log) -> Steps:
        """Verify each proof, make final what is proven, and have rejected what is late."""
        batch = batch_name(log.args["batch"])
        if log.event == "ClaimProven":
            yield Spawn(self.verify_proof(batch, log.args["index"], log.args["proof"]))
            yield from self.close_proven(batch)
        else:
            yield from self.see_proven(batch)

    def verify_proof(self, batch: BatchId, index: int, digest: bytes) -> Steps:
        """Get a proof that the chain took, and verify it; `digest` is its hash."""
        data = yield from self.node.fetch(batch)
        if data is None:
            return
        shown = {keccak(Proof.unpack(part, data.outputs[index].size).data): part for part in data.attachments}
        if digest in shown:
            verify = partial(self.verify, data, shown[digest])
            yield from review(self.node, data, [data.claims[index]], verify)

    def verify(self, data: BatchData, raw: bytes, claim: Claim) -> Steps:
        """Form a verdict on a proof: what an honest full node does."""
        model = self.node.models.get(claim.model, "")
        verified = yield Verify(model, data.inputs[claim.index], data.outputs[claim.index], raw)
        fault = "" if verified.valid else BAD_PROOF
        return (yield from conclude(self.node, data, claim, fault, verified.seconds))

    def reject(self, data: BatchData, claims: Iterable[Claim]) -> Steps:
        """Have claims rejected whose time to be proven is over, unless somebody has."""
        for claim in claims:
            call = call_on(self.node, data, "Proven", "rejectUnproven", REJECT_GAS)
            yield from prove_bad(self.node, data, claim, call)

    def see_pledged(self, data: BatchData, owing: Sequence[Claim]) -> Steps:
        """Have claims rejected that owe a proof in a batch that was not pledged in time."""
        yield from wait_since_post(data.batch, self.pledge_s + 1)
        yield Sleep(self.node.my_turn(data.batch) * TURN_S)
        if self.settlement.is_due(data.batch):
            yield from self.reject(data, owing)

    def see_proven(self, batch: BatchId) -> Steps:
        """Once the time to prove a pledged batch is over, have rejected what is not proven, and make it final."""
        turn = self.node.my_turn(batch)
        yield from wait_since_post(batch, self.proving_s + 1)
        yield Sleep(turn * TURN_S)
        yield from self.reject_unproven(batch)
        yield Sleep(turn * TAKEOVER_DELAY_S)
        while batch in self.node.batches and not (yield from self.settlement.finalise_once(batch)):
            yield Sleep(TAKEOVER_DELAY_S)
            yield from self.reject_unproven(batch)

    def reject_unproven(self, batch: BatchId) -> Steps:
        """Have rejected what is not proven of a batch whose time is over, as far as its data is to be had."""
        unproven = yield Read("Proven", "unproven", (bytes.fromhex(batch[2:]),))
        data = (yield from self.node.look_up(batch)) if unproven else None
        if data is not None:
            yield from self.reject(data, [claim for claim in data.claims if unproven >> claim.index & 1])

    def close_proven(self, batch: BatchId) -> Steps:
        """Make a batch final once the last of it is proven."""
        if batch in self.closing or batch not in self.node.batches:
            return
        if (yield Read("Proven", "unproven", (bytes.fromhex(batch[2:]),))) != 0:
            return
        self.closing.add(batch)
        try:
            yield from wait_since_post(batch, self.pledge_s + 1)
            yield Sleep(self.node.my_turn(batch) * TAKEOVER_DELAY_S)
            yield from self.settlement.finalise(batch)
        finally:
            self.closing.discard(batch)
