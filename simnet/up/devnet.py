"""OpenGradient's services as participants of a run, and their servers.

A run of a scenario is begun as always; what is added is a gateway with an enclave, a facilitator with its relayer, a
second chain, and the servers. The clock is the real one, so that deadlines mean to clients what they mean to contracts.
"""

from __future__ import annotations

import secrets
import socket
import ssl
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from chain.backends.anvil import AnvilChain
from chain.errors import SimnetError
from chain.quantities import Gas, Timestamp
from chain.seam import Chain
from nodes.enclave.enclave import Enclave
from nodes.facilitator.batching import BatchTerms
from nodes.facilitator.jobs import Jobs
from nodes.gateway.completion import Echo, LanguageModel
from nodes.gateway.terms import Terms
from nodes.identity import BLOBS, FACILITATOR, GATEWAY, NATIVE, OHTTP_RELAY, Role
from simnet.kernel.library import ModelLibrary
from simnet.kernel.mempool import Mempool, PaymentMempool
from simnet.kernel.network import Network
from simnet.kernel.pace import Pace
from simnet.kernel.scheduler import Scheduler
from simnet.kernel.streams import Streams
from simnet.kernel.transport import SimulatedTransport, Transport
from simnet.log.events import EventLog
from simnet.run import Options
from simnet.scenario.schema import Scenario
from simnet.servers.asking import Asking
from simnet.servers.control import ControlServer
from simnet.servers.external import ExternalTransport
from simnet.servers.http import HttpServer, listening_socket
from simnet.servers.rpc import RpcServer
from simnet.strategies.strategy import Strategy
from simnet.up.casting import cast, cast_services
from simnet.up.chains import SETUP_S, Cast, payment_chain, settlement_chain, share_registry
from simnet.up.faults import read_faults
from simnet.up.home import JOBS, OWN_JOBS, PAYMENT, SETTLEMENT, Home
from simnet.up.services import Services
from simnet.world.build import World
from simnet.world.directory import key_of
from simnet.world.injection import inject


class CannotHost(SimnetError):
    """A scenario cannot be run with OpenGradient's services beside it."""

    exit_code = 2


class Server(Protocol):
    """What listens on a socket."""

    def close(self) -> None:
        """Stop."""
        ...


@dataclass(frozen=True)
class Ports:
    """Where the servers are; a free port where it is 0."""

    gateway: int = 0
    facilitator: int = 0
    settlement: int = 0
    payment: int = 0
    blobs: int = 0
    relay: int = 0
    host: str = "127.0.0.1"


@dataclass(frozen=True)
class Sockets:
    """The servers' sockets, bound before anything else is made."""

    gateway: socket.socket
    facilitator: socket.socket
    settlement: socket.socket
    payment: socket.socket
    blobs: socket.socket
    relay: socket.socket

    @classmethod
    def at(cls, ports: Ports) -> Sockets:
        """Sockets at these ports. Raises `CannotListen`."""
        opened: list[socket.socket] = []
        wanted = (ports.gateway, ports.facilitator, ports.settlement, ports.payment, ports.blobs, ports.relay)
        try:
            for port in wanted:
                opened.append(listening_socket(port, ports.host))
        except BaseException:
            for one in opened:
                one.close()
            raise
        return cls(*opened)

    def close(self) -> None:
        """Give the ports back."""
        for one in (self.gateway, self.facilitator, self.settlement, self.payment, self.blobs, self.relay):
            one.close()


def url_of(sock: socket.socket, scheme: str = "http") -> str:
    """Where clients of this machine find a server."""
    host, port = sock.getsockname()[:2]
    return f"{scheme}://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"


@dataclass
class Devnet:
    """What is added to a run. Use its `options`, then `close` it."""

    seed: int
    sockets: Sockets
    terms: Terms = field(default_factory=Terms)
    model: LanguageModel = field(default_factory=Echo)
    batches: BatchTerms = field(default_factory=BatchTerms)
    faults: tuple[str, ...] = ()
    """What is to break, as a scenario has it; times count from when the servers listen."""
    home: Home | None = None
    """What outlives the process; nothing if there is none."""
    ready: Callable[[Path], None] = lambda _: None
    """Called with the run directory when the servers listen."""
    _external: ExternalTransport | None = None
    _servers: list[Server] = field(default_factory=list)
    _payment: AnvilChain | None = None
    _jobs: Jobs | None = None
    _own_jobs: Jobs | None = None

    def __post_init__(self) -> None:
        now = int(time.time())
        self.began = Timestamp(now - SETUP_S)
        self.cast = Cast.of(self.seed)
        self._control, self._token = listening_socket(), secrets.token_urlsafe(16)
        self.control_url = f"{url_of(self._control)}/inject/{self._token}"
        self.goes_on = self.home is not None and self.home.goes_on
        self.booted_at = self.home.facts["booted_at"] if self.home is not None and self.goes_on else self.began
        self.enclave: Enclave = self.cast.enclave(self.booted_at)
        self.addresses: dict[str, str] = {}
        self.gateway_url = url_of(self.sockets.gateway, "https")
        self.facilitator_url, self.blobs_url = url_of(self.sockets.facilitator), url_of(self.sockets.blobs)
        self.relay_url = url_of(self.sockets.relay)
        self.settlement_url, self.payment_url = url_of(self.sockets.settlement), url_of(self.sockets.payment)

    def options(self, options: Options) -> Options:
        """Options of the run that has all this."""
        options.pace = Pace(1.0)
        options.open_chain, options.carry = self.open_chain, self.carry
        options.begin = partial(self.begin, options.pace)
        return options

    def close(self) -> None:
        """Close the servers, and stop the second chain. May be called twice."""
        for server in self._servers:
            server.close()
        self.sockets.close()
        self._control.close()
        if self.home is not None:
            self.home.save()
        if self._payment is not None:
            self._payment.close()
        if self._jobs is not None:
            self._jobs.close()
        if self._own_jobs is not None:
            self._own_jobs.close()

    # -- called by the run -------------------------------------------------------------------------------------

    def open_chain(self, scenario: Scenario, _: Callable[[str], None]) -> Chain:
        """The chain that settles, with the registry. Raises `CannotHost`."""
        if self.goes_on and type(scenario.strategy).enclave is not Strategy.enclave:
            kind = scenario.strategy.kind
            message = f"strategy {kind} registers enclaves, and the kept registry has those of the run before"
            hint = "such a strategy takes a new directory each time (--state OTHER), or none; or take another strategy"
            raise CannotHost(message, hint)
        gas_limit = Gas(scenario.chain.block_gas_limit)
        settled, paid = self._kept_chains()
        self._payment = payment_chain(self.cast, self.began, gas_limit, paid if self.goes_on else None)
        kept = settled if self.goes_on else None
        chain = settlement_chain(self.cast, self.enclave, self.gateway_url, self.began, gas_limit, kept)
        if kept is None:
            share_registry(chain, self.cast.deployer.address, key_of("deployer", Streams(scenario.seed)).address)
        if self.home is not None and settled is not None and paid is not None:
            self._payment.keep_in(paid)
            chain.keep_in(settled)
            self.home.found(self.seed, self.booted_at, self.sockets.gateway.getsockname()[1])
        names = ("TEERegistry", "TEEInferenceVerifier", "TEEBatchVerifier", "InferenceSettlementRelay")
        self.addresses = {name: chain.address_of(name) for name in names}
        return chain

    def _kept_chains(self) -> tuple[Path, Path] | tuple[None, None]:
        """Where the two chains are kept."""
        if self.home is None:
            return None, None
        return self.home.directory / SETTLEMENT, self.home.directory / PAYMENT

    def carry(self, scheduler: Scheduler, network: Network, log: EventLog) -> Transport:
        """The transport, with a way in."""
        self._external = ExternalTransport(SimulatedTransport(scheduler, network, log), scheduler, log)
        return self._external

    def begin(self, pace: Pace, world: World) -> None:
        """Put the services in, start the servers, and set the clock. Raises `BadFault`."""
        self.addresses["ModelRegistry"] = world.chain.address_of("ModelRegistry")
        faults = read_faults(self.faults, world.scenario)
        assert self._payment is not None
        engine, genesis = world.engine, world.engine.mempool.genesis
        payments = PaymentMempool(self._payment, genesis, engine.mempool.block_time_s, engine.scheduler, world.log)
        directory = world.log.path.parent if self.home is None else self.home.directory
        self._jobs = Jobs(directory / JOBS)
        region = world.scenario.region(0)
        nodes = equip(world)
        made = Services(self.cast, self.enclave, self._jobs, region, nodes, self.terms, self.model, self.batches)
        if self.home is not None:
            made.disk, made.blob_disk, made.audit_disk = self.home.gateway, self.home.blobs, self.home.auditor
            world.log.listen(self.home.hear)
            pace.idle = partial(one_after_the_other, self.home.save, pace.idle)
        if self.terms.own_facilitator:
            self._own_jobs = made.own_jobs = Jobs(directory / OWN_JOBS)
        made.join(engine, payments)
        cast_services(world.scenario, engine.hosts, genesis)
        world.misbehave = partial(cast, hosts=engine.hosts, seed=self.seed, genesis=genesis)
        self._open(world, payments)
        while time.time() < genesis:
            time.sleep(0.05)
        open_after_s = time.time() - genesis
        pace.follow(time.monotonic() - open_after_s)
        shift = [fault.model_copy(update={"at": fault.at + open_after_s}) for fault in faults]
        world.injector.schedule(shift)
        world.log.flush()
        self.ready(world.log.path.parent)

    def _open(self, world: World, payments: Mempool) -> None:
        """Start the servers."""
        assert self._external is not None
        assert self._payment is not None
        assert isinstance(world.chain, AnvilChain)
        scheduler, sockets = world.engine.scheduler, self.sockets
        for participant, sock, tls in (
            (GATEWAY, sockets.gateway, tls_context(self.enclave)),
            (FACILITATOR, sockets.facilitator, None),
            (BLOBS, sockets.blobs, None),
            (OHTTP_RELAY, sockets.relay, None),
        ):
            self._servers.append(HttpServer(participant, sock, self._external, scheduler, tls))
        settled = (world.chain, world.engine.mempool, scheduler, sockets.settlement)
        self._servers.append(RpcServer("settlement-rpc", *settled, Asking(self._external, NATIVE)))
        self._servers.append(RpcServer("payment-rpc", self._payment, payments, scheduler, sockets.payment))
        act = partial(inject, world)
        self._servers.append(ControlServer(scheduler, self._control, self._token, act))


def one_after_the_other(*acts: Callable[[], None]) -> None:
    """Do several things."""
    for act in acts:
        act()


def equip(world: World) -> tuple[str, ...]:
    """Let the scenario's inference nodes look up models, and take more in. Returns their names."""
    names = tuple(identity.name for identity in world.plan.directory.of(Role.INFERENCE))
    for name in names:
        world.engine.hosts[name].install("models", ModelLibrary(world.plan.zoo))
    return names


def tls_context(enclave: Enclave) -> ssl.SSLContext:
    """TLS with the certificate that the enclave's attestation names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    key = enclave.tls.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with tempfile.TemporaryDirectory() as scratch:
        chain_file = Path(scratch, "tls.pem")  # OpenSSL takes keys from files alone
        chain_file.touch(0o600)
        chain_file.write_bytes(key + enclave.tls.certificate.public_bytes(Encoding.PEM))
        context.load_cert_chain(chain_file)
    return context
