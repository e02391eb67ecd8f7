"""A scenario: everything that decides a run.

Only `simnet.scenario.load` should make one from a file: it also runs the checks that span sections.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import yaml
from pydantic import ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from chain.units import Duration
from nodes.identity import Role
from nodes.parameters import Parameters, UnknownKey
from simnet.comparators.comparator import Comparator
from simnet.faults.fault import Fault
from simnet.scenario.adversaries import Adversary
from simnet.scenario.compare import Compare
from simnet.scenario.economics import Compute, Economics
from simnet.scenario.equilibrium import Indifference
from simnet.scenario.injected import InjectedEntry
from simnet.scenario.kinds import COMPARATOR, FAULT, STRATEGY, error_at
from simnet.scenario.models import ModelChoice
from simnet.scenario.network import Name, Network
from simnet.scenario.population import Clients, Nodes
from simnet.scenario.truth import Truth
from simnet.scenario.yaml_dialect import ScenarioDumper
from simnet.strategies.strategy import Strategy
from simnet.verdict.expectations import ExpectationField

MAX_SEED = 2**63 - 1

LARGEST_DEPLOYMENT = 6_000_000
"""Gas in which every contract can be deployed: a block that takes less has no protocol."""

COMPARATOR_KEY = "strategy.comparator"
"""Where a file has the comparator, which is the scenario's and not the strategy's own."""


class ChainSection(Parameters):
    """The chain that settles batches."""

    backend: Literal["auto", "anvil", "revm"] = Field(
        default="auto", description="what runs the EVM; auto is anvil, or revm, in process, where there is no anvil"
    )
    block_time: Duration = Field(default=2.0, ge=1.0, description="between blocks; whole seconds, as timestamps are")
    block_gas_limit: int = Field(
        default=30_000_000, ge=LARGEST_DEPLOYMENT, le=10**9, description="gas in one block; contracts must fit in one"
    )
    port: int | None = Field(default=None, ge=1, le=65535, description="where anvil listens; a free port if not given")


class Scenario(Parameters):
    """Everything that decides a run; with the same seed it gives the same event log."""

    model_config = ConfigDict(validate_by_name=False, title="simnet scenario")

    name: Name = Field(description="what the run directory is called after")
    description: str = Field(default="", max_length=10_000, description="what it shows")
    seed: int = Field(default=0, ge=0, le=MAX_SEED, description="of all random streams")
    duration: Duration = Field(default=600.0, gt=0, description="virtual time in which clients ask")
    settle: Duration = Field(default=180.0, description="virtual time after that, for open batches to become final")
    chain: ChainSection = ChainSection()
    models: tuple[ModelChoice, ...] = Field(min_length=1, max_length=64, description="what clients ask for")
    network: Network = Network()
    nodes: Nodes = Nodes()
    clients: Clients = Clients()
    compute: Compute = Compute()
    economics: Economics = Economics()
    strategy: Annotated[Strategy, STRATEGY] = Field(description="who checks, and what a mismatch costs")
    comparator: Annotated[Comparator, COMPARATOR] = Field(
        alias="strategy.comparator", description="how two outputs are judged equal; relative, within 1e-4, if not given"
    )
    adversaries: tuple[Adversary, ...] = Field(default=(), max_length=1000)
    faults: tuple[Annotated[Fault, FAULT], ...] = Field(default=(), max_length=10_000)
    injected: tuple[InjectedEntry, ...] = Field(
        default=(), max_length=1000, description="what was injected by hand; simnet writes it, so that a run repeats"
    )
    expect: tuple[ExpectationField, ...] = Field(default=(), description="what must hold for the run to pass")
    truth: Truth | None = Field(default=None, description="a published statement that `simnet truth` holds it against")
    indifference: Indifference | None = Field(
        default=None, description="a statement that `simnet equilibrium` compares it with"
    )
    sometimes: tuple[str, ...] = Field(default=(), description="what must happen at least once")
    compare: Compare = Compare()

    @model_validator(mode="before")
    @classmethod
    def _lift_comparator(cls, value: Any) -> Any:
        """Take the comparator out of the strategy's own parameters."""
        if not isinstance(value, dict):
            return value
        for misplaced in ("comparator", COMPARATOR_KEY):
            if misplaced in value:
                error = UnknownKey(f"unknown key '{misplaced}'", "write it as strategy: {comparator: …}")
                raise error_at(misplaced, error, value)
        strategy = value.get("strategy")
        comparator: Any = "relative"
        if isinstance(strategy, dict):
            comparator = strategy.get("comparator", comparator)
            strategy = {key: part for key, part in strategy.items() if key != "comparator"}
        own = {"strategy": strategy} if "strategy" in value else {}
        return {**value, **own, COMPARATOR_KEY: comparator}

    @model_serializer(mode="wrap")
    def _lower_comparator(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Put the comparator back among the strategy's parameters."""
        described: dict[str, Any] = handler(self)
        described["strategy"]["comparator"] = described.pop(COMPARATOR_KEY)
        return described

    def names(self, role: Role) -> tuple[str, ...]:
        """Names of the participants of a role."""
        counts = {
            Role.INFERENCE: self.nodes.inference.count,
            Role.FULL: self.nodes.full.count,
            Role.CLIENT: self.clients.count,
            Role.PRODUCER: self.nodes.producer.count,
        }
        return tuple(f"{role}-{i}" for i in range(counts.get(role, 0)))

    def with_injected(self, count: int | None = None) -> Scenario:
        """With the first `count` entries of ``injected``, or all, among its faults and adversaries."""
        entries = self.injected[:count]
        adversaries = tuple(entry for entry in entries if isinstance(entry, Adversary))
        faults = tuple(entry for entry in entries if isinstance(entry, Fault))
        changes = {"adversaries": (*self.adversaries, *adversaries), "faults": (*self.faults, *faults)}
        return self.model_copy(update=changes)

    def region(self, index: int) -> str:
        """Where the participant of that number is, of any role: regions are dealt out in turn."""
        return self.network.regions[index % len(self.network.regions)]

    def resolved_yaml(self) -> str:
        """The scenario with every value written out, as a file that loads back equal."""
        described = self.model_dump(mode="json", by_alias=True)
        text: str = yaml.dump(described, Dumper=ScenarioDumper, sort_keys=False, allow_unicode=True, width=120)
        return text
