"""Base of verification strategies: who checks, how they say so, and what a mismatch costs.

A strategy is one Python file and at most one contract. It says which verification contract to deploy, and
what a full node does when something happens on chain. How two outputs are judged equal is the comparator's
business.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from chain.deploy import ProtocolParameters, VerifierSpec
from chain.quantities import Wei
from chain.seam import Log
from nodes.client import ClientPolicy
from nodes.effects import Steps
from nodes.full import FullNode
from nodes.identity import Role
from nodes.parameters import Parameters

if TYPE_CHECKING:
    from simnet.scenario.schema import Scenario


class Strategy(Parameters):
    """A verification strategy. Fields are the scenario's parameters."""

    claim: ClassVar[str]
    """What it promises, and under which assumption."""
    source: ClassVar[str]
    """Where the protocol is specified."""
    watches: ClassVar[tuple[str, ...]] = ()
    """Chain events that give a full node something to do."""

    @property
    def uses_beacon(self) -> bool:
        """Whether it draws from the randomness beacon."""
        return False

    def verifier(self) -> VerifierSpec | None:
        """The verification contract to deploy; ``None`` if batches become final by themselves."""
        return None

    def adjust(self, parameters: ProtocolParameters, scenario: Scenario) -> ProtocolParameters:
        """The contracts' parameters, where the strategy's own theory sets them; unchanged if it sets none."""
        return parameters

    def client_policy(self, policy: ClientPolicy, index: int, scenario: Scenario) -> ClientPolicy:
        """How client number `index` behaves, where clients have a part in verification; unchanged if they have none."""
        return policy

    def purse(self, role: Role) -> Wei:
        """OPG that a participant of `role` begins with besides its stake, and that the verifier may draw as bonds."""
        return Wei(0)

    def on_start(self, node: FullNode) -> Steps:
        """What `node` does before anything happens; what takes time must be spawned."""
        yield from ()

    def on_log(self, node: FullNode, log: Log) -> Steps:
        """What `node` does when an event it watches happens."""
        raise NotImplementedError

    def problems(self, scenario: Scenario) -> Iterable[tuple[tuple[Any, ...], str]]:
        """What is wrong with using it in `scenario`: paths below ``strategy``, and messages."""
        return ()
