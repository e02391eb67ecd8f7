"""Full re-execution: every full node executes every claim again, and two thirds of the stake decide.

The textbook bound: a wrong claim needs a quorum of stake that is corrupt or does not check, and liveness needs
a quorum that does. Overhead is the number of full nodes.
"""

from __future__ import annotations

from typing import ClassVar

from simnet.strategies.voting.voting import VotingStrategy


class FullReexecution(VotingStrategy):
    """Every full node executes every claim again, and a quorum of all stake decides."""

    kind: ClassVar[str] = "full_reexecution"
    claim: ClassVar[str] = "a wrong claim stands only if a quorum of all stake is corrupt or does not check"
    source: ClassVar[str] = "replicated execution with a Byzantine quorum"

    def members(self) -> int:
        """Everybody."""
        return 0
