"""The engine's speed against a bare simpy program that moves the same messages.

Both sides move messages from every node to the next in a ring, one a second each. Bare simpy does so with one
`Store` per node and a timeout per message; the engine with effects, network, mailbox and log in the way.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Generator
from functools import partial
from pathlib import Path
from typing import Any

import simpy

from chain.formats.signing import Key
from chain.quantities import BatchId, Timestamp
from nodes.effects import Receive, Send, Sleep, Spawn, Steps
from nodes.identity import Identity, Role
from nodes.messages import BatchQuery
from simnet.kernel.engine import Engine
from simnet.kernel.host import Host
from simnet.kernel.mempool import Mempool
from simnet.kernel.network import Network, NetworkParameters
from simnet.kernel.pace import Pace, drive
from simnet.kernel.scheduler import Scheduler
from simnet.kernel.streams import Streams
from simnet.log.events import EventLog

LATENCY_S = 0.03
GAP_S = 1.0
NETWORK = NetworkParameters("complete", 3, ("a", "b", "c"), "lognormal", LATENCY_S, 0.25, 12.5e6, 0.0)


def bare_simpy(nodes: int, messages: int) -> float:
    """Messages delivered per second of CPU by a bare simpy program."""
    environment = simpy.Environment()
    stores = [simpy.Store(environment) for _ in range(nodes)]
    each = messages // nodes

    def send(i: int) -> Generator[simpy.Event, Any, None]:
        for number in range(each):
            yield environment.timeout(GAP_S)
            yield stores[(i + 1) % nodes].put((environment.now + LATENCY_S, number))

    def receive(i: int) -> Generator[simpy.Event, Any, None]:
        while True:
            arrives, _ = yield stores[i].get()
            yield environment.timeout(max(0.0, arrives - environment.now))

    for i in range(nodes):
        environment.process(send(i))
        environment.process(receive(i))
    started = time.process_time()
    environment.run()
    return each * nodes / (time.process_time() - started)


class Relay:
    """A participant that sends on schedule and takes in whatever comes."""

    def __init__(self, peer: str, messages: int) -> None:
        self.peer = peer
        self.messages = messages

    def run(self) -> Steps:
        """Send and receive at the same time."""
        yield Spawn(self.send())
        while True:
            yield Receive()

    def send(self) -> Steps:
        """One message a second."""
        message = BatchQuery(BatchId("0x00"))
        for _ in range(self.messages):
            yield Sleep(GAP_S)
            yield Send(self.peer, message)


def engine(nodes: int, messages: int) -> float:
    """Messages delivered per second of CPU by the engine."""
    each = messages // nodes
    streams = Streams(0)
    network = Network(NETWORK, streams)
    with tempfile.TemporaryDirectory(prefix="simnet-bench-") as directory:
        log = EventLog(Path(directory, "events.jsonl"))
        scheduler = Scheduler()
        mempool = Mempool(None, Timestamp(0), 2.0, scheduler, log)  # type: ignore[arg-type]
        machine = Engine(scheduler, network, log, mempool)
        for i in range(nodes):
            name, key = f"full-{i}", Key(i.to_bytes(32, "big"))
            network.join(name, NETWORK.regions[i % 3])
            begin = partial(Relay, f"full-{(i + 1) % nodes}", each)
            machine.add(Host(Identity(name, Role.FULL, key.address, "a"), begin))
        started = time.process_time()
        drive(scheduler, float(each + 60), Pace(), lambda _: None)
        took = time.process_time() - started
        log.close()
    return each * nodes / took
