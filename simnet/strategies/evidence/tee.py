"""Attested inference: a claim stands if an enclave stands by it, and nobody executes anything again.

The verification contract is ``chain/contracts/evidence/Attested.sol``: a batch is final when its window is over, less
the claims whose evidence was proven bad meanwhile, and void if most full nodes say that they got no data.

What it promises hangs on hardware: that keys stay in enclaves, that the vendor's key is its own, and that the
guardian approves no image that lies. Where one of these fails, wrong answers carry good evidence, and become final:
see `nodes.adversaries.inference.enclaves`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from chain.deploy import ProtocolParameters, VerifierSpec
from nodes.full import FullNode
from nodes.identity import Identity
from simnet.strategies.evidence.enclave import EnclaveKind
from simnet.strategies.evidence.enclave_terms import EnclaveTerms
from simnet.strategies.evidence.evidence import EvidenceStrategy
from simnet.strategies.evidence.kind import EvidenceKind
from simnet.strategies.evidence.settlement import AttestedSettlement, AttestedTerms, Settlement, lasting
from simnet.strategies.facts import Facts

if TYPE_CHECKING:
    from nodes.enclave.enclave import Enclave


class Tee(EvidenceStrategy, AttestedTerms, EnclaveTerms):
    """Claims stand by the evidence of enclaves; bad evidence is proven on chain, and slashes."""

    kind: ClassVar[str] = "tee"
    claim: ClassVar[str] = "a wrong claim stands only if an enclave, its vendor or the registry's guardian is broken"
    source: ClassVar[str] = "OpenGradient's TEE mode (og-evm); that bad evidence slashes is an assumption"
    deadlines: ClassVar[tuple[str, ...]] = ("window",)

    @property
    def enclaves(self) -> EnclaveKind:
        """Enclaves on these terms."""
        return EnclaveKind(self, self.by_mode)

    def kinds(self) -> tuple[EvidenceKind, ...]:
        """Enclaves alone."""
        return (self.enclaves,)

    def settlement(self, node: FullNode) -> Settlement:
        """By the Attested contract."""
        return AttestedSettlement(node, "Attested", self.window)

    def contract_spec(self) -> VerifierSpec | None:
        """The Attested contract."""
        return VerifierSpec("Attested", (self.attested_rule(),))

    def adjust(self, parameters: ProtocolParameters, facts: Facts) -> ProtocolParameters:
        """No batch expires that can still be made final."""
        return lasting(parameters, self.window)

    def windows_s(self, parameters: ProtocolParameters) -> tuple[float, ...]:
        """Time to prove evidence bad."""
        return (self.window,)

    def problems(self, facts: Facts) -> Iterable[tuple[tuple[Any, ...], str]]:
        """Those of the window, and of enclaves."""
        yield from self.window_problems()
        yield from super().problems(facts)

    def enclave(self, identity: Identity, facts: Facts, genesis: int) -> Enclave | None:
        """Those of inference nodes."""
        return self.enclaves.enclave(identity, facts, genesis)
