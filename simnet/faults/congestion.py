"""Congestion: other users fill the blocks."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from chain.units import Share
from simnet.faults.fault import Lasting, Undo, World


class Congestion(Lasting):
    """Fill blocks to a share of their gas limit with other users' transactions; of several the fullest counts.

    What does not fit waits its turn. A transaction whose gas limit is more than what is left waits until it is over.
    """

    kind: ClassVar[str] = "congestion"
    adds_up: ClassVar[bool] = False
    shows_in: ClassVar[str] = "pending in block_mined, waited_s in transaction_mined, finality_latency_s"
    sample: ClassVar[str] = "90 %"

    congestion: Share = Field(gt=0, description="share of the gas limit that others take")

    @property
    def says(self) -> str:
        """How full."""
        return f"blocks {100 * self.congestion:g} % full of other transactions"

    def begin(self, world: World) -> Undo:
        """Fill them."""
        return Undo.whole((), world.engine.mempool.conditions.filled.lay(self.congestion))
