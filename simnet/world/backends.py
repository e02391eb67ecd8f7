"""Which chain runs the contracts."""

from __future__ import annotations

from chain.quantities import Gas
from chain.seam import Chain
from simnet.scenario.schema import Scenario
from simnet.world.genesis import GENESIS


def open_chain(scenario: Scenario) -> Chain:
    """A fresh chain of the scenario's backend. Raises `chain.errors.ChainError`."""
    section = scenario.chain
    if section.backend == "revm":
        from chain.backends.revm import RevmChain

        return RevmChain(genesis=GENESIS, block_gas_limit=Gas(section.block_gas_limit))
    from chain.backends.anvil import AnvilChain

    return AnvilChain(genesis=GENESIS, block_gas_limit=Gas(section.block_gas_limit), port=section.port)
