"""Evidence: what strategies have in common in which a claim must come with something that proves it.

Evidence is of a kind: an enclave's signature (`simnet.strategies.evidence.enclave`), the node's own
(`simnet.strategies.evidence.signature`). Each kind is a base class that sees to the claims that owe it and leaves the
others to the next; a strategy is made of those that it asks for. Full nodes get a batch's data from its poster, judge
the evidence without executing anything, and prove on chain what is bad.
"""

from __future__ import annotations

from typing import ClassVar

from chain.formats.modes import Mode, mode_of
from chain.seam import Log
from nodes.effects import Sleep, Spawn, Steps
from nodes.full import FullNode
from nodes.inference import Answered
from nodes.messages import BatchData
from simnet.strategies.strategy import Strategy

FETCHES, FETCH_AGAIN_S = 3, 5.0
"""How often a batch is asked for before its data counts as withheld, and how long to wait in between (assumption)."""


class EvidenceStrategy(Strategy):
    """Base of strategies in which claims need evidence."""

    watches: ClassVar[tuple[str, ...]] = ("BatchPosted", "ClaimRejected")

    by_mode: ClassVar[bool] = False
    """Whether a claim owes what its task asks for; otherwise every claim owes every kind that there is."""

    def owes(self, task: bytes, mode: Mode) -> bool:
        """Whether a claim of `task` must come with the evidence of a mode."""
        return not self.by_mode or mode_of(task) is mode

    def shelf(self, answered: Answered) -> str:
        """What owes another kind of evidence is posted apart: it is judged, and final, at another time."""
        return mode_of(bytes.fromhex(answered.request.task[2:])) if self.by_mode else ""

    def on_log(self, node: FullNode, log: Log) -> Steps:
        """Judge the evidence of every batch."""
        if log.event == "BatchPosted":
            yield Spawn(self.judge(node, "0x" + log.args["batch"].hex()))

    def judge(self, node: FullNode, batch: str) -> Steps:
        """Get a batch's evidence and judge it; if there is none to be had, do what the strategy has for that."""
        data = None
        for attempt in range(FETCHES):
            if attempt:
                yield Sleep(FETCH_AGAIN_S)
            data = yield from node.fetch(batch)
            if data is not None:
                break
        is_whole = data is not None and (yield from self.examine(node, data))
        if not is_whole and batch in node.batches:
            yield from self.withheld(node, batch)

    def examine(self, node: FullNode, data: BatchData) -> Steps:
        """Judge the evidence of a batch's claims, kind by kind; answers whether all of it was there to see."""
        yield from ()
        return True

    def withheld(self, node: FullNode, batch: str) -> Steps:
        """What to do about a batch that nobody gets to see; by itself, evidence cannot say."""
        yield from ()
