"""A proof for every inference, of the kind that its client asked for: OpenGradient's modes in one workload.

A scenario's ``clients: {modes: …}`` says how often clients ask for which. The mode is in the task's id, so that a
claim owes it (`chain.formats.modes`). Evidence of each kind is verified by its own rules: signatures by
`simnet.strategies.evidence.signature`, enclaves by `simnet.strategies.evidence.enclave`, zero-knowledge proofs by
`simnet.strategies.evidence.proof`. A client takes no answer that lacks what it
asked for; a claim that lacks it is proven bad on chain, and its node slashed.

A `vanilla` claim stands by its node's word alone. What it promises is that nobody can claim what it did not answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from chain.formats.modes import Mode
from nodes.client import Client, ClientHalf
from nodes.identity import Identity
from simnet.strategies.evidence.enclave import EnclaveKind
from simnet.strategies.evidence.enclave_terms import EnclaveTerms
from simnet.strategies.evidence.kind import EvidenceKind
from simnet.strategies.evidence.proof import ProvenStrategy
from simnet.strategies.evidence.signature import SignatureKind
from simnet.strategies.facts import Facts

if TYPE_CHECKING:
    from nodes.enclave.enclave import Enclave
    from nodes.models.zoo import Zoo
    from nodes.proofs.prover import Prover


class Proofs(ProvenStrategy, EnclaveTerms):
    """Every claim comes with the proof that its client asked for: a signature, an enclave's, or zero-knowledge."""

    kind: ClassVar[str] = "proofs"
    claim: ClassVar[str] = "a claim without the proof that its client asked for never becomes final"
    source: ClassVar[str] = "OpenGradient's modes; that claims are bound to them and fall without is an assumption"
    by_mode: ClassVar[bool] = True

    @property
    def enclaves(self) -> EnclaveKind:
        """Enclaves on these terms."""
        return EnclaveKind(self, self.by_mode)

    def kinds(self) -> tuple[EvidenceKind, ...]:
        """One for each mode."""
        return self.circuits, SignatureKind(), self.enclaves

    def problems(self, facts: Facts) -> Iterable[tuple[tuple[Any, ...], str]]:
        """Somebody must choose."""
        yield from super().problems(facts)
        if facts.modes is None:
            yield (
                ("kind",),
                "proofs goes by what clients ask for: say so in clients: {modes: {vanilla: 50 %, tee: 50 %}}",
            )

    def enclave(self, identity: Identity, facts: Facts, genesis: int) -> Enclave | None:
        """Those of inference nodes."""
        return self.enclaves.enclave(identity, facts, genesis)

    def make_prover(self, facts: Facts, zoo: Zoo, tell: Callable[[str], None]) -> Prover | None:
        """None where nobody asks for zero-knowledge proofs."""
        needed = facts.modes is None or Mode.ZKML in facts.modes
        return super().make_prover(facts, zoo, tell) if needed else None

    def client(self, client: Client, facts: Facts) -> ClientHalf:
        """Takes no answer without the evidence of its mode."""
        from simnet.strategies.evidence.enclave_client import EnclaveClient  # loads cryptography

        return EnclaveClient(client)
