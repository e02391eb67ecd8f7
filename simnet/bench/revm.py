"""revm's chain path against a bare pyrevm loop over the same calls.

The calls are those of a scenario, played once and then mined again on fresh chains, in the same blocks:

- the *seam* encodes arguments, has every call begin as a transaction does, with nothing warm, keeps old values for
  reorgs, and decodes receipts, logs and reverts;
- the *bare loop* sends calldata it was given, and reads gas and logs without looking into them. It knows calls and no
  transactions: what one call has warmed stays warm for the next, so that its gas is not what a chain charges;
- the *least* is pyrevm's own part where every call is a transaction: it is rolled back, its journal is asked for as
  text, which nobody reads, and what it wrote, which is known beforehand, goes into the database.

They take turns; what counts is the best time of each, in seconds of CPU.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyrevm import EVM, BlockEnv

from chain.backends.revm import READ_GAS, RevmChain, _Mined, _Write
from chain.quantities import Address, Gas, Timestamp
from chain.seam import Block, Call, Receipt
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
    least: float

    @property
    def least_of_bare(self) -> float:
        """Share of the bare loop's speed that is left where pyrevm does what it must, and Python nothing."""
        return self.least / self.bare

    @property
    def of_bare(self) -> float:
        """Share of the bare loop's speed that the seam reaches."""
        return self.seam / self.bare


class Recorder(RevmChain):
    """Remembers what it mined, and what each call wrote."""

    def __init__(self, scenario: Scenario) -> None:
        super().__init__(GENESIS, block_gas_limit=Gas(scenario.chain.block_gas_limit))
        self.blocks: list[tuple[Sequence[Call], Timestamp]] = []
        self.wrote: list[Sequence[_Write]] = []

    def mine(self, calls: Sequence[Call], timestamp: Timestamp) -> Block:
        """Mine, and remember."""
        self.blocks.append((calls, timestamp))
        return super().mine(calls, timestamp)

    def _transact(self, call: Call, to: Address, calldata: bytes, mined: _Mined) -> Receipt:
        before = len(mined.writes)
        receipt = super()._transact(call, to, calldata, mined)
        self.wrote.append(mined.writes[before:])
        return receipt


def measure(file: Path) -> RevmFigures:
    """Play a scenario, and mine its calls both ways. Takes some seconds."""
    scenario = load_scenario(file, ("chain.backend=revm", "duration=3 min"))
    blocks = record(scenario)
    calls = sum(len(block) for block, _ in blocks)
    times = [[seconds(side, scenario, blocks) for side in (seam, bare, least)] for _ in range(ROUNDS)]
    return RevmFigures(calls, *(calls / min(side) for side in zip(*times, strict=True)))


def record(scenario: Scenario) -> Blocks:
    """What a run of a scenario has mined, the set-up left out."""
    chain, set_up = Recorder(scenario), []
    with tempfile.TemporaryDirectory(prefix="simnet-bench-") as directory:
        log = EventLog(Path(directory, "events.jsonl"))
        play(Plan.of(scenario), chain, log, Options(begin=lambda _: set_up.append(len(chain.blocks))))
        log.close()
    return chain.blocks[set_up[0] :]


def seconds(mine: Callable[[Recorder, Blocks], float], scenario: Scenario, blocks: Blocks) -> float:
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
    prepared = prepare(chain, blocks)
    started = time.process_time()
    for environment, calls in prepared:
        chain._evm.set_block_env(environment)
        for call in calls:
            execute(chain._evm, *call)
    return time.process_time() - started


def least(chain: Recorder, blocks: Blocks) -> float:
    """What pyrevm itself does for calls that are transactions."""
    point, evm = chain.snapshot(), chain._evm
    chain.wrote.clear()
    seam(chain, blocks)
    wrote = iter(list(chain.wrote))
    chain.revert_to(point)
    prepared = prepare(chain, blocks)
    started = time.process_time()
    for environment, calls in prepared:
        evm.set_block_env(environment)
        for call in calls:
            checkpoint = evm.snapshot()
            if execute(evm, *call):
                for address, info in chain._codeless.items():
                    evm.insert_account_info(address, info)
                assert evm.journal_str
            evm.revert(checkpoint)
            chain._store(next(wrote))
    return time.process_time() - started


def prepare(chain: RevmChain, blocks: Blocks) -> list[tuple[BlockEnv, list[tuple[Address, Address, bytes, Gas]]]]:
    """Of each block its environment, and of its calls sender, contract, calldata and gas."""
    limit = max(READ_GAS, chain.block_gas_limit)
    return [
        (
            BlockEnv(number=number, timestamp=timestamp, basefee=0, gas_limit=limit),
            [(call.sender, *chain._prepare(call), call.gas_limit) for call in calls],
        )
        for number, (calls, timestamp) in enumerate(blocks, chain.head[0] + 1)
    ]


def execute(evm: EVM, sender: Address, to: Address, calldata: bytes, gas: Gas) -> bool:
    """Make a call, and look at what it used. False if it reverted."""
    try:
        evm.message_call(sender, to, calldata=calldata, gas=gas)
    except RuntimeError:
        return False
    result = evm.result
    assert result is not None
    assert result.gas_used >= len(result.logs)
    return True
