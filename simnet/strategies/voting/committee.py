"""Committee: k of n full nodes, drawn at random for each batch, execute it again and vote.

The draw comes from a commit-reveal beacon that closes after the batch is posted, so that its poster can
neither predict nor grind it. With c of n full nodes corrupt, a committee of k is captured with the
hypergeometric probability that a quorum of it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from pydantic import Field

from simnet.strategies.facts import Facts
from simnet.strategies.voting.voting import VotingStrategy


class Committee(VotingStrategy):
    """k of n full nodes, drawn at random, execute again and vote."""

    kind: ClassVar[str] = "committee"
    claim: ClassVar[str] = "a wrong claim stands only if a quorum of a random committee is corrupt or does not check"
    source: ClassVar[str] = "k-of-n redundancy; commit-reveal as in Atoma's and Gonka's protocols"

    size: int = Field(default=5, ge=1, le=255, description="full nodes drawn for each batch")

    @property
    def uses_beacon(self) -> bool:
        """The committee is drawn by lot."""
        return True

    def members(self) -> int:
        """The committee's size."""
        return self.size

    def problems(self, facts: Facts) -> Iterable[tuple[tuple[Any, ...], str]]:
        """A committee cannot be larger than the network."""
        yield from super().problems(facts)
        full_nodes = facts.full_nodes
        if self.size > full_nodes:
            yield ("size",), f"a committee of {self.size} cannot be drawn from {full_nodes} full nodes"
