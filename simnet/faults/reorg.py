"""Reorg: the blocks of the chain's last slots are replaced."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from simnet.faults.fault import Fault, Finding, Setting, Undo, World


class Reorg(Fault):
    """Replace the blocks of the chain's last slots by empty ones; their transactions are pending again, in order.

    A slot is a block time. One in which nothing was pending has no block here, and counts: a reorg of 30 goes back 30
    block times, on a busy chain as on a quiet one. Whoever has seen a receipt or an event keeps believing it. At most
    the blocks of this run are replaced.
    """

    kind: ClassVar[str] = "reorg"
    sometimes: ClassVar[tuple[str, str] | None] = ("reorged", "blocks were replaced")
    shows_in: ClassVar[str] = "chain_reorged"
    sample: ClassVar[int] = 3

    reorg: int = Field(ge=1, le=64, description="how many slots")

    @property
    def undoes(self) -> int:
        """As many as it says."""
        return self.reorg

    @property
    def says(self) -> str:
        """How many."""
        return f"the blocks of the last {self.reorg} slots replaced" if self.reorg > 1 else "the last block replaced"

    def begin(self, world: World) -> Undo:
        """Replace them."""
        world.engine.mempool.reorg(self.reorg)
        return Undo()

    def problems(self, setting: Setting) -> Iterator[Finding]:
        """More slots than there were."""
        most = int(self.at / setting.block_time_s)
        if self.reorg > most:
            yield (), f"the run has {most} slots by then", "make it less deep, or later"
