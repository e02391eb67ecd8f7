"""Base of verification strategies: who checks, how they say so, and what a mismatch costs.

A strategy is one Python file and at most one contract. It says which verification contract to deploy, and
what a full node does when something happens on chain. How two outputs are judged equal is the comparator's
business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from chain.deploy import ProtocolParameters, ProverSpec, VerifierSpec
from chain.formats.claims import Claim
from chain.quantities import Address, Wei
from chain.seam import Chain, Log
from nodes.client import Client, ClientPolicy, Order
from nodes.effects import Steps
from nodes.full import FullNode
from nodes.identity import Identity, Role
from nodes.inference import Answered, InferenceNode
from nodes.messages import BatchData, InferenceAnswer, InferenceRequest
from nodes.models.zoo import REFERENCE
from nodes.parameters import Parameters
from simnet.kernel.streams import Streams

if TYPE_CHECKING:
    from nodes.enclave.enclave import Enclave
    from nodes.models.zoo import Zoo
    from nodes.proofs.prover import CircuitRecord, Prover
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

    @property
    def reproducible(self) -> bool:
        """Whether nothing in it hangs on how fast this machine is."""
        return True

    def verifier(self) -> VerifierSpec | None:
        """The verification contract to deploy; ``None`` if batches become final by themselves."""
        return None

    def adjust(self, parameters: ProtocolParameters, scenario: Scenario) -> ProtocolParameters:
        """The contracts' parameters, where the strategy's own theory sets them; unchanged if it sets none."""
        return parameters

    def client_policy(self, policy: ClientPolicy, index: int, scenario: Scenario) -> ClientPolicy:
        """How client number `index` behaves, where clients have a part in verification; unchanged if they have none."""
        return policy

    def endowment(self) -> Wei:
        """OPG that the verification contract holds from the start."""
        return Wei(0)

    def purse(self, role: Role) -> Wei:
        """OPG that a participant of `role` begins with besides its stake, and that the verifier may draw as bonds."""
        return Wei(0)

    def furnish(
        self,
        chain: Chain,
        deployer: Address,
        people: Sequence[Identity],
        streams: Streams,
        circuits: Sequence[CircuitRecord],
    ) -> Sequence[ProverSpec]:
        """Deploy what it needs besides the protocol, before it; names the contracts that may reject claims by proof."""
        return ()

    def enclave(self, identity: Identity, streams: Streams, genesis: int) -> Enclave | None:
        """The enclave that a participant computes in; ``None`` for a bare machine."""
        return None

    def proof_maker(self, scenario: Scenario, zoo: Zoo, tell: Callable[[str], None]) -> Prover | None:
        """What makes and verifies the run's zero-knowledge proofs; ``None`` if there are none."""
        return None

    def machines_of(self, identity: Identity) -> int:
        """How many machines a participant has to make such proofs on."""
        return 0

    def briefing(self, identity: Identity, streams: Streams) -> dict[str, Any]:
        """What a full node knows from the start, besides what it learns from the chain."""
        return {}

    # -- a client's part -----------------------------------------------------------------------------------------

    def refusal(self, client: Client, node: Identity, order: Order, answer: InferenceAnswer) -> Steps:
        """Why a correctly signed answer is not what a client asked for: whatever is signed will do."""
        yield from ()
        return ""

    # -- an inference node's part --------------------------------------------------------------------------------

    @property
    def shows_outputs(self) -> bool:
        """Whether inference nodes show outputs to those who check, or their hashes alone."""
        return True

    def on_poster_start(self, node: InferenceNode) -> Steps:
        """What an inference node does before it answers anything."""
        yield from ()

    def variant(self, request: InferenceRequest) -> str:
        """Which variant of a model answers a request: the reference."""
        return REFERENCE

    def shelf(self, answered: Answered) -> str:
        """What an answer shares a batch with: any other."""
        return ""

    def objection(self, node: InferenceNode, request: InferenceRequest) -> Steps:
        """Why an inference node must not answer a request now; empty if nothing is in the way."""
        yield from ()
        return ""

    def vouch(self, node: InferenceNode, answered: Answered) -> Steps:
        """How an inference node proves an answer, before it gives it: not at all."""
        yield from ()

    def compose(self, node: InferenceNode, answered: list[Answered]) -> Steps:
        """Answers what an inference node puts into a batch, given what it has answered."""
        yield from ()
        return answered

    def on_posted(self, node: InferenceNode, data: BatchData) -> Steps:
        """What an inference node does once a batch of its own is posted."""
        yield from ()

    # -- a full node's part --------------------------------------------------------------------------------------

    def verify(self, node: FullNode, claim: Claim, value: np.ndarray, output: np.ndarray | None) -> Steps:
        """How `node` forms a verdict on a claim: as full nodes do."""
        assert output is not None
        return (yield from node.verify(claim, value, output))

    def on_start(self, node: FullNode) -> Steps:
        """What `node` does before anything happens; what takes time must be spawned."""
        yield from ()

    def on_log(self, node: FullNode, log: Log) -> Steps:
        """What `node` does when an event it watches happens."""
        raise NotImplementedError

    def problems(self, scenario: Scenario) -> Iterable[tuple[tuple[Any, ...], str]]:
        """What is wrong with using it in `scenario`: paths below ``strategy``, and messages."""
        return ()
