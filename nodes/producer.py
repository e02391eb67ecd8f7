"""The block producer: decides which pending transactions the next block holds.

An honest one takes the oldest first, as many as their gas limits allow. Several producers take turns,
slot by slot, which is what bounds the harm of one that censors.
"""

from __future__ import annotations

from dataclasses import dataclass

from chain.blocks import fitting
from chain.quantities import Gas
from nodes.effects import Mine, Pending, Steps
from nodes.identity import Peer


@dataclass
class Producer:
    """One block producer."""

    me: Peer
    block_gas_limit: Gas

    def run(self) -> Steps:
        """Build a block in each own slot that finds something pending."""
        while True:
            pending = yield Pending()
            yield Mine(fitting(pending, self.block_gas_limit))
