"""Metrics of the chain: blocks, gas and what producers left out."""

from __future__ import annotations

from simnet.measure.metric import Neither, Value, metric, ratio
from simnet.measure.needs import REQUESTS
from simnet.measure.state import State


@metric("blocks", "count", kind="measured", better=Neither("a block is mined when there is something to put in it"))
def blocks(state: State) -> Value:
    """Blocks mined."""
    return Value(state.chain.blocks, state.chain.blocks)


@metric("gas_total", "gas", kind="measured", better="lower")
def gas_total(state: State) -> Value:
    """Gas used by all transactions after deployment."""
    return Value(state.chain.gas, state.chain.transactions)


@metric("gas_per_inference", "gas", kind="measured", better="lower", needs=REQUESTS)
def gas_per_inference(state: State) -> Value:
    """Gas used, over inferences finalised."""
    return ratio(state.chain.gas, state.finalised)


@metric("censored_transactions", "count", kind="simulated", better="lower")
def censored_transactions(state: State) -> Value:
    """Transactions that a producer left out on purpose."""
    return Value(state.acted("inclusion"), state.acted("inclusion"))
