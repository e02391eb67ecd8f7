"""Attested inference: a claim stands if an enclave stands by it, and nobody executes anything again.

The verification contract is ``chain/contracts/evidence/Attested.sol``: a batch is final when its window is over, less
the claims whose evidence was proven bad meanwhile, and void if most full nodes say that they got no data.

What it promises hangs on hardware: that keys stay in enclaves, that the vendor's key is its own, and that the
guardian approves no image that lies. Where one of these fails, wrong answers carry good evidence, and become final:
see `nodes.adversaries.inference.enclaves`.
"""

from __future__ import annotations

from typing import ClassVar

from simnet.strategies.evidence.enclave import EnclaveEvidence
from simnet.strategies.evidence.settlement import AttestedSettlement


class Tee(EnclaveEvidence, AttestedSettlement):
    """Claims stand by the evidence of enclaves; bad evidence is proven on chain, and slashes."""

    kind: ClassVar[str] = "tee"
    claim: ClassVar[str] = "a wrong claim stands only if an enclave, its vendor or the registry's guardian is broken"
    source: ClassVar[str] = "OpenGradient's TEE mode (og-evm); that bad evidence slashes is an assumption"
