"""Puts a scenario's world together: chain, network, hosts, faults. What comes out is ready to run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from chain.formats.signing import Domain
from chain.quantities import BURN_ADDRESS, Address, Timestamp, Wei
from chain.seam import Chain
from nodes.client import Client, ClientPolicy
from nodes.full import FullNode
from nodes.identity import Directory, Identity, Role
from nodes.inference import InferenceNode, InferencePolicy
from nodes.models.devices import DEVICES, Device
from nodes.models.execution import Executor, OnnxExecutor
from nodes.models.zoo import Model, Zoo, default_zoo
from nodes.producer import Producer
from nodes.proofs.prover import CircuitExecutor, Prover
from simnet.faults.acts import schedule
from simnet.kernel.compute import ComputeTime
from simnet.kernel.engine import Engine
from simnet.kernel.host import Host, Participant
from simnet.kernel.mempool import Ledger
from simnet.kernel.network import Network, NetworkParameters
from simnet.kernel.streams import Streams
from simnet.log.events import EventLog, ModelServed, ParticipantJoined, PricesAssumed, RunStarted
from simnet.scenario.schema import Scenario
from simnet.strategies.dispute.clients import Auditor, Delegator
from simnet.world.genesis import Stakeholder, set_up
from simnet.world.population import (
    Assignment,
    Casting,
    assign,
    cast,
    directory_of,
    hash_chain,
    key_of,
    orders,
    purse_of,
)


@dataclass
class World:
    """A run's moving parts."""

    scenario: Scenario
    streams: Streams
    chain: Chain
    log: EventLog
    zoo: Zoo
    directory: Directory
    engine: Engine
    casting: Casting
    prover: Prover | None = None
    """What makes zero-knowledge proofs for everybody."""

    @property
    def accounts(self) -> list[Address]:
        """Everybody and every contract that may hold OPG, the deployer and the burn address included."""
        contracts = ["Staking", "Settlement"]
        if verifier := self.scenario.strategy.verifier():
            contracts.append(verifier.artifact)
        deployer = key_of("deployer", self.streams).address
        people = [identity.address for identity in self.directory]
        return [deployer, BURN_ADDRESS, *(self.chain.address_of(name) for name in contracts), *people]


@dataclass(frozen=True)
class Blueprint:
    """What participants are made from."""

    scenario: Scenario
    streams: Streams
    directory: Directory
    zoo: Zoo
    models: tuple[Model, ...]
    domain: Domain
    genesis: Timestamp
    casting: Casting
    unbonded: frozenset[str]
    """Inference nodes that have nothing bonded at the start."""
    prover: Prover | None
    """What makes zero-knowledge proofs for everybody."""

    @property
    def model_hashes(self) -> dict[str, bytes]:
        """Content hash of each model that is served."""
        return {model.name: bytes.fromhex(model.reference.sha256) for model in self.models}


def build(scenario: Scenario, chain: Chain, log: EventLog, tell: Callable[[str], None] = lambda _: None) -> World:
    """Set everything up on a fresh chain; the clock stands at 0. `tell` hears of what takes seconds to make."""
    streams = Streams(scenario.seed)
    zoo = zoo_of(scenario)
    models = tuple(zoo.model(choice.name) for choice in scenario.models)
    directory = directory_of(scenario, streams)
    assignments = assign(scenario, directory, streams)
    holders = [stakeholder(scenario, identity, assignments, streams) for identity in directory]
    prover = scenario.strategy.proof_maker(scenario, zoo, tell)
    circuits = [prover.record(model.name) for model in models] if prover else []
    genesis = set_up(chain, scenario, holders, models, streams, circuits)
    domain = Domain(chain.chain_id, chain.address_of("Settlement"))
    network = network_of(scenario, directory, streams)
    ledger = Ledger(chain, domain, genesis, scenario.chain.block_time)
    engine = Engine(network, log, ledger, ComputeTime(zoo, measured=scenario.compute.time == "measured"))
    casting = cast(scenario, directory, zoo, domain, genesis, streams)
    announce(scenario, models, holders, casting, genesis, log)
    unbonded = frozenset(h.identity.name for h in holders if h.identity.role is Role.INFERENCE and not h.amount)
    blueprint = Blueprint(scenario, streams, directory, zoo, models, domain, genesis, casting, unbonded, prover)
    for identity in directory:
        host = host_of(blueprint, identity, chain)
        engine.add(host)
        if identity.role is Role.PRODUCER:
            ledger.producers.append(host)
    schedule(engine, scenario.faults)
    return World(scenario, streams, chain, log, zoo, directory, engine, casting, prover)


def zoo_of(scenario: Scenario) -> Zoo:
    """The zoo, with the scenario's own models added."""
    zoo = default_zoo()
    for choice in scenario.models:
        if choice.path is not None:
            zoo.add(choice.name, choice.path, macs=choice.macs)
    return zoo


def network_of(scenario: Scenario, directory: Directory, streams: Streams) -> Network:
    """The scenario's network with everybody connected."""
    section = scenario.network
    parameters = NetworkParameters(
        topology=section.topology,
        sites=section.sites,
        regions=section.regions,
        distribution=section.latency.distribution,
        latency_s=section.latency.median,
        jitter=section.latency.jitter,
        bandwidth=section.bandwidth,
        loss=section.loss,
    )
    network = Network(parameters, streams)
    for identity in directory:
        network.join(identity.name, identity.region)
    return network


def announce(
    scenario: Scenario,
    models: tuple[Model, ...],
    holders: Sequence[Stakeholder],
    casting: Casting,
    genesis: Timestamp,
    log: EventLog,
) -> None:
    """Open the log: what is run, who takes part, what is served."""
    started = RunStarted(
        scenario=scenario.name,
        seed=scenario.seed,
        strategy=scenario.strategy.kind,
        comparator=scenario.comparator.kind,
        duration_s=scenario.duration,
        genesis=genesis,
        block_time_s=scenario.chain.block_time,
        compute_price_wei=str(scenario.compute.price),
    )
    log.append(0.0, started)
    if scenario.clients.modes is not None:
        economics = scenario.economics
        log.append(0.0, PricesAssumed(economics.gas_price_gwei, economics.ether_usd, economics.opg_usd))
    for model in models:
        log.append(0.0, ModelServed(model.name, model.reference.sha256, model.reference.macs))
    for holder in holders:
        identity, shown = holder.identity, casting.of(holder.identity.name)
        joined = ParticipantJoined(
            name=identity.name,
            role=identity.role.value,
            address=identity.address,
            region=identity.region,
            persona=identity.persona,
            stake=str(holder.amount),
            behaviours=[behaviour.kind for behaviour, _ in shown if behaviour.kind],
            dishonest=any(behaviour.dishonest for behaviour, _ in shown),
        )
        log.append(0.0, joined)
    log.flush()


def stakeholder(
    scenario: Scenario, identity: Identity, assignments: Sequence[Assignment], streams: Streams
) -> Stakeholder:
    """A participant and its money, with its beacon tip if it feeds the beacon."""
    purse, verifier = purse_of(scenario, identity, assignments), scenario.strategy.verifier()
    lends_to = verifier.artifact if verifier and scenario.strategy.purse(identity.role) else ""
    feeds = scenario.strategy.uses_beacon and identity.role is Role.FULL
    tip = beacon_secrets(scenario, identity, streams)[-1] if feeds else None
    return Stakeholder(identity, purse.bonded, purse.kept, lends_to, tip)


def beacon_secrets(scenario: Scenario, identity: Identity, streams: Streams) -> tuple[bytes, ...]:
    """A full node's hash chain, long enough for the whole run."""
    rounds = int((scenario.duration + scenario.settle) / scenario.economics.beacon_round) + 2
    return hash_chain(streams.secret(f"beacon/{identity.name}"), rounds)


def host_of(blueprint: Blueprint, identity: Identity, chain: Chain) -> Host:
    """A host with the participant that its role asks for."""
    key = key_of(identity.name, blueprint.streams)
    behaviours = blueprint.casting.of(identity.name)
    if identity.role is Role.PRODUCER:
        return Host(identity, key, lambda: Producer(identity, chain.block_gas_limit), behaviours=behaviours)
    makers = {Role.CLIENT: client_maker, Role.INFERENCE: inference_maker, Role.FULL: full_maker}
    make = makers[identity.role](blueprint, identity)
    device = device_name(blueprint, identity)
    if not device:
        return Host(identity, key, make, behaviours=behaviours)
    executor: Executor = OnnxExecutor(blueprint.zoo, "auto" if device == "auto" else "cpu")
    if blueprint.prover is not None:
        executor = CircuitExecutor(executor, blueprint.prover)
    enclave = blueprint.scenario.strategy.enclave(identity, blueprint.streams, blueprint.genesis)
    host = Host(identity, key, make, executor, device_of(device), behaviours)
    host.prover = blueprint.prover
    host.provers_free_at = [0.0] * blueprint.scenario.strategy.machines_of(identity)
    if enclave is not None:
        from nodes.enclave.sandbox import Sandbox  # loads cryptography, which few runs need

        host.sandbox = Sandbox(enclave)
    return host


def device_name(blueprint: Blueprint, identity: Identity) -> str:
    """What a participant executes models on; empty if it executes none. A client that does has what full nodes have."""
    nodes = blueprint.scenario.nodes
    if identity.role is Role.CLIENT:
        index = blueprint.directory.of(Role.CLIENT).index(identity)
        return nodes.full.device if client_policy(blueprint.scenario, index).probes else ""
    return nodes.inference.device if identity.role is Role.INFERENCE else nodes.full.device


def device_of(name: str) -> Device:
    """The profile that modelled time follows. Executing is another matter: only ``auto`` looks for CUDA."""
    if name == "auto":
        import onnxruntime

        name = "gpu" if "CUDAExecutionProvider" in onnxruntime.get_available_providers() else "cpu"
    return DEVICES[name]


def client_policy(scenario: Scenario, index: int) -> ClientPolicy:
    """How client number `index` behaves."""
    section = scenario.clients
    policy = ClientPolicy(Wei(section.fee), section.timeout, section.payment == "voucher", section.audit)
    if section.wait_for_finality_above is not None:
        policy = replace(policy, waits_above=Wei(section.wait_for_finality_above))
    return scenario.strategy.client_policy(policy, index, scenario)


def client_maker(blueprint: Blueprint, identity: Identity) -> Callable[[], Participant]:
    """Makes a client. Its orders go on where they were if it is started anew."""
    index = blueprint.directory.of(Role.CLIENT).index(identity)
    asked = orders(blueprint.scenario, index, blueprint.zoo, blueprint.streams)
    for behaviour, _ in blueprint.casting.of(identity.name):
        asked = behaviour.plan(asked)
    policy = client_policy(blueprint.scenario, index)
    family: Callable[..., Client] = Client
    if policy.providers > 1:
        family = partial(Delegator, comparator=blueprint.scenario.comparator)
    elif policy.probes:
        secret = blueprint.streams.secret(f"probes/{identity.name}")
        family = partial(Auditor, comparator=blueprint.scenario.comparator, secret=secret)

    def make() -> Participant:
        client = family(identity, blueprint.directory, blueprint.domain, blueprint.model_hashes, policy, asked)
        client.absent |= blueprint.unbonded
        client.duties = blueprint.scenario.strategy
        return client

    return make


def inference_maker(blueprint: Blueprint, identity: Identity) -> Callable[[], Participant]:
    """Makes an inference node."""
    section = blueprint.scenario.nodes.inference
    demands = blueprint.scenario.clients.payment == "voucher"
    policy = InferencePolicy(section.batch_interval, section.batch_size, demands)
    inputs = {model.name: (model.input_shape, model.input_dtype) for model in blueprint.models}

    def make() -> Participant:
        return InferenceNode(
            identity,
            blueprint.directory,
            blueprint.domain,
            blueprint.model_hashes,
            blueprint.genesis,
            policy,
            inputs,
            duties=blueprint.scenario.strategy,
            secret=blueprint.streams.secret(f"salt/{identity.name}"),
        )

    return make


def full_maker(blueprint: Blueprint, identity: Identity) -> Callable[[], Participant]:
    """Makes a full node."""
    scenario = blueprint.scenario
    shared: dict[str, Any] = {
        "domain": blueprint.domain,
        "models": {digest: name for name, digest in blueprint.model_hashes.items()},
        "duties": scenario.strategy,
        "comparator": scenario.comparator,
        "rank": blueprint.directory.of(Role.FULL).index(identity),
        "secret": blueprint.streams.secret(f"salt/{identity.name}"),
        "beacon_secrets": beacon_secrets(scenario, identity, blueprint.streams),
        "beacon_round_s": scenario.economics.beacon_round,
        "finality_delay_s": scenario.economics.finality_delay,
    }

    def make() -> Participant:
        briefing = scenario.strategy.briefing(identity, blueprint.streams)
        return FullNode(identity, blueprint.directory, genesis=blueprint.genesis, memory=briefing, **shared)

    return make
