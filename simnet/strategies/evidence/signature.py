"""Evidence of signatures: a claim that owes no more comes with the signature that its client got with the answer.

Full nodes verify it, and prove on chain what a node claims and did not sign:
``chain/contracts/evidence/SignedEvidence.sol``. That the signature is evidence is an assumption; on OpenGradient a
vanilla inference is settled without any.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chain.deploy import ProverSpec
from chain.formats.modes import Mode
from chain.quantities import Address
from chain.seam import Chain
from nodes.effects import Steps
from nodes.full import FullNode
from nodes.identity import Identity
from nodes.inference import Answered, InferenceNode
from nodes.messages import BatchData
from simnet.strategies.evidence.evidence import EvidenceStrategy
from simnet.strategies.evidence.signature_protocol import judge, vouch
from simnet.strategies.facts import Facts

if TYPE_CHECKING:
    from chain.formats.claims import Claim
    from nodes.proofs.prover import CircuitRecord


class SignatureEvidence(EvidenceStrategy):
    """Base of strategies in which claims need their node's signature."""

    def deploy(
        self,
        chain: Chain,
        deployer: Address,
        people: Sequence[Identity],
        facts: Facts,
        circuits: Sequence[CircuitRecord],
    ) -> Sequence[ProverSpec]:
        """The contract that judges signatures."""
        return [*super().deploy(chain, deployer, people, facts, circuits), ProverSpec("SignedEvidence")]

    def vouch(self, node: InferenceNode, answered: Answered) -> Steps:
        """Sign the answer, and keep the signature."""
        if self.owes(bytes.fromhex(answered.request.task[2:]), Mode.VANILLA):
            yield from vouch(node, answered)
        else:
            yield from super().vouch(node, answered)

    def examine(self, node: FullNode, data: BatchData) -> Steps:
        """Verify the signatures of the claims that owe no more."""
        rest = yield from super().examine(node, data)
        owing: list[Claim] = [claim for claim in data.claims if self.owes(claim.task, Mode.VANILLA)]
        return (yield from judge(node, data, owing)) and rest
