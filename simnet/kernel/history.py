"""What an endpoint reads back of the chain as it stands: the logs about batches that are not final.

A real endpoint keeps everything. Here what is said about a batch goes once its end is too deep to be undone.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from chain.seam import REORG_DEPTH_MAX, Block, Log

FINAL = "BatchFinal"


@dataclass
class History:
    """Logs about batches, by batch, in the order in which the chain has them."""

    _said: dict[Any, list[tuple[int, int, Log]]] = field(default_factory=dict)
    """By batch: number of the block, of the log, and the log."""
    _ended: dict[Any, int] = field(default_factory=dict)
    """Number of the block in which each batch became final."""
    _count: int = 0

    def add(self, block: Block) -> None:
        """Take in a block on top of the others."""
        for receipt in block.receipts:
            for log in receipt.logs:
                if (batch := log.args.get("batch")) is not None:
                    self._count += 1
                    self._said.setdefault(batch, []).append((block.number, self._count, log))
                    if log.event == FINAL:
                        self._ended[batch] = block.number
        for batch in [batch for batch, number in self._ended.items() if number < block.number - REORG_DEPTH_MAX]:
            del self._ended[batch], self._said[batch]

    def undo(self, first: int) -> None:
        """Forget what was said in this block and after it."""
        self._ended = {batch: number for batch, number in self._ended.items() if number < first}
        for batch, said in list(self._said.items()):
            self._said[batch] = [entry for entry in said if entry[0] < first]
            if not self._said[batch]:
                del self._said[batch]

    def of_open_batches(self, events: Collection[str]) -> tuple[Log, ...]:
        """Logs of these events about batches that are not final, oldest first."""
        said = [
            (number, log)
            for batch, entries in self._said.items()
            if batch not in self._ended
            for _, number, log in entries
            if log.event in events
        ]
        return tuple(log for _, log in sorted(said, key=lambda entry: entry[0]))

    def __len__(self) -> int:
        """Batches that it still knows."""
        return len(self._said)
