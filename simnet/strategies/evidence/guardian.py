"""The guardian of the enclaves' registry: revokes images, replaces the vendor's root, disables broken enclaves."""

from __future__ import annotations

from typing import Any

from chain.formats.claims import batch_name
from chain.quantities import NO_BATCH, BatchId, Gas
from chain.seam import Call, Log
from nodes.effects import Note, Read, Spawn, Steps, Submit
from nodes.enclave import VALIDATOR
from nodes.enclave.evidence import Evidence
from nodes.full import FullNode
from nodes.records import DutyFailed
from nodes.waiting import wait_until
from simnet.strategies.evidence.enclave_terms import EnclaveTerms
from simnet.strategies.evidence.enclave_verifier import EnclaveCheck, EvidenceReview

ADMIN_GAS = Gas(5_000_000)

FRAUD = b"fraud"
"""Why a claim falls that full nodes executed again."""

REVIEWS_KEPT = 256
"""Batches whose evidence the guardian remembers; the oldest go first."""


class Guardian(EnclaveCheck):
    """A full node that administers the registry besides."""

    watches = ("ClaimRejected",)

    def __init__(self, node: FullNode, terms: EnclaveTerms, new_root: bytes, revoked: tuple[bytes, ...]) -> None:
        super().__init__(node, terms)
        self.new_root = new_root
        """Of the vendor, who tells the guardian beforehand."""
        self.revoked = revoked
        """Registers of the image that it will trust no longer."""
        self.reviews: dict[str, EvidenceReview] = {}
        """What enclaves stood by, by batch, should it be found wrong."""

    def on_start(self) -> Steps:
        """Act when its time comes."""
        yield Spawn(self.revoke_image())
        yield Spawn(self.replace_root())

    def on_log(self, log: Log) -> Steps:
        """Disable enclaves whose answers others found wrong."""
        if log.args["reason"].startswith(FRAUD) and self.terms.disable_on_fraud:
            yield from self.disable(batch_name(log.args["batch"]), log.args["index"])

    def on_verified(self, batch: EvidenceReview) -> None:
        """Keep what was verified."""
        self.reviews[batch.data.batch] = batch
        if len(self.reviews) > REVIEWS_KEPT:
            del self.reviews[next(iter(self.reviews))]

    def administer(self, function: str, *args: Any) -> Steps:
        """Change the registry."""
        me = self.node.me
        receipt = yield Submit(Call(me.address, "TEERegistry", function, args, ADMIN_GAS), subject=me.name)
        if receipt is not None and not receipt.ok:
            yield Note(DutyFailed(me.name, NO_BATCH, f"{function}: {receipt.revert}"))

    def revoke_image(self) -> Steps:
        """Trust the previous image no longer, from the time that the scenario sets."""
        if self.terms.image_revoked is not None:
            yield from wait_until(self.node.genesis + self.terms.image_revoked)
            image = yield Read("TEERegistry", "computePCRHash", (self.revoked,))
            yield from self.administer("revokePCR", image, VALIDATOR)

    def replace_root(self) -> Steps:
        """Trust the vendor's new root, and the old one no longer."""
        if self.terms.root_replaced is not None:
            yield from wait_until(self.node.genesis + self.terms.root_replaced)
            if (yield Read("TEERegistry", "awsRootCertificate")) != self.new_root:
                yield from self.administer("setAWSRootCertificate", self.new_root)

    def disable(self, batch: BatchId, index: int) -> Steps:
        """Put an enclave out of service that stood by a wrong answer. Bad evidence says nothing against an enclave."""
        reviewed = self.reviews.get(batch)
        if reviewed is None or index in reviewed.faults:
            return
        said = Evidence.unpack(reviewed.raw(reviewed.data.claims[index]))
        if said is not None and (yield Read("TEERegistry", "isTEEEnabled", (said.tee,))):
            yield from self.administer("disableTEE", said.tee)
