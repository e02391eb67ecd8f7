"""Makes the hosts: each participant with what its role, the scenario and the strategy give it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from chain.quantities import Address, Gas, Wei
from chain.seam import REORG_DEPTH_MAX
from nodes.client import Client, ClientPolicy
from nodes.disk import Disk
from nodes.full import FullNode
from nodes.identity import Identity, Role
from nodes.inference import InferenceNode, InferencePolicy
from nodes.models.execution import Executor, OnnxExecutor
from nodes.models.processors import Taken, taken
from nodes.producer import Producer
from nodes.proofs.prover import CircuitExecutor, Prover
from simnet.kernel.compute import ComputeTime
from simnet.kernel.device import Device
from simnet.kernel.enclave import Enclave
from simnet.kernel.host import Host, Participant
from simnet.kernel.provers import Provers
from simnet.kernel.scheduler import Scheduler
from simnet.kernel.wallet import Wallet
from simnet.log.events import EventLog
from simnet.scenario.hardware import Machine
from simnet.world.casting import Casting
from simnet.world.directory import beacon_secrets, key_of
from simnet.world.genesis import Genesis
from simnet.world.hardware import machine_of, profile_of
from simnet.world.plan import Plan

if TYPE_CHECKING:
    from nodes.enclave import enclave
    from nodes.enclave.sandbox import Sandbox

Make = Callable[[], Participant]
"""Makes a participant, at the start and after each crash."""


@dataclass(frozen=True)
class Participants:
    """What hosts are made from."""

    plan: Plan
    genesis: Genesis
    casting: Casting
    enclaves: Mapping[str, enclave.Enclave]
    """Those of inference nodes, by name, where the strategy has them."""
    prover: Prover | None
    """What makes zero-knowledge proofs for everybody."""
    block_gas_limit: Gas
    compute: ComputeTime
    scheduler: Scheduler
    log: EventLog
    executors: dict[Taken, Executor] = field(default_factory=dict)
    """What runs models on each kind of processor that is in use."""

    def host(self, identity: Identity) -> Host:
        """A host with the participant that its role asks for."""
        match identity.role:
            case Role.PRODUCER:
                return self._host(identity, partial(Producer, identity, self.block_gas_limit))
            case Role.INFERENCE:
                return self._host(identity, self.inference(identity), self.machine_of(identity))
            case Role.FULL:
                return self._host(identity, self.full(identity), self.machine_of(identity))
            case Role.CLIENT:
                executes = self.plan.strategy.client_executes(self.plan.rank(identity), self.plan.facts)
                # A client that executes models itself does so on what full nodes have.
                return self._host(identity, self.client(identity), self.machine_of(identity) if executes else None)
        raise ValueError(f"{identity.role} is a role of services, which no scenario has")

    def _host(self, identity: Identity, make: Make, machine: Machine | None = None) -> Host:
        """A host, with a device and what comes with it if it has a machine for models."""
        plan, name, clock, log = self.plan, identity.name, self.scheduler, self.log
        host = Host(identity, make, self.casting.of(name))
        key = key_of(name, plan.streams)
        host.install("wallet", Wallet(identity, key, self.genesis.domain, self.address_of))
        if machine is None:
            return host
        sandbox = self.sandbox(name)
        observer = None if sandbox is None else sandbox.compute
        ran_by = self.executor(machine), profile_of(machine), self.compute
        host.install("device", Device(name, *ran_by, host.conditions, clock, log, observer))
        host.install("enclave", Enclave(sandbox, clock, self.genesis.time))
        if self.prover is not None:
            machines = plan.strategy.prover_count(identity)
            host.install("provers", Provers(name, self.prover, machines, clock, log))
        return host

    def address_of(self, name: str) -> Address:
        """Where a participant is found on chain."""
        return self.plan.directory.named(name).address

    def machine_of(self, identity: Identity) -> Machine:
        """What a participant runs models on."""
        return machine_of(self.plan.scenario, identity.role, self.plan.rank(identity))

    def executor(self, machine: Machine) -> Executor:
        """The executor of all participants with such a processor. It knows circuits where there are any."""
        processor = taken(machine.processor)
        if processor not in self.executors:
            asked = self.plan.scenario.compute
            timed = asked.time == "measured"
            executor = OnnxExecutor(self.plan.zoo, processor, arithmetic=asked.arithmetic, timed=timed)
            self.executors[processor] = executor if self.prover is None else CircuitExecutor(executor, self.prover)
        return self.executors[processor]

    def sandbox(self, name: str) -> Sandbox | None:
        """The enclave at work on a participant's device, if it has one."""
        if name not in self.enclaves:
            return None
        from nodes.enclave.sandbox import Sandbox  # loads cryptography, which few runs need

        return Sandbox(self.enclaves[name])

    def client(self, identity: Identity) -> Make:
        """Makes a client. Its orders go on where they were if it is started anew."""
        plan = self.plan
        policy = client_policy(plan, plan.rank(identity))
        make_half = partial(plan.strategy.client, facts=plan.facts)
        asked = plan.orders(identity)
        for behaviour, _ in self.casting.of(identity.name):
            asked = behaviour.plan(asked)

        def make() -> Participant:
            hashes, unbonded = plan.model_hashes, set(plan.unbonded)
            return Client(
                identity,
                plan.directory,
                self.genesis.domain,
                hashes,
                policy,
                asked,
                unbonded=unbonded,
                make_half=make_half,
            )

        return make

    @property
    def kept_s(self) -> float:
        """How long nodes keep what is behind a final batch: as long as the deepest reorg takes back."""
        return REORG_DEPTH_MAX * self.plan.scenario.chain.block_time

    def inference(self, identity: Identity) -> Make:
        """Makes an inference node."""
        plan, section = self.plan, self.plan.scenario.nodes.inference
        demands = plan.scenario.clients.payment == "voucher"
        policy = InferencePolicy(section.batch_interval, section.batch_size, demands, self.kept_s)
        return partial(
            InferenceNode,
            identity,
            plan.directory,
            self.genesis.domain,
            plan.model_hashes,
            self.genesis.time,
            policy,
            {model.name: (model.input_shape, model.input_dtype) for model in plan.models},
            disk=Disk(),
            make_half=partial(plan.strategy.poster, facts=plan.facts),
            secret=plan.streams.secret(f"salt/{identity.name}"),
        )

    def full(self, identity: Identity) -> Make:
        """Makes a full node."""
        plan, scenario = self.plan, self.plan.scenario
        uses_beacon = plan.strategy.uses_beacon
        return partial(
            FullNode,
            identity,
            plan.directory,
            {digest: name for name, digest in plan.model_hashes.items()},
            scenario.comparator,
            plan.rank(identity),
            self.genesis.time,
            self.genesis.domain,
            secret=plan.streams.secret(f"salt/{identity.name}"),
            disk=Disk(),
            make_half=partial(plan.strategy.verifier, facts=plan.facts),
            beacon_secrets=beacon_secrets(scenario, identity.name, plan.streams) if uses_beacon else (),
            beacon_round_s=scenario.economics.beacon_round,
            finality_delay_s=scenario.economics.finality_delay,
            kept_s=self.kept_s,
        )


def client_policy(plan: Plan, index: int) -> ClientPolicy:
    """How client number `index` behaves."""
    section = plan.scenario.clients
    policy = ClientPolicy(Wei(section.fee), section.timeout, section.payment == "voucher", section.audit)
    if section.wait_for_finality_above is not None:
        policy = replace(policy, waits_above=Wei(section.wait_for_finality_above))
    return plan.strategy.client_policy(policy, index, plan.facts)
