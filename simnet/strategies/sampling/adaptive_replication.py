"""Adaptive replication: who has passed many checks is checked rarely.

All claims of a node are checked until `streak` in a row have passed; with n passed in a row, a claim is checked
with probability 1 / n. One rejected claim, and n is 0 again. Overhead falls towards 0 for the honest, but trust
is cheap to come by: a sleeper that is honest for n checks then cheats about n times before it is detected. `floor`,
which the source does not have, is the remedy: nobody is ever checked less.

Source: BOINC, BOINC/boinc: `set_trust` of its scheduler (10 in a row, then one in n), and `is_valid` of its
validator, by which only replicated results count [R]. There a result is compared with another volunteer's;
here validators and arbiters compare it with their own.
"""

from __future__ import annotations

from fractions import Fraction as Exact
from typing import ClassVar

from pydantic import Field

from chain.units import Fraction
from simnet.strategies.sampling.sampling import SamplingStrategy


class AdaptiveReplication(SamplingStrategy):
    """Check everything of a new node, and ever less of one that has passed every check."""

    kind: ClassVar[str] = "adaptive_replication"
    claim: ClassVar[str] = "a node that fails often is checked always; one that has passed n checks, one time in n"
    source: ClassVar[str] = "BOINC adaptive replication: BOINC/boinc, scheduler and validator [R]"

    streak: int = Field(default=10, ge=1, le=65_535, description="checks passed in a row before checking relents")
    floor: Fraction = Field(default=Exact(0), description="share of the claims that is checked at the least")

    def least_rate(self) -> Exact:
        """What it never falls below."""
        return self.floor

    def trust_after(self) -> int:
        """When trust begins."""
        return self.streak
