"""What a node is handed to verify with: a comparator and a strategy's duties.

`simnet.comparators` and `simnet.strategies` implement these; node code knows nothing else of them, which
is why any strategy runs with any comparator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from chain.seam import Log

if TYPE_CHECKING:
    from nodes.effects import Steps
    from nodes.full import FullNode


class Comparator(Protocol):
    """Judges whether two outputs of the same model on the same input are equal."""

    def equal(self, reference: np.ndarray, claimed: np.ndarray) -> bool:
        """`reference` is the verifier's own output; both have the model's output shape."""
        ...


class Duties(Protocol):
    """A full node's part in a verification strategy."""

    watches: tuple[str, ...]
    """Chain events that give a full node something to do."""

    @property
    def uses_beacon(self) -> bool:
        """Whether full nodes must contribute to the randomness beacon."""
        ...

    def on_start(self, node: FullNode) -> Steps:
        """Do what the strategy asks of `node` before anything happens; what takes time is spawned."""
        ...

    def on_log(self, node: FullNode, log: Log) -> Steps:
        """Do what an event asks of `node`; runs beside everything else."""
        ...
