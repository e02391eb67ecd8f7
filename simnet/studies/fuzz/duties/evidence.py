"""What duties have in common where code judges: the watcher proves what is bad, and nobody votes."""

from __future__ import annotations

from simnet.studies.fuzz.cast import HONEST_FULL
from simnet.studies.fuzz.duties.base import Unverified
from simnet.studies.fuzz.posted import Batch


class EvidenceDuty(Unverified):
    """Full nodes say of a batch that it is not to be had, if so. Base of all."""

    def begin(self) -> None:
        """Nothing: no lots are drawn."""

    def protest(self, batch: Batch) -> None:
        """Say that a batch is not to be had, if so."""
        for who in HONEST_FULL:
            if batch.is_withheld and batch.once("protest", who):
                self.send(who, f"{self.verifier}.protest", batch)

    def promised(self, batch: Batch) -> int:
        return 0 if batch.is_withheld else batch.wrong

    def pays(self, batch: Batch) -> bool:
        return False
