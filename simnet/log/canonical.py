"""Rows about the chain, once no reorg can take them back."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from chain.seam import REORG_DEPTH_MAX
from simnet.log.events import Row as Row


class Canonical:
    """Hands rows of a log on to a fold in order, and leaves out those of blocks that a reorg replaced.

    Rows that name a ``block`` wait until so many blocks follow that they are there to stay; others pass at once.
    A reading of balances names the last block that it accounts for: if that is replaced, the reading goes with it.
    """

    def __init__(self, fold: Callable[[Row], None]) -> None:
        self._fold = fold
        self._held: deque[Row] = deque()

    def on(self, row: Row) -> None:
        """Take the next row of the log."""
        kind = row["kind"]
        if kind == "block_mined":
            self._release(row["number"] - REORG_DEPTH_MAX)
        elif kind == "chain_reorged":
            undone = range(row["first"], row["first"] + row["depth"])
            self._held = deque(held for held in self._held if held["block"] not in undone)
        if "block" in row:
            self._held.append(row)
        else:
            self._fold(row)

    def close(self) -> None:
        """The log is over: what is still held stays."""
        while self._held:
            self._fold(self._held.popleft())

    def _release(self, number: int) -> None:
        while self._held and self._held[0]["block"] <= number:
            self._fold(self._held.popleft())
