"""Which chain runs the contracts."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.util import find_spec

from chain.errors import ToolMissing
from chain.evm.toolchain import ANVIL_VARIABLE, find_anvil
from chain.quantities import Gas
from chain.seam import Chain
from simnet.scenario.schema import Scenario
from simnet.world.genesis import GENESIS


def backend_of(scenario: Scenario, tell: Callable[[str], None] = lambda _: None) -> str:
    """``anvil`` or ``revm``. `tell` hears of it where the choice is ours and anvil is not there."""
    if scenario.chain.backend != "auto":
        return scenario.chain.backend
    if os.environ.get(ANVIL_VARIABLE) or find_spec("pyrevm") is None:
        return "anvil"  # which says so if it cannot be had
    try:
        find_anvil()
    except ToolMissing as missing:
        tell(f"{missing}: contracts run in process, by revm, which gives the same log.\n  For anvil: {missing.hint}")
        return "revm"
    return "anvil"


def open_chain(scenario: Scenario, tell: Callable[[str], None] = lambda _: None) -> Chain:
    """A fresh chain of the scenario's backend. Raises `chain.errors.ChainError`."""
    section = scenario.chain
    if backend_of(scenario, tell) == "revm":
        from chain.backends.revm import RevmChain

        return RevmChain(genesis=GENESIS, block_gas_limit=Gas(section.block_gas_limit))
    from chain.backends.anvil import AnvilChain

    return AnvilChain(genesis=GENESIS, block_gas_limit=Gas(section.block_gas_limit), port=section.port)
