"""A scenario's world: a plan, a chain that is set up by it, and an engine with everybody in it, ready to run."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from chain.seam import Chain
from nodes.identity import Role
from nodes.proofs.prover import Prover
from simnet.faults.fault import Injector
from simnet.kernel.compute import ComputeTime
from simnet.kernel.engine import Engine
from simnet.kernel.mempool import Mempool
from simnet.kernel.network import Network, NetworkParameters
from simnet.kernel.scheduler import Scheduler
from simnet.kernel.transport import SimulatedTransport, Transport
from simnet.log.events import EventLog, ModelRemarked, ModelServed, ParticipantJoined, PricesAssumed, RunStarted
from simnet.scenario.adversaries import Adversary
from simnet.scenario.maps import read_graph, read_matrix
from simnet.scenario.schema import Scenario
from simnet.world.casting import Casting
from simnet.world.genesis import Genesis, set_up
from simnet.world.participants import Participants
from simnet.world.plan import Plan

Carry: TypeAlias = Callable[[Scheduler, Network, EventLog], Transport]
"""Makes what carries messages between participants."""


def simulated(scheduler: Scheduler, network: Network, log: EventLog) -> Transport:
    """The transport of a run that nobody outside takes part in."""
    return SimulatedTransport(scheduler, network, log)


def build(
    plan: Plan,
    chain: Chain,
    log: EventLog,
    tell: Callable[[str], None] = lambda _: None,
    carry: Carry = simulated,
) -> World:
    """Set everything up on a fresh chain; the clock stands at 0. `tell` hears of what takes seconds to make.

    `carry` makes the transport.
    """
    prover = plan.strategy.make_prover(plan.facts, plan.zoo, tell)
    return World(plan, set_up(chain, plan, prover), chain, log, prover, carry)


class World:
    """A run's moving parts."""

    def __init__(
        self,
        plan: Plan,
        genesis: Genesis,
        chain: Chain,
        log: EventLog,
        prover: Prover | None = None,
        carry: Carry = simulated,
    ) -> None:
        """Put everybody in place and announce them in the log. `prover` makes zero-knowledge proofs for everybody."""
        self.scenario = scenario = plan.scenario
        """What is run, with all that was injected."""
        self.steered: Callable[[Scenario], None] = lambda _: None
        """Called with the scenario when somebody has injected something."""
        self.misbehave: Callable[[Adversary], list[str]] | None = None
        """Has services show a behaviour, and answers who they are; ``None`` unless `simnet up` has added services."""
        self.plan = plan
        self.chain = chain
        self.log = log
        self.prover = prover
        network = network_of(plan)
        scheduler = Scheduler()
        mempool = Mempool(chain, genesis.time, scenario.chain.block_time, scheduler, log)
        mempool.producers = [identity.name for identity in plan.directory.of(Role.PRODUCER)]
        self.engine = Engine(scheduler, network, log, mempool, carry(scheduler, network, log))
        compute = ComputeTime(plan.zoo, measured=scenario.compute.time == "measured")
        given = {i.name: plan.strategy.enclave(i, plan.facts, genesis.time) for i in plan.directory}
        enclaves = {name: enclave for name, enclave in given.items() if enclave is not None}
        self.casting = Casting(plan, genesis, enclaves)
        announce(plan, self.casting, genesis, log)
        limit = chain.block_gas_limit
        participants = Participants(plan, genesis, self.casting, enclaves, prover, limit, compute, scheduler, log)
        for identity in plan.directory:
            self.engine.add(participants.host(identity))
        self.injector = Injector(self.engine, plan.streams)
        self.injector.schedule(scenario.faults)


def network_of(plan: Plan) -> Network:
    """The scenario's network with everybody connected."""
    section = plan.scenario.network
    graph = None if section.graph is None else read_graph(section.graph)
    parameters = NetworkParameters(
        topology=section.topology,
        sites=section.sites,
        regions=section.regions,
        distribution=section.latency.distribution,
        latency_s=section.latency.median,
        jitter=section.latency.jitter,
        bandwidth=section.bandwidth,
        loss=section.loss,
        site_regions=() if graph is None else graph.regions,
        links=() if graph is None else graph.links,
        between={} if section.latencies is None else read_matrix(section.latencies),
    )
    network = Network(parameters, plan.streams)
    for identity in plan.directory:
        network.join(identity.name, identity.region)
    return network


def announce(plan: Plan, casting: Casting, genesis: Genesis, log: EventLog) -> None:
    """Open the log: what is run, who takes part, what is served."""
    scenario = plan.scenario
    started = RunStarted(
        scenario=scenario.name,
        seed=scenario.seed,
        strategy=plan.strategy.kind,
        comparator=scenario.comparator.kind,
        duration_s=scenario.duration,
        genesis=genesis.time,
        block_time_s=scenario.chain.block_time,
        compute_price_wei=str(scenario.compute.price),
        finality_bound_s=plan.strategy.finality_bound_s(plan.parameters, scenario.chain.block_time),
    )
    log.append(0.0, started)
    if scenario.clients.modes is not None:
        economics = scenario.economics
        log.append(0.0, PricesAssumed(economics.gas_price_gwei, economics.ether_usd, economics.opg_usd))
    for model in plan.models:
        log.append(0.0, ModelServed(model.name, model.reference.sha256, model.reference.macs, plan.arithmetic(model)))
        for topic, remark in plan.remarks(model):
            log.append(0.0, ModelRemarked(model.name, topic, remark))
    for record in plan.executed_on if any(one.asked != "cpu" for one in plan.executed_on) else ():
        log.append(0.0, record)
    for holder in plan.stakeholders:
        identity, shown = holder.identity, casting.of(holder.identity.name)
        joined = ParticipantJoined(
            name=identity.name,
            role=identity.role.value,
            address=identity.address,
            region=identity.region,
            persona=identity.persona,
            stake=str(holder.bonded),
            behaviours=[behaviour.kind for behaviour, _ in shown if behaviour.kind],
            dishonest=any(behaviour.dishonest for behaviour, _ in shown),
        )
        log.append(0.0, joined)
    log.flush()
