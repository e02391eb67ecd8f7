"""A run before it begins: who takes part, with what, who misbehaves, what is served and what will be asked.

A plan follows from the scenario and its seed. It is made once, without a chain and without a log.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Self

from chain.deploy import ProtocolParameters
from chain.quantities import Address
from nodes.client import Order
from nodes.identity import Directory, Identity, Role
from nodes.models.arithmetic import Arithmetic
from nodes.models.zoo import Model, Zoo
from simnet.kernel.streams import Streams
from simnet.log.events import DOMINATED, DRAWS, NATIVE, ModelsExecuted
from simnet.scenario.facts import facts_of, strategy_of
from simnet.scenario.models import zoo_of
from simnet.scenario.schema import Scenario
from simnet.strategies.facts import Facts
from simnet.strategies.strategy import Strategy
from simnet.world.assignments import Assignment, assign
from simnet.world.balances import Stakeholder, stakeholders
from simnet.world.directory import directory_of, key_of
from simnet.world.hardware import executed_on
from simnet.world.parameters import protocol_parameters
from simnet.world.workload import orders


@dataclass(frozen=True)
class Plan:
    """What a run is made from."""

    scenario: Scenario
    """With what was injected so far."""
    facts: Facts
    """What the strategy is told of the scenario, as it is at the start."""
    strategy: Strategy
    """As it is played: with windows that outlast the deepest reorg of the scenario's faults."""
    parameters: ProtocolParameters
    """The contracts', as the strategy will have them."""
    executed_on: tuple[ModelsExecuted, ...]
    """What executes the models of which nodes."""
    streams: Streams
    zoo: Zoo
    models: tuple[Model, ...]
    """Those that are served."""
    directory: Directory
    assignments: tuple[Assignment, ...]
    stakeholders: tuple[Stakeholder, ...]

    @classmethod
    def of(cls, scenario: Scenario) -> Self:
        """The plan of a scenario."""
        strategy = strategy_of(scenario)
        streams, zoo = Streams(scenario.seed), zoo_of(scenario.models)
        models = tuple(zoo.model(choice.name) for choice in scenario.models)
        directory = directory_of(scenario, streams)
        assignments = assign(scenario, directory, streams)
        holders = stakeholders(scenario, strategy, directory, assignments, streams)
        decided = facts_of(scenario), strategy, protocol_parameters(scenario), tuple(executed_on(scenario))
        return cls(scenario, *decided, streams, zoo, models, directory, assignments, holders)

    def extended(self, scenario: Scenario) -> Self:
        """The plan once its scenario has more adversaries or faults: the same people with the same money."""
        known = len(self.assignments)
        added = assign(scenario, self.directory, self.streams)[known:]
        return replace(self, scenario=scenario, assignments=(*self.assignments, *added))

    @property
    def deployer(self) -> Address:
        """Who deploys the contracts; it has no say in anything afterwards."""
        return key_of("deployer", self.streams).address

    @property
    def model_hashes(self) -> dict[str, bytes]:
        """Content hash of each model that is served."""
        return {model.name: bytes.fromhex(model.reference.sha256) for model in self.models}

    @property
    def unbonded(self) -> frozenset[str]:
        """Inference nodes that have nothing bonded at the start."""
        held = ((holder.identity, holder.bonded) for holder in self.stakeholders)
        return frozenset(who.name for who, bonded in held if who.role is Role.INFERENCE and not bonded)

    def accomplices(self, cartel: str) -> frozenset[str]:
        """Inference nodes that were given a dishonest behaviour in a cartel; entries that name none are one, too."""
        entries = [one for one in self.assignments if one.adversary.cartel == cartel]
        assigned = ((one.behaviour, name) for one in entries for name in one.coalition.members)
        of_inference = {identity.name for identity in self.directory.of(Role.INFERENCE)}
        return frozenset(name for behaviour, name in assigned if behaviour.dishonest and name in of_inference)

    def arithmetic(self, model: Model) -> Arithmetic:
        """What a model is answered in: portable if asked for and if the model can be rewritten; native on CUDA."""
        on_cuda = any(one.processor == "cuda" for one in self.executed_on)
        if self.scenario.compute.arithmetic == "native" or on_cuda:
            return "native"
        return "portable" if self.zoo.portable(model.reference).portable else "native"

    def remarks(self, model: Model) -> Iterator[tuple[str, str]]:
        """What is to be known of a model on offer, by topic."""
        if model.draws:
            yield DRAWS, f"draws random numbers ({model.draws}): honest answers differ, and no two runs are alike"
        if self.scenario.compute.arithmetic == "portable" and (reason := self.zoo.portable(model.reference).reason):
            yield NATIVE, f"runs in native arithmetic: {reason.rstrip('.')}"
        if blindness := self.scenario.comparator.remark(model.example):
            yield DOMINATED, blindness

    def rank(self, identity: Identity) -> int:
        """Number of a participant within its role, from 0."""
        return self.directory.of(identity.role).index(identity)

    def orders(self, client: Identity) -> Iterator[Order]:
        """What a client will ask."""
        return orders(self.scenario, self.rank(client), self.zoo, self.streams)
