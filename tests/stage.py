"""A stage for engine tests: hosts whose participants are plain generators, and a chain that echoes calls as events.

Latency between two hosts on the stage is 4 ms, so that tests can say when something must have happened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor as Workers
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import yaml
from pydantic import TypeAdapter

from chain.errors import CallReverted
from chain.formats.signing import Domain, Key
from chain.quantities import Address, Gas, Timestamp, Wei
from chain.seam import Block, Call, Log, Native, Receipt, Revert
from nodes.adversaries.behaviour import Behaviour, Gate
from nodes.effects import Steps
from nodes.enclave.sandbox import Sandbox
from nodes.identity import Identity, Role
from nodes.models.devices import DEVICES
from nodes.models.execution import Execution, Executor
from nodes.producer import Producer
from nodes.records import Record
from simnet.faults.fault import Fault, Injector
from simnet.kernel.compute import ComputeTime
from simnet.kernel.device import Device
from simnet.kernel.enclave import Enclave
from simnet.kernel.engine import Engine
from simnet.kernel.host import Host
from simnet.kernel.mempool import Mempool
from simnet.kernel.network import Network, NetworkParameters
from simnet.kernel.scheduler import Scheduler
from simnet.kernel.streams import Streams
from simnet.kernel.transport import Transport
from simnet.kernel.wallet import Wallet
from simnet.log.events import EventLog
from simnet.scenario.kinds import FAULT

GENESIS = Timestamp(1_000)
DOMAIN = Domain(1, Address("0x" + "5e" * 20))
CALM = NetworkParameters(
    topology="complete",
    sites=1,
    regions=("here", "there"),
    distribution="constant",
    latency_s=0.04,
    jitter=0.0,
    bandwidth=float("inf"),
    loss=0.0,
)
"""A network in which every message takes 4 ms: two access links and nothing else."""


def identity(name: str, role: Role = Role.CLIENT, region: str = "here") -> Identity:
    """A participant whose key is made from its name."""
    return Identity(name, role, Key(name.encode()).address, region)


@dataclass
class EchoChain:
    """A chain on which a call emits one event, named after its function, with its arguments in ``n``.

    The function ``fail`` reverts, and so does every read but ``head``.
    """

    block_gas_limit: Gas = field(default=Gas(30_000_000))
    head: tuple[int, Timestamp] = (0, GENESIS)
    blocks: list[Block] = field(default_factory=list)
    name: str = "echo"
    version: str = "1"
    chain_id: int = 1

    def mine(self, calls: Sequence[Call], timestamp: Timestamp) -> Block:
        """One block of these calls."""
        assert timestamp > self.head[1], "time must go forward"
        assert sum(call.gas_limit for call in calls) <= self.block_gas_limit, "too much gas for one block"
        self.head = (self.head[0] + 1, timestamp)
        self.blocks.append(Block(self.head[0], timestamp, tuple(map(receipt_of, calls))))
        return self.blocks[-1]

    def reorg(self, depth: int) -> tuple[Block, ...]:
        """Replace the last blocks by empty ones."""
        orphaned = tuple(self.blocks[-depth:])
        assert len(orphaned) == depth
        self.blocks[-depth:] = [replace(block, receipts=()) for block in orphaned]
        return orphaned

    def read(self, contract: str, function: str, *_: Any) -> Any:
        """Only ``head`` answers."""
        if function != "head":
            raise CallReverted(contract, function, Revert("Refused", {}))
        return self.head

    def fund(self, account: Address) -> None:
        """Gas is free."""

    def deploy(self, artifact: str, args: Sequence[Any], sender: Address, name: str | None = None) -> Address:
        """There is nothing to deploy."""
        raise NotImplementedError

    def etch(self, address: Address, artifact: str, native: Native | None = None) -> None:
        """There is nothing to put anywhere."""
        raise NotImplementedError

    def write(self, address: Address, words: Mapping[int, int]) -> None:
        """There is nothing to write to."""
        raise NotImplementedError

    def address_of(self, contract: str) -> Address:
        """There are no contracts."""
        raise KeyError(contract)

    def snapshot(self) -> int:
        """Not needed here."""
        raise NotImplementedError

    def revert_to(self, snapshot: int) -> None:
        """Not needed here."""
        raise NotImplementedError

    def balance(self, account: Address) -> Wei:
        """Nobody has any."""
        return Wei(0)

    def close(self) -> None:
        """Nothing to stop."""


def receipt_of(call: Call) -> Receipt:
    """What becomes of a call on the echo chain."""
    if call.function == "fail":
        return Receipt(call, Gas(30_000), (), Revert("Refused", {}))
    return Receipt(call, Gas(50_000), (Log(call.contract, call.function, {"n": call.args}),))


class SecondsPerItem(ComputeTime):
    """An execution takes as many seconds as its input's first entry says."""

    def __init__(self) -> None:
        self.measured = False

    def seconds(self, model: str, variant: str, execution: Execution, device: object) -> float:
        """The output is the input."""
        return float(execution.output[0])


class EchoExecutor:
    """A model that answers its input, for one multiply-accumulate."""

    def run(self, model: str, variant: str, value: np.ndarray) -> Execution:
        """The input itself."""
        return Execution(value, 1, 0.0)


@dataclass
class Script:
    """A participant that follows a test's steps."""

    steps: Callable[[], Steps]

    def run(self) -> Steps:
        """The steps, from the top."""
        return self.steps()


class Stage:
    """An engine with hosts added by the test; `said` has what participants noted, `records` the whole log."""

    def __init__(
        self,
        directory: Path,
        parameters: NetworkParameters = CALM,
        block_time_s: float = 2.0,
        block_gas_limit: int = 30_000_000,
        transport: Callable[[Scheduler], Transport | None] = lambda _: None,
    ) -> None:
        self.chain = EchoChain(Gas(block_gas_limit))
        self.log = EventLog(directory / "events.jsonl")
        self.records: list[tuple[float, Record]] = []
        self.log.listen(lambda time_s, record: self.records.append((time_s, record)))
        self.network = Network(parameters, Streams(1))
        self.scheduler = Scheduler()
        self.mempool = Mempool(self.chain, GENESIS, block_time_s, self.scheduler, self.log)
        self.engine = Engine(self.scheduler, self.network, self.log, self.mempool, transport(self.scheduler))
        self.injector = Injector(self.engine, Streams(1))
        self.executor: Executor = EchoExecutor()
        self.said: list[Any] = []

    def close(self) -> None:
        """Close the log file."""
        self.log.close()

    def host(
        self,
        name: str,
        steps: Callable[[], Steps],
        region: str = "here",
        behaviours: tuple[tuple[Behaviour, Gate], ...] = (),
        executes: bool = True,
        sandbox: Sandbox | None = None,
        workers: Workers | None = None,
    ) -> Host:
        """Add a participant that follows these steps, with a wallet and, if it executes anything, a device."""
        host = Host(identity(name, region=region), lambda: Script(steps), behaviours)
        host.install("wallet", Wallet(host.identity, Key(name.encode()), DOMAIN, lambda peer: identity(peer).address))
        if executes:
            observer = None if sandbox is None else sandbox.compute
            with_what = self.executor, DEVICES["cpu"], SecondsPerItem(), host.conditions, self.scheduler, self.log
            host.install("device", Device(name, *with_what, observer, workers))
            host.install("enclave", Enclave(sandbox, self.scheduler, GENESIS))
        return self._add(host)

    def producer(self, name: str = "producer-0", region: str = "here") -> Host:
        """Add a block producer."""
        me = identity(name, Role.PRODUCER, region)
        self.mempool.producers.append(name)
        return self._add(Host(me, lambda: Producer(me, self.chain.block_gas_limit)))

    def _add(self, host: Host) -> Host:
        self.network.join(host.name, host.identity.region)
        self.engine.add(host)
        return host

    def say(self, *what: Any) -> None:
        """Write down what happened and when, to the millisecond."""
        self.said.append((round(self.engine.now, 3), *what))

    def at(self, time_s: float, act: Callable[[], Any]) -> None:
        """Have something happen at a time."""
        self.engine.after(time_s - self.engine.now, lambda _: act())

    def faults(self, text: str) -> None:
        """Have faults happen, written as in a scenario file."""
        adapter = TypeAdapter(tuple[Annotated[Fault, FAULT], ...])
        self.injector.schedule(adapter.validate_python(yaml.safe_load(text)))

    def run(self, until_s: float) -> list[Any]:
        """Run, and return what was said."""
        self.scheduler.run(until_s)
        return self.said

    def of(self, kind: type[Record]) -> list[Any]:
        """Records of one kind, in order."""
        return [record for _, record in self.records if isinstance(record, kind)]
