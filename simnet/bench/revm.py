"""revm's chain path against a bare pyrevm loop over the same calls.

The calls are those of a scenario, played once and then mined again on fresh chains, in the same blocks:

- the *seam* encodes arguments, has every call begin as a transaction does, with nothing warm, keeps old values for
  reorgs, and decodes receipts, logs and reverts;
- the *bare loop* sends calldata it was given, and reads gas and logs without looking into them. It knows calls and no
  transactions: what one call has warmed stays warm for the next, so that its gas is not what a chain charges.

They take turns; what counts is the best time of each, in seconds of CPU.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyrevm import BlockEnv

from chain.backends.revm import READ_GAS, RevmChain
from chain.quantities import Gas, Timestamp
from chain.seam import Block, Call
from simnet.log.events import EventLog
from simnet.run import Options, play
from simnet.scenario.load import load_scenario
from simnet.scenario.schema import Scenario
from simnet.world.build import build
from simnet.world.genesis import GENESIS
from simnet.world.plan import Plan

ROUNDS = 12

Blocks = Sequence[tuple[Sequence[Call], Timestamp]]
"""Calls, and when they were mined."""


@dataclass(frozen=True)
class RevmFigures:
    """Calls a second of CPU."""

    calls: int
    seam: float
    bare: float

    @property
    def of_bare(self) -> float:
        """Share of the bare loop's speed that the seam reaches."""
        return self.seam / self.bare


class Recorder(RevmChain):
    """Remembers what it mined."""

    def __init__(self, scenario: Scenario) -> None:
        super().__init__(GENESIS, block_gas_limit=Gas(scenario.chain.block_gas_limit))
        self.blocks: list[tuple[Sequence[Call], Timestamp]] = []

    def mine(self, calls: Sequence[Call], timestamp: Timestamp) -> Block:
        """Mine, and remember."""
        self.blocks.append((calls, timestamp))
        return super().mine(calls, timestamp)


def measure(file: Path) -> RevmFigures:
    """Play a scenario, and mine its calls both ways. Takes some seconds."""
    scenario = load_scenario(file, ("chain.backend=revm", "duration=3 min"))
    blocks = record(scenario)
    calls = sum(len(block) for block, _ in blocks)
    times = [(seconds(seam, scenario, blocks), seconds(bare, scenario, blocks)) for _ in range(ROUNDS)]
    return RevmFigures(calls, *(calls / min(side) for side in zip(*times, strict=True)))


def record(scenario: Scenario) -> Blocks:
    """What a run of a scenario has mined, the set-up left out."""
    chain, set_up = Recorder(scenario), []
    with tempfile.TemporaryDirectory(prefix="simnet-bench-") as directory:
        log = EventLog(Path(directory, "events.jsonl"))
        play(Plan.of(scenario), chain, log, Options(begin=lambda _: set_up.append(len(chain.blocks))))
        log.close()
    return chain.blocks[set_up[0] :]


def seconds(mine: Callable[[RevmChain, Blocks], float], scenario: Scenario, blocks: Blocks) -> float:
    """CPU seconds that it takes to mine blocks on a chain on which everything is set up."""
    chain = Recorder(scenario)
    with tempfile.TemporaryDirectory(prefix="simnet-bench-") as directory:
        log = EventLog(Path(directory, "events.jsonl"))
        build(Plan.of(scenario), chain, log)
        log.close()
    return mine(chain, blocks)


def seam(chain: RevmChain, blocks: Blocks) -> float:
    """As a run does it."""
    started = time.process_time()
    for calls, timestamp in blocks:
        chain.mine(calls, timestamp)
    return time.process_time() - started


def bare(chain: RevmChain, blocks: Blocks) -> float:
    """As little as there is to do."""
    evm, number, limit = chain._evm, chain.head[0], max(READ_GAS, chain.block_gas_limit)
    prepared = [([(call, *chain._prepare(call)) for call in calls], timestamp) for calls, timestamp in blocks]
    started = time.process_time()
    for calls, timestamp in prepared:
        number += 1
        evm.set_block_env(BlockEnv(number=number, timestamp=timestamp, basefee=0, gas_limit=limit))
        for call, to, calldata in calls:
            try:
                evm.message_call(call.sender, to, calldata=calldata, gas=call.gas_limit)
            except RuntimeError:
                continue
            assert evm.result is not None
            assert evm.result.gas_used >= len(evm.result.logs)
    return time.process_time() - started
