"""OpenGradient's services on in-process chains at virtual pace, and external clients without a server.

For studies and tests: nothing here listens on a socket, and a seed gives one log.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chain.backends.revm import RevmChain
from chain.blocks import mine_all
from chain.formats.permit2 import PERMIT2
from chain.formats.signing import Key
from chain.quantities import OPG, Timestamp
from chain.seam import Call
from nodes.adversaries.behaviour import Behaviour
from nodes.facilitator.batching import BatchTerms
from nodes.facilitator.jobs import Jobs
from nodes.gateway.completion import CHAT, Echo, LanguageModel
from nodes.gateway.terms import Terms
from nodes.http import HttpChunk, HttpRequest, HttpResponse, HungUp
from nodes.identity import GATEWAY, Service
from nodes.messages import Envelope
from nodes.producer import Producer
from nodes.records import Record
from nodes.x402 import SESSION_HEADER, SIGNATURE_HEADER
from simnet.kernel.engine import Engine
from simnet.kernel.host import Host
from simnet.kernel.mempool import BlockUpdate, Mempool, PaymentMempool, Transaction
from simnet.kernel.network import Network, NetworkParameters
from simnet.kernel.scheduler import Scheduler
from simnet.kernel.streams import Streams
from simnet.kernel.transport import SimulatedTransport
from simnet.log.events import EventLog
from simnet.servers.external import ExternalTransport
from simnet.up.casting import attach
from simnet.up.chains import PAYMENT_ID, SETTLEMENT_ID, Cast, endow, issue, register
from simnet.up.payers import ChannelPayer, Payer
from simnet.up.services import Services

BEGAN = Timestamp(1_767_225_600)
GENESIS = Timestamp(BEGAN + 60)
SEED = 3
CALM = NetworkParameters(
    topology="complete",
    sites=1,
    regions=("here",),
    distribution="constant",
    latency_s=0.04,
    jitter=0.0,
    bandwidth=float("inf"),
    loss=0.0,
)
"""Every message takes 4 ms."""

NODE = "inference-0"
"""The inference node that models are run on for contracts, where there is one."""

CAST = Cast.of(SEED)
ENCLAVE = CAST.enclave(BEGAN)


@dataclass
class Caller:
    """Somebody outside, and what was answered."""

    responses: list[HttpResponse] = field(default_factory=list)
    chunks: list[HttpChunk] = field(default_factory=list)
    name: str = ""
    on_chunk: Callable[[int], None] = lambda _: None

    def hear(self, envelope: Envelope) -> None:
        """Keep what comes."""
        match envelope.message:
            case HttpResponse() as response:
                self.responses.append(response)
            case HttpChunk() as chunk:
                self.chunks.append(chunk)
                self.on_chunk(len(self.chunks))

    @property
    def answer(self) -> HttpResponse:
        """The one response there is."""
        (response,) = self.responses
        return response


class Sender:
    """Who sends a transaction from outside, and waits for nothing."""

    name = "external"

    def hear(self, update: BlockUpdate) -> None:
        """Nothing comes: nobody waits."""


class Network402:
    """A gateway, a facilitator, two chains; `records` has the log."""

    def __init__(
        self,
        directory: Path,
        terms: Terms | None = None,
        batches: BatchTerms | None = None,
        gateways: int = 1,
        model: LanguageModel | None = None,
    ) -> None:
        terms, batches, model = terms or Terms(), batches or BatchTerms(), model or Echo()
        settlement = RevmChain(genesis=BEGAN, chain_id=SETTLEMENT_ID)
        register(settlement, CAST, ENCLAVE, "https://127.0.0.1:8443")
        self.chain = RevmChain(genesis=BEGAN, chain_id=PAYMENT_ID)
        issue(self.chain, CAST.deployer.address, CAST.facilitator.address)
        endow(self.chain, CAST.deployer.address, CAST.ohttp_relay.address)
        self.log = EventLog(directory / "events.jsonl")
        self.timed: list[tuple[float, Record]] = []
        """Records, each with its time."""
        self.log.listen(lambda at, record: self.timed.append((at, record)))
        self.scheduler = Scheduler()
        network = Network(CALM, Streams(1))
        inner = SimulatedTransport(self.scheduler, network, self.log)
        self.external = ExternalTransport(inner, self.scheduler, self.log)
        self.mempool = Mempool(settlement, GENESIS, 1.0, self.scheduler, self.log)
        self.engine = Engine(self.scheduler, network, self.log, self.mempool, self.external)
        self.payments = PaymentMempool(self.chain, GENESIS, 1.0, self.scheduler, self.log)
        self.jobs = Jobs()
        parties = (CAST, ENCLAVE, self.jobs, "here", (NODE,))
        self.services = Services(*parties, terms, model, batches=batches, gateways=gateways)
        self.services.join(self.engine, self.payments)
        producer = Service("producer-0", "producer", CAST.deployer.address, "here")
        network.join(producer.name, producer.region)
        self.mempool.producers = [producer.name]
        self.engine.add(Host(producer, lambda: Producer(producer, settlement.block_gas_limit)))

    def close(self) -> None:
        """Close files and chains."""
        self.log.close()
        self.jobs.close()
        self.services.own_jobs.close()

    @property
    def records(self) -> list[Record]:
        """The log so far."""
        return [record for _, record in self.timed]

    @property
    def now(self) -> int:
        """Unix second."""
        return int(GENESIS + self.scheduler.now)

    def payer(self, name: str = "payer", owns: int = 10 * OPG, approves: int = 10 * OPG) -> Payer:
        """A client with so much OPG, who lets Permit2 take so much, and pays by session."""
        return Payer(self.account(name, owns, approves), self.services.requirements)

    def channel_payer(self, name: str = "payer", owns: int = 10 * OPG, approves: int = 10 * OPG) -> ChannelPayer:
        """The same, who pays by channel."""
        return ChannelPayer(self.account(name, owns, approves), self.services.channel_requirements)

    def account(self, name: str, owns: int, approves: int) -> Key:
        """Somebody with so much OPG, who lets Permit2 take so much."""
        key = Key(name.encode())
        self.chain.fund(key.address)
        give = Call(CAST.deployer.address, "BaseOPG", "transfer", (key.address, owns))
        mine_all(self.chain, [give, Call(key.address, "BaseOPG", "approve", (PERMIT2, approves))])
        return key

    def request(self, request: HttpRequest, at: str = GATEWAY, wait_s: float = 5.0, **how: Any) -> Caller:
        """Send a request, and wait for what comes of it."""
        caller = Caller(**how)
        caller.name = self.external.connect(caller.hear)
        self.external.deliver(caller.name, at, request, 1)
        self.wait(wait_s)
        return caller

    def hang_up(self, caller: Caller) -> None:
        """Hang up."""
        self.external.disconnect(caller.name)
        self.external.deliver(caller.name, GATEWAY, HungUp())

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.scheduler.run(self.scheduler.now + seconds)

    def chat(self, *, pays: str = "", session: str = "", wait_s: float = 5.0, **body: Any) -> Caller:
        """Ask for a chat answer."""
        headers = {**({SIGNATURE_HEADER: pays} if pays else {}), **({SESSION_HEADER: session} if session else {})}
        asked = {"model": "gpt-5", "messages": [{"role": "user", "content": "Hello there"}], **body}
        return self.request(HttpRequest("POST", CHAT, headers, json.dumps(asked).encode()), wait_s=wait_s)

    def submit(self, key: Key, contract: str, function: str, *args: Any) -> None:
        """Send a transaction of somebody's own to the payment chain: it is in the next block."""
        call = Call(key.address, contract, function, args)
        self.payments.add(Transaction(call, "", self.scheduler.now, Sender(), None, math.inf))

    def administer(self, contract: str, function: str, *args: Any) -> None:
        """Send a transaction of whoever deployed the contracts to the settlement chain."""
        call = Call(CAST.deployer.address, contract, function, args)
        self.mempool.add(Transaction(call, "", self.scheduler.now, Sender(), None, math.inf))

    def turn(self, name: str, behaviour: Behaviour) -> None:
        """Have a service behave in a way, from a new start on."""
        self.wait(1)  # so that it has begun
        host = self.engine.hosts[name]
        attach(host, behaviour, SEED, GENESIS)
        host.crash()
        host.restart()

    def of(self, kind: type[Record]) -> list[Any]:
        """Records of a kind, in order."""
        return [record for record in self.records if isinstance(record, kind)]
