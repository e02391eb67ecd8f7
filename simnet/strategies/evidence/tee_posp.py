"""Attested inference with Proof of Sampling on top: hardware is believed, and looked after.

Every claim needs the evidence of an enclave, as under `tee`; what is bad is proven on chain before the beacon draws.
Of the rest a sample is executed again, as under `posp`. A wrong answer with good evidence then costs its node stake,
and tells the guardian which enclave is broken: one sampled fraud ends what the broken enclave can do.

The number of frauds that a broken enclave gets through before its first is sampled is geometric: (1 - p) / p on
average, beside those that are in flight until it is out of service [D].
"""

from __future__ import annotations

from typing import ClassVar

from chain.seam import Log
from nodes.effects import Spawn, Steps
from nodes.full import FullNode
from simnet.strategies.evidence.enclave import EnclaveEvidence
from simnet.strategies.sampling.posp import Posp


class TeePosp(EnclaveEvidence, Posp):
    """Claims need the evidence of enclaves, and a sample of them is executed again."""

    kind: ClassVar[str] = "tee_posp"
    claim: ClassVar[str] = "a broken enclave is found out after (1 - p) / p frauds on average, and disabled"
    source: ClassVar[str] = "combination of tee and posp [D]"
    watches: ClassVar[tuple[str, ...]] = tuple(dict.fromkeys((*EnclaveEvidence.watches, *Posp.watches)))

    def on_log(self, node: FullNode, log: Log) -> Steps:
        """Judge evidence, and serve the sampling."""
        yield Spawn(EnclaveEvidence.on_log(self, node, log))
        yield from Posp.on_log(self, node, log)
