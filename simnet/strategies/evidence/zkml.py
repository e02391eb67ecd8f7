"""Proven inference: every claim stands by a zero-knowledge proof, and by nothing and nobody else.

The verification contract is ``chain/contracts/evidence/Proven.sol``. What it promises hangs on the circuit, on its
proof system and on whoever made the reference string. What is proven is the circuit: that it computes what the model
does, or nearly, is measured (`circuit_gap`) and not proven.
"""

from __future__ import annotations

from typing import ClassVar

from simnet.strategies.evidence.kind import EvidenceKind
from simnet.strategies.evidence.proof import ProvenStrategy


class Zkml(ProvenStrategy):
    """Claims stand by zero-knowledge proofs; what is not proven in time is rejected, and slashes."""

    kind: ClassVar[str] = "zkml"
    claim: ClassVar[str] = "no wrong claim becomes final, as long as the proof system is sound"
    source: ClassVar[str] = "OpenGradient's ZKML mode, ezkl's circuits; pledges, periods and slashes are assumptions"

    def kinds(self) -> tuple[EvidenceKind, ...]:
        """Zero-knowledge proofs alone."""
        return (self.circuits,)
