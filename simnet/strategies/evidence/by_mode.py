"""A proof for every inference, of the kind that its client asked for: OpenGradient's modes in one workload.

A scenario's ``clients: {modes: …}`` says how often clients ask for which. The mode is in the task's id, so that a
claim owes it (`chain.formats.modes`). Evidence of each kind is judged by its own rules: signatures by
`simnet.strategies.evidence.signature`, enclaves by `simnet.strategies.evidence.enclave`, zero-knowledge proofs by
`simnet.strategies.evidence.proof`. A client takes no answer that lacks what it
asked for; a claim that lacks it is proven bad on chain, and its node slashed.

A `vanilla` claim stands by its node's word alone. What it promises is that nobody can claim what it did not answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from chain.formats.modes import Mode
from nodes.client import Client, Order
from nodes.effects import Steps
from nodes.identity import Identity
from nodes.messages import InferenceAnswer
from simnet.strategies.evidence.enclave import EnclaveEvidence
from simnet.strategies.evidence.proof import CircuitEvidence
from simnet.strategies.evidence.signature import SignatureEvidence
from simnet.strategies.facts import Facts

if TYPE_CHECKING:
    from nodes.models.zoo import Zoo
    from nodes.proofs.prover import Prover


class Proofs(EnclaveEvidence, SignatureEvidence, CircuitEvidence):
    """Every claim comes with the proof that its client asked for: a signature, an enclave's, or zero-knowledge."""

    kind: ClassVar[str] = "proofs"
    claim: ClassVar[str] = "a claim without the proof that its client asked for never becomes final"
    source: ClassVar[str] = "OpenGradient's modes; that claims are bound to them and fall without is an assumption"
    by_mode: ClassVar[bool] = True

    def problems(self, facts: Facts) -> Iterable[tuple[tuple[Any, ...], str]]:
        """Somebody must choose."""
        yield from super().problems(facts)
        if facts.modes is None:
            yield (
                ("kind",),
                "proofs goes by what clients ask for: say so in clients: {modes: {vanilla: 50 %, tee: 50 %}}",
            )

    def make_prover(self, facts: Facts, zoo: Zoo, tell: Callable[[str], None]) -> Prover | None:
        """None where nobody asks for zero-knowledge proofs."""
        needed = facts.modes is None or Mode.ZKML in facts.modes
        return super().make_prover(facts, zoo, tell) if needed else None

    def refusal(self, client: Client, node: Identity, order: Order, answer: InferenceAnswer) -> Steps:
        """An answer without the evidence of its mode will not do."""
        if order.mode is Mode.TEE:
            from simnet.strategies.evidence.enclave_client import lacks

            return (yield from lacks(client, node, order, answer))
        return (yield from super().refusal(client, node, order, answer))
