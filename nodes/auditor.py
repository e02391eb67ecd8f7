"""Whoever reads the batches that a facilitator recorded, and holds every leaf against the registry.

OpenGradient has published no such node. It fetches a batch's leaves from the blob store, makes the tree anew, and asks
``TEEBatchVerifier`` of each leaf whether an enclave in service signed it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from chain.formats.standard_tree import Inference, MalformedTree, hashes_of, load
from chain.seam import Log
from nodes.blobs import BLOBS
from nodes.disk import Disk
from nodes.effects import Note, Read, Receive, Request, Spawn, Steps, Subscribe
from nodes.http import HttpRequest, read_json
from nodes.identity import Peer
from nodes.payments import BatchAudited

RECORDED = "BatchSettlement"
FETCH_TIMEOUT_S, FETCH_AGAIN_S = 60.0, 10.0
LEAVES_MAX = 10_000

MISSING, UNREADABLE, ANOTHER_ROOT, ANOTHER_SIZE, UNSIGNED, REPEATED = (
    "no blob",
    "unreadable blob",
    "another root",
    "another size",
    "unsigned leaves",
    "recorded before",
)
"""What can be wrong with a batch."""


@dataclass
class Auditor:
    """One auditor, on the settlement chain.

    It keeps a ledger of the inferences that it found signed when they were recorded: each once, whatever a batch says
    of its size, and whatever becomes of its enclave later.
    """

    me: Peer
    stores: tuple[str, ...]
    """Blob stores, asked in this order for a batch that the ones before do not have as it was recorded."""
    disk: Disk = field(default_factory=Disk)

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
        roots: set[bytes] = self.disk.kept("roots", set)
        if root in roots:
            return REPEATED, 0
        roots.add(root)
        reason, leaves = yield from self.leaves_of(root, blob)
        if reason:
            roots.discard(root)
            return reason, 0
        if len(leaves) > LEAVES_MAX:
            return ANOTHER_SIZE, 0
        ledger: set[Inference] = self.disk.kept("ledger", set)
        signed = set()
        for leaf in leaves:
            if (yield from self.is_signed(leaf)):
                signed.add(leaf)
        ledger |= signed
        if len(leaves) != size:
            return ANOTHER_SIZE, 0
        unsigned = sum(leaf not in signed for leaf in leaves)
        return (UNSIGNED if unsigned else ""), unsigned

    def leaves_of(self, root: bytes, blob: bytes) -> Steps:
        """Why no store has the leaves under a root, empty if one has them; and the leaves."""
        reasons = []
        for store in self.stores:
            reason, leaves = yield from self.fetched(store, root, blob)
            if not reason:
                return "", leaves
            reasons.append(reason)
        return reasons[0], ()

    def fetched(self, store: str, root: bytes, blob: bytes) -> Steps:
        """The same of one store."""
        path = f"{BLOBS}/{blob.decode('ascii', 'replace')}"
        answer = yield Request(store, HttpRequest("GET", path), FETCH_TIMEOUT_S, FETCH_AGAIN_S)
        if answer is None or answer.status != 200:
            return MISSING, ()
        try:
            leaves = load(read_json(answer.body))
            found = hashes_of(leaves)[0]
        except (MalformedTree, ValueError):
            return UNREADABLE, ()
        return ("", leaves) if found == root else (ANOTHER_ROOT, ())

    def is_signed(self, leaf: Inference) -> Steps:
        """Whether an enclave that is in service now signed it."""
        args = (leaf.tee, leaf.input_hash, leaf.output_hash, leaf.timestamp, leaf.signature)
        return (yield Read("TEEBatchVerifier", "verifySignatureNoTimestamp", args))
