"""Filling blocks: which calls fit, and mining as many blocks as a list of calls needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chain.errors import CallReverted
from chain.quantities import Gas, Timestamp
from chain.seam import Call, Chain


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


def mine_all(chain: Chain, calls: Sequence[Call]) -> None:
    """Mine calls in order, a second from block to block. Raises `CallReverted` at the first revert."""
    left = tuple(calls)
    while left:
        chosen = fitting(left, chain.block_gas_limit)
        block = chain.mine(chosen, Timestamp(chain.head[1] + 1))
        for receipt in block.receipts:
            if receipt.revert is not None:
                raise CallReverted(receipt.call.contract, receipt.call.function, receipt.revert)
        left = left[len(chosen) :]
