"""Attested inference with Proof of Sampling on top: hardware is believed, and checked now and then.

Every claim needs the evidence of an enclave, as under `tee`; what is bad is proven on chain before the beacon draws.
Of the rest a sample is executed again, as under `posp`. A wrong answer with good evidence then costs its node stake,
and tells the guardian which enclave is broken: one sampled fraud ends what the broken enclave can do.

The number of frauds that a broken enclave gets through before its first is sampled is geometric: (1 - p) / p on
average, beside those that are in flight until it is out of service [D].
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from chain.deploy import ProverSpec
from chain.formats.claims import Claim
from chain.quantities import Address
from chain.seam import Chain, Log
from nodes.effects import Spawn, Steps
from nodes.full import FullNode, VerifierHalf
from nodes.identity import Identity
from nodes.inference import InferenceNode, PosterHalf
from nodes.proofs.prover import CircuitRecord
from simnet.strategies.evidence.enclave import EnclaveKind
from simnet.strategies.evidence.enclave_terms import EnclaveTerms
from simnet.strategies.evidence.evidence import EvidenceVerifier
from simnet.strategies.evidence.settlement import Settlement
from simnet.strategies.facts import Facts
from simnet.strategies.sampling.posp import Posp

if TYPE_CHECKING:
    from nodes.enclave.enclave import Enclave


class Sampled(VerifierHalf):
    """Verifies evidence by one half of a strategy, and executes a sample of the claims again by another."""

    def __init__(self, node: FullNode, evidence: VerifierHalf, sampling: VerifierHalf) -> None:
        super().__init__(node)
        self.evidence = evidence
        self.sampling = sampling
        self.watches = tuple(dict.fromkeys((*evidence.watches, *sampling.watches)))

    def on_start(self) -> Steps:
        """Both get ready."""
        yield from self.evidence.on_start()
        yield from self.sampling.on_start()

    def on_log(self, log: Log) -> Steps:
        """Each hears what it watches for."""
        if log.event in self.evidence.watches:
            yield Spawn(self.evidence.on_log(log))
        if log.event in self.sampling.watches:
            yield from self.sampling.on_log(log)

    def verify(self, claim: Claim, value: np.ndarray, output: np.ndarray | None) -> Steps:
        """Execute what was drawn."""
        return (yield from self.sampling.verify(claim, value, output))


class TeePosp(Posp, EnclaveTerms):
    """Claims need the evidence of enclaves, and a sample of them is executed again."""

    kind: ClassVar[str] = "tee_posp"
    claim: ClassVar[str] = "a broken enclave is found out after (1 - p) / p frauds on average, and disabled"
    source: ClassVar[str] = "combination of tee and posp [D]"

    @property
    def enclaves(self) -> EnclaveKind:
        """Enclaves on these terms; every claim owes their evidence."""
        return EnclaveKind(self, by_mode=False)

    def problems(self, facts: Facts) -> Iterable[tuple[tuple[Any, ...], str]]:
        """Those of either."""
        yield from self.enclaves.problems(facts)
        yield from super().problems(facts)

    def deploy(
        self,
        chain: Chain,
        deployer: Address,
        people: Sequence[Identity],
        facts: Facts,
        circuits: Sequence[CircuitRecord],
    ) -> Sequence[ProverSpec]:
        """What evidence of enclaves needs."""
        return self.enclaves.deploy(chain, deployer, people, facts, circuits)

    def enclave(self, identity: Identity, facts: Facts, genesis: int) -> Enclave | None:
        """Those of inference nodes."""
        return self.enclaves.enclave(identity, facts, genesis)

    def poster(self, node: InferenceNode, facts: Facts) -> PosterHalf:
        """Presents its enclave."""
        return self.enclaves.poster(node)

    def verifier(self, node: FullNode, facts: Facts) -> VerifierHalf:
        """Verifies evidence, which sampling makes final, and serves the sampling."""
        enclaves = self.enclaves
        evidence = EvidenceVerifier(node, {enclaves.mode: enclaves.check(node, facts)}, False, Settlement())
        return Sampled(node, evidence, super().verifier(node, facts))
