"""A verification strategy: who checks, how they say so, and what a mismatch costs."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from simnet.strategies.voting.voting import VotingStrategy


class HalfCommittee(VotingStrategy):
    """An odd number of full nodes, drawn by lot for each batch, executes it again and votes."""

    kind: ClassVar[str] = "half_committee"
    claim: ClassVar[str] = "a wrong claim stands only if a quorum of the committee is corrupt or does not check"
    source: ClassVar[str] = "an example: k-of-n redundancy with k = 2 m + 1, so that a simple majority is never a tie"

    minority: int = Field(default=1, ge=0, le=100, description="members that may be wrong; the others are one more")

    @property
    def uses_beacon(self) -> bool:
        """The committee is drawn by lot."""
        return True

    def members(self) -> int:
        """The committee's size."""
        return 2 * self.minority + 1
