"""Reorg: the chain's last blocks are replaced."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from simnet.faults.fault import Fault, Finding, Setting, Undo, World


class Reorg(Fault):
    """Replace the chain's last blocks by empty ones; their transactions are pending again, in order.

    Whoever has seen a receipt or an event keeps believing it. At most the blocks of this run are replaced.
    """

    kind: ClassVar[str] = "reorg"
    sometimes: ClassVar[tuple[str, str] | None] = ("reorged", "blocks were replaced")
    shows_in: ClassVar[str] = "chain_reorged"
    sample: ClassVar[int] = 3

    reorg: int = Field(ge=1, le=64, description="how many blocks")

    @property
    def undoes(self) -> int:
        """As many as it says."""
        return self.reorg

    @property
    def says(self) -> str:
        """How many."""
        return f"the last {self.reorg} blocks replaced" if self.reorg > 1 else "the last block replaced"

    def begin(self, world: World) -> Undo:
        """Replace them."""
        world.engine.mempool.reorg(self.reorg)
        return Undo()

    def problems(self, setting: Setting) -> Iterator[Finding]:
        """More blocks than there can be."""
        most = int(self.at / setting.block_time_s)
        if self.reorg > most:
            yield (), f"the run has at most {most} blocks by then", "make it less deep, or later"
