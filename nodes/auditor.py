"""Whoever reads the batches that a facilitator recorded, and holds every leaf against the registry.

OpenGradient has published no such node. It fetches a batch's leaves from the blob store, makes the tree anew, and asks
``TEEBatchVerifier`` of each leaf whether an enclave in service signed it.
"""

from __future__ import annotations

from dataclasses import dataclass

from chain.formats.standard_tree import Inference, MalformedTree, hashes_of, load
from chain.seam import Log
from nodes.blobs import BLOBS
from nodes.effects import Note, Read, Receive, Request, Spawn, Steps, Subscribe
from nodes.http import HttpRequest, read_json
from nodes.identity import Peer
from nodes.payments import BatchAudited

RECORDED = "BatchSettlement"
FETCH_TIMEOUT_S, FETCH_AGAIN_S = 60.0, 10.0
LEAVES_MAX = 10_000

MISSING, UNREADABLE, ANOTHER_ROOT, ANOTHER_SIZE, UNSIGNED = (
    "no blob",
    "unreadable blob",
    "another root",
    "another size",
    "unsigned leaves",
)
"""What can be wrong with a batch."""


@dataclass
class Auditor:
    """One auditor, on the settlement chain."""

    me: Peer
    blobs: str

    def run(self) -> Steps:
        """Audit every batch that is recorded."""
        yield Subscribe((RECORDED,))
        while True:
            envelope = yield Receive()
            if isinstance(log := envelope.message, Log):
                yield Spawn(self.audit(log.args["merkleRoot"], log.args["batchSize"], log.args["walrusBlobId"]))

    def audit(self, root: bytes, size: int, blob: bytes) -> Steps:
        """Say whether a batch is what it says."""
        reason, unsigned = yield from self.fault_of(root, size, blob)
        yield Note(BatchAudited(self.me.name, "0x" + root.hex(), size, unsigned, reason))

    def fault_of(self, root: bytes, size: int, blob: bytes) -> Steps:
        """What is wrong with a batch, and how many of its leaves nobody signed; empty if nothing is."""
        path = f"{BLOBS}/{blob.decode('ascii', 'replace')}"
        answer = yield Request(self.blobs, HttpRequest("GET", path), FETCH_TIMEOUT_S, FETCH_AGAIN_S)
        if answer is None or answer.status != 200:
            return MISSING, 0
        try:
            leaves = load(read_json(answer.body))
            found = hashes_of(leaves)[0]
        except (MalformedTree, ValueError):
            return UNREADABLE, 0
        if found != root:
            return ANOTHER_ROOT, 0
        if len(leaves) != size or size > LEAVES_MAX:
            return ANOTHER_SIZE, 0
        unsigned = 0
        for leaf in leaves:
            unsigned += not (yield from self.is_signed(leaf))
        return (UNSIGNED if unsigned else ""), unsigned

    def is_signed(self, leaf: Inference) -> Steps:
        """Whether an enclave that is in service now signed it."""
        args = (leaf.tee, leaf.input_hash, leaf.output_hash, leaf.timestamp, leaf.signature)
        return (yield Read("TEEBatchVerifier", "verifySignatureNoTimestamp", args))
