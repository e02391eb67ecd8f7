"""An inference node's part in zero-knowledge proofs: pledge a batch, then prove it claim by claim.

Proofs begin when the batch is posted, and wait for each other: a node has so many provers.
"""

from __future__ import annotations

from dataclasses import replace

from chain.formats.claims import Claim, open_claims, task_name
from chain.quantities import Gas
from chain.seam import Call
from nodes.duties import submit_duty
from nodes.effects import Prove, Read, Sleep, Spawn, Steps, Submit
from nodes.inference import PosterHalf
from nodes.messages import BatchData, InferenceRequest
from nodes.models.tensors import encode
from nodes.proofs.prover import CIRCUIT

AFTER_POST_S = 0.001
"""How soon after a post its pledge is sent, so that it comes behind it: in the same block, as a rule (assumption)."""

PLEDGE_GAS = Gas(80_000)
PROVE_GAS, INPUT_GAS = Gas(850_000), Gas(2_000)
"""Gas that each step may use at the most; a proof needs more for each element of the input."""


class CircuitPoster(PosterHalf):
    """Answers what circuits compute, and proves it once that is posted."""

    def variant(self, request: InferenceRequest) -> str:
        """What will be proven must be what the circuit computes."""
        return CIRCUIT

    def on_sent(self, data: BatchData) -> Steps:
        """Pledge a batch in the same breath: a node that went down between a post and its pledge would be slashed."""
        yield Sleep(AFTER_POST_S)
        yield from self.pledge(data)

    def pledge(self, data: BatchData) -> Steps:
        """Promise to prove every claim of a batch; answers whether that is on chain."""
        call = Call(self.node.me.address, "Proven", "pledge", (bytes.fromhex(data.batch[2:]),), PLEDGE_GAS)
        receipt = yield Submit(call, subject=data.batch)
        return receipt is not None and receipt.ok

    def on_posted(self, data: BatchData) -> Steps:
        """See that a batch is pledged, and prove every claim of it that is not proven yet."""
        batch = bytes.fromhex(data.batch[2:])
        pledged = (yield Read("Proven", "isPledged", (batch,))) or (yield from self.pledge(data))
        unproven = (yield Read("Proven", "unproven", (batch,))) if pledged else 0
        for claim in data.claims:
            if unproven and unproven >> claim.index & 1:
                yield Spawn(self.prove(data, claim))

    def prove(self, data: BatchData, claim: Claim) -> Steps:
        """Make a proof, show it to full nodes and to the chain."""
        node, value = self.node, data.inputs[claim.index]
        model = next(name for name, digest in node.models.items() if digest == claim.model)
        proof = yield Prove(task_name(claim.task), model, value, data.outputs[claim.index])
        posting = node.posted.get(data.batch)
        if posting is None:
            return
        posting.data = replace(posting.data, attachments=(*posting.data.attachments, proof.pack()))
        (opened,) = open_claims(data.claims, [claim.index])
        args = (bytes.fromhex(data.batch[2:]), opened, encode(value), proof.outputs, proof.data)
        gas = Gas(PROVE_GAS + INPUT_GAS * value.size)
        yield from submit_duty(node.me, Call(node.me.address, "Proven", "prove", args, gas), data.batch)
