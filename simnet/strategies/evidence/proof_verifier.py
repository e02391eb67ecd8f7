"""A full node's part in zero-knowledge proofs: verify each off chain, and have claims rejected that get none.

The chain verifies proofs itself. Off chain there is nothing to add but a second implementation: a full node that finds
a proof bad which the chain took says so, and can do no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from chain.formats.claims import Claim, ClaimTree, opening
from chain.hashing import keccak
from chain.quantities import Gas
from chain.seam import Call
from nodes.effects import Check, Note, Sleep, Steps, Submit, Verdict, Verify
from nodes.proofs.prover import Proof
from nodes.records import ClaimChecked, DutyFailed, EvidenceChecked

if TYPE_CHECKING:
    from nodes.full import FullNode
    from nodes.messages import BatchData

REJECT_GAS = Gas(400_000)
"""Gas that a rejection may use at the most."""

TURN_S = 2.0
"""How long a full node leaves each one before it in turn (assumption)."""

BAD_PROOF = "bad_proof"
"""What a full node calls a proof that does not verify."""


def judge(node: FullNode, batch: str, index: int, digest: bytes) -> Steps:
    """Get a proof that the chain took, and verify it; `digest` is its hash."""
    data = yield from node.fetch(batch)
    if data is None:
        return
    known, claim = node.batches.get(batch), data.claims[index]
    shown = {keccak(Proof.unpack(part, data.outputs[index].size).data): part for part in data.attachments}
    if known is None or digest not in shown:
        return
    task = "0x" + claim.task.hex()
    verdict = yield Check(known.poster.name, claim, task, partial(examine, node, data, claim, shown[digest]))
    yield Note(ClaimChecked(node.me.name, batch, task, verdict.name.lower()))


def examine(node: FullNode, data: BatchData, claim: Claim, raw: bytes) -> Steps:
    """Form a verdict on a proof: what an honest full node does."""
    model = node.models.get(claim.model, "")
    verified = yield Verify(model, data.inputs[claim.index], data.outputs[claim.index], raw)
    yield Sleep(verified.seconds)
    task = "0x" + claim.task.hex()
    fault = "" if verified.valid else BAD_PROOF
    yield Note(EvidenceChecked(node.me.name, data.batch, task, fault, verified.seconds))
    return Verdict.VALID if verified.valid else Verdict.INVALID


def reject(node: FullNode, data: BatchData, claims: Sequence[Claim]) -> Steps:
    """Have claims rejected whose time to be proven is over, unless somebody has."""
    tree = ClaimTree(data.claims)
    for claim in claims:
        known = node.batches.get(data.batch)
        if known is None or known.has_fallen(claim.index):
            continue
        args = (bytes.fromhex(data.batch[2:]), opening(claim, tree.proof(claim.index)))
        receipt = yield Submit(Call(node.me.address, "Proven", "rejectUnproven", args, REJECT_GAS), subject=data.batch)
        if receipt is not None and not receipt.ok:
            yield Note(DutyFailed(node.me.name, data.batch, f"rejectUnproven: {receipt.revert}"))
