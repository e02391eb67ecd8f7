"""OpenGradient's services as hosts of an engine: gateway with its enclave, facilitator, relayer, a block producer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from chain.formats.permit2 import BASE_OPG
from chain.formats.signing import Key
from chain.quantities import Timestamp
from nodes.auditor import Auditor
from nodes.blobs import BlobStore
from nodes.disk import Disk
from nodes.enclave.enclave import Enclave
from nodes.enclave.sandbox import Sandbox
from nodes.enclave.signing import OhttpConfig
from nodes.facilitator.batching import BatchTerms
from nodes.facilitator.facilitator import Facilitator
from nodes.facilitator.jobs import Jobs
from nodes.facilitator.relayer import Relayer
from nodes.gateway.channels import BatchChannels
from nodes.gateway.completion import Echo, LanguageModel
from nodes.gateway.gateway import Gateway
from nodes.gateway.payment import Cashier
from nodes.gateway.terms import Terms
from nodes.gateway.upto import UptoSessions
from nodes.identity import (
    AUDITOR,
    BLOBS,
    FACILITATOR,
    GATEWAY,
    KEEPER,
    NATIVE,
    OHTTP_RELAY,
    PAYMENT_PRODUCER,
    RELAYER,
    Peer,
    Service,
)
from nodes.ohttp_relay import OhttpRelay
from nodes.onchain.keeper import Keeper
from nodes.onchain.native import NativeCode
from nodes.producer import Producer
from nodes.x402 import Requirements
from nodes.x402_channels import ChannelRequirements
from simnet.kernel.enclave import Enclave as EnclaveFacility
from simnet.kernel.engine import Engine
from simnet.kernel.host import Host, Participant
from simnet.kernel.language import Language
from simnet.kernel.mempool import Mempool
from simnet.kernel.native import Answers
from simnet.kernel.wallet import Signer
from simnet.log.events import ServiceJoined
from simnet.up.chains import PAYMENT_ID, Cast

OWN_FACILITATOR, MIRROR = "own-facilitator-0", "mirror-0"
"""Mitigations: a facilitator that is the gateway's own, and a second blob store."""


@dataclass
class Services:
    """What they are made from."""

    cast: Cast
    enclave: Enclave
    jobs: Jobs
    region: str
    nodes: tuple[str, ...] = ()
    """Inference nodes that run models for contracts."""
    terms: Terms = field(default_factory=Terms)
    model: LanguageModel = field(default_factory=Echo)
    batches: BatchTerms = field(default_factory=BatchTerms)
    disk: Disk = field(default_factory=Disk)
    """Of the gateway, and of the native code."""
    blob_disk: Disk = field(default_factory=Disk)
    audit_disk: Disk = field(default_factory=Disk)
    own_jobs: Jobs = field(default_factory=Jobs)
    """Of the gateway's own facilitator, if it has one."""
    gateways: int = 1
    """All are paid to one account, as OpenGradient's are."""

    @property
    def collector(self) -> Key:
        """The key of whoever verifies and collects payments."""
        return self.cast.gateway if self.terms.own_facilitator else self.cast.facilitator

    @property
    def requirements(self) -> Requirements:
        """What the gateway demands by session."""
        return Requirements(
            network=f"eip155:{PAYMENT_ID}",
            asset=BASE_OPG,
            amount=self.terms.upto.cap,
            pay_to=self.cast.gateway.address,
            facilitator=self.collector.address,
            timeout_s=self.terms.upto.timeout_s,
        )

    @property
    def channel_requirements(self) -> ChannelRequirements:
        """What the first gateway demands by channel."""
        return self.channel_requirements_of(self.cast.gateway)

    def channel_requirements_of(self, gateway: Key) -> ChannelRequirements:
        """What a gateway with that key demands by channel."""
        terms = self.terms.channels
        authorizer = gateway if terms.is_own_authorizer else self.collector
        return ChannelRequirements(
            network=f"eip155:{PAYMENT_ID}",
            asset=BASE_OPG,
            amount=terms.amount,
            pay_to=self.cast.gateway.address,
            authorizer=authorizer.address,
            timeout_s=terms.timeout_s,
            withdraw_delay_s=terms.withdraw_delay_s,
        )

    def join(self, engine: Engine, payments: Mempool) -> None:
        """Put them into an engine. Its own mempool is that of the settlement chain."""
        secret, cast, terms = self.cast.streams.secret, self.cast, self.terms
        genesis = engine.mempool.genesis
        stores = (BLOBS, MIRROR) if terms.mirrors_blobs else (BLOBS,)

        def facilitator(jobs: Jobs, seed: str) -> Callable[[Peer], Participant]:
            parts = (jobs, genesis, PAYMENT_ID, secret(seed), BLOBS, self.batches, stores[1:])
            return lambda me: Facilitator(me, RELAYER, *parts)

        self._answer_the_chain(engine)
        producer = partial(Producer, block_gas_limit=payments.chain.block_gas_limit)
        payments.producers = [PAYMENT_PRODUCER]
        for number in range(self.gateways):
            self._add_gateway(engine, number)
        collecting = self._host("facilitator", FACILITATOR, cast.facilitator, facilitator(self.jobs, "up/jobs"))
        self._add(engine, collecting, payments)
        if terms.own_facilitator:
            payments.chain.fund(cast.gateway.address)
            own = self._host("facilitator", OWN_FACILITATOR, cast.gateway, facilitator(self.own_jobs, "up/own jobs"))
            self._add(engine, own, payments)
        self._add(engine, self._host("relayer", RELAYER, cast.relayer, Relayer), engine.mempool)
        for name, disk in zip(stores, (self.blob_disk, Disk()), strict=False):
            store = partial(BlobStore, disk=disk)
            self._add(engine, self._host("blob store", name, Key(secret(f"up/{name}")), store), engine.mempool)
        auditor = partial(Auditor, stores=stores, disk=self.audit_disk)
        self._add(engine, self._host("auditor", AUDITOR, Key(secret("up/auditor")), auditor), engine.mempool)
        relay = self._host("OHTTP relay", OHTTP_RELAY, cast.ohttp_relay, self._ohttp_relay(genesis))
        self._add(engine, relay, payments)
        self._add(engine, self._host("producer", PAYMENT_PRODUCER, Key(secret("up/producer")), producer), payments)

    def _add_gateway(self, engine: Engine, number: int) -> None:
        """Put a gateway in. All but the first have a key, and a disk, of their own."""
        genesis, secret, model = engine.mempool.genesis, self.cast.streams.secret, self.model
        name = GATEWAY if number == 0 else f"gateway-{number}"
        key = self.cast.gateway if number == 0 else Key(secret(f"up/{name}"))
        disk = self.disk if number == 0 else Disk()
        collector = OWN_FACILITATOR if self.terms.own_facilitator else FACILITATOR

        def gateway(me: Peer) -> Participant:
            parts = (genesis, secret("up/sessions"), disk)
            demanded = self.channel_requirements_of(key)
            upto = UptoSessions(me.name, collector, self.requirements, self.terms.upto, *parts)
            channels = BatchChannels(me.name, collector, demanded, self.terms.channels, *parts)
            keys = (self.enclave.key.spki, OhttpConfig.of(self.enclave.ohttp_key))
            served = (*keys, model.fingerprint)
            cashier = Cashier(me.name, (upto, channels) if self.terms.upto.is_offered else (channels,))
            return Gateway(me, FACILITATOR, cashier, *served, genesis, secret("up/answers"), self.terms.seals_errors)

        served_by = self._host("gateway", name, key, gateway)
        served_by.install("enclave", EnclaveFacility(Sandbox(self.enclave), engine.scheduler, genesis))
        served_by.install("language", Language(model, engine.scheduler))
        self._add(engine, served_by, engine.mempool)

    def _ohttp_relay(self, genesis: Timestamp) -> Callable[[Peer], Participant]:
        """Who carries private requests to the gateway, and pays for them by session."""
        gateways, secret = {self.enclave.id.hex(): GATEWAY}, self.cast.streams.secret("up/ohttp relay/nonces")
        return lambda me: OhttpRelay(me, gateways, self.requirements, genesis, secret)

    def _answer_the_chain(self, engine: Engine) -> None:
        """Put in who has models run that contracts ask for, and who runs workflows."""
        genesis, secret = engine.mempool.genesis, self.cast.streams.secret
        native = partial(NativeCode, nodes=self.nodes, store=BLOBS, genesis=genesis)
        answering = self._host("native code", NATIVE, Key(secret("up/native")), native)
        answering.install("answers", Answers(engine.mempool.chain, self.disk))
        self._add(engine, answering, engine.mempool)
        keeper = partial(Keeper, native=NATIVE, genesis=genesis)
        self._add(engine, self._host("workflow keeper", KEEPER, self.cast.keeper, keeper), engine.mempool)

    def _host(self, kind: str, name: str, key: Key, begin: Callable[[Peer], Participant]) -> Host:
        me = Service(name, kind, key.address, self.region)
        host = Host(me, partial(begin, me))
        host.install("wallet", Signer(key))
        return host

    def _add(self, engine: Engine, host: Host, mempool: Mempool) -> None:
        me = host.identity
        assert isinstance(me, Service)
        engine.log.append(engine.now, ServiceJoined(me.name, me.kind, me.address, me.region))
        engine.network.join(me.name, me.region)
        engine.add(host, mempool)
