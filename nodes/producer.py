"""The block producer: decides which pending transactions the next block holds.

An honest one takes the oldest first, as many as their gas limits allow. Several producers take turns,
slot by slot, which is what bounds the harm of one that censors.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chain.quantities import Gas
from chain.seam import Call
from nodes.effects import Mine, Pending, Steps
from nodes.identity import Identity


def fitting(calls: Iterable[Call], block_gas_limit: Gas) -> tuple[Call, ...]:
    """The oldest calls whose gas limits together stay within a block's."""
    chosen: list[Call] = []
    room = block_gas_limit
    for call in calls:
        if call.gas_limit > room:
            break
        room = Gas(room - call.gas_limit)
        chosen.append(call)
    return tuple(chosen)


@dataclass
class Producer:
    """One block producer."""

    me: Identity
    block_gas_limit: Gas

    def run(self) -> Steps:
        """Build a block in each own slot that finds something pending."""
        while True:
            pending = yield Pending()
            yield Mine(fitting(pending, self.block_gas_limit))
