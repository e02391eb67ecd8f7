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
from nodes.client import Client, ClientHalf, ClientPolicy, Order
from nodes.effects import Steps
from nodes.full import FullNode, VerifierHalf
from nodes.identity import Identity, Role
from nodes.inference import Answered, InferenceNode, PosterHalf
from nodes.messages import BatchData, InferenceAnswer, InferenceRequest
from nodes.models.zoo import REFERENCE
from nodes.parameters import Parameters
from simnet.strategies.duties import DEPUTIES, STEP_IN_S
from simnet.strategies.facts import Facts

if TYPE_CHECKING:
    from nodes.enclave.enclave import Enclave
    from nodes.models.zoo import Zoo
    from nodes.proofs.prover import CircuitRecord, Prover


class OwnPoster(PosterHalf):
    """Asks the strategy itself."""

    def __init__(self, node: InferenceNode, strategy: Strategy) -> None:
        super().__init__(node)
        self.strategy = strategy
        self.shows_outputs = strategy.shows_outputs

    def on_start(self) -> Steps:
        yield from self.strategy.on_poster_start(self.node)

    def variant(self, request: InferenceRequest) -> str:
        return self.strategy.variant(request)

    def batch_key(self, answered: Answered) -> str:
        return self.strategy.shelf(answered)

    def precheck(self, request: InferenceRequest) -> Steps:
        return (yield from self.strategy.objection(self.node, request))

    def attach_evidence(self, answered: Answered) -> Steps:
        yield from self.strategy.vouch(self.node, answered)

    def compose(self, answered: list[Answered]) -> Steps:
        return (yield from self.strategy.compose(self.node, answered))

    def on_posted(self, data: BatchData) -> Steps:
        yield from self.strategy.on_posted(self.node, data)


class OwnVerifier(VerifierHalf):
    """Asks the strategy itself."""

    def __init__(self, node: FullNode, strategy: Strategy) -> None:
        super().__init__(node)
        self.strategy = strategy
        self.shows_outputs = strategy.shows_outputs
        self.watches = strategy.watches

    def on_start(self) -> Steps:
        yield from self.strategy.on_start(self.node)

    def on_log(self, log: Log) -> Steps:
        yield from self.strategy.on_log(self.node, log)

    def verify(self, claim: Claim, value: np.ndarray, output: np.ndarray | None) -> Steps:
        return (yield from self.strategy.verify(self.node, claim, value, output))


class OwnClient(ClientHalf):
    """Asks the strategy itself."""

    def __init__(self, client: Client, strategy: Strategy) -> None:
        super().__init__(client)
        self.strategy = strategy

    def refusal(self, order: Order, node: Identity, answer: InferenceAnswer) -> Steps:
        return (yield from self.strategy.refusal(self.client, node, order, answer))


STEP_LATE_S = 2 * (DEPUTIES + 1) * STEP_IN_S
"""How late a step may be taken: members of a panel take turns first, then their deputies."""

BLOCKS_A_STEP = 4
"""Blocks that a step may take to reach the chain, and everybody to hear of it (assumption)."""

BEACON_ROUNDS = 3
"""Rounds of the beacon until there is a seed: the rest of one, a whole one, and one in which nobody reveals."""


class Strategy(Parameters):
    """A verification strategy. Fields are the scenario's parameters."""

    claim: ClassVar[str]
    """What it promises, and under which assumption."""
    source: ClassVar[str]
    """Where the protocol is specified."""
    watches: ClassVar[tuple[str, ...]] = ()
    """Chain events that give a full node something to do."""
    takes_bonds: ClassVar[bool] = False
    """Whether the verification contract holds bonds of challengers (and says how much, as ``bonded``)."""

    @property
    def uses_beacon(self) -> bool:
        """Whether it draws from the randomness beacon."""
        return False

    @property
    def reproducible(self) -> bool:
        """Whether nothing in it hangs on how fast this machine is."""
        return True

    def poster(self, node: InferenceNode, facts: Facts) -> PosterHalf:
        """An inference node's half of it."""
        return OwnPoster(node, self)

    def verifier(self, node: FullNode, facts: Facts) -> VerifierHalf:
        """A full node's half of it."""
        return OwnVerifier(node, self)

    def client(self, client: Client, facts: Facts) -> ClientHalf:
        """A client's half of it."""
        return OwnClient(client, self)

    def contract_spec(self) -> VerifierSpec | None:
        """The verification contract to deploy; ``None`` if batches become final by themselves."""
        return None

    def adjust(self, parameters: ProtocolParameters, facts: Facts) -> ProtocolParameters:
        """The contracts' parameters, where the strategy's own theory sets them; unchanged if it sets none."""
        return parameters

    def windows_s(self, parameters: ProtocolParameters) -> tuple[float, ...]:
        """The longest way of a batch from its post to finality: how long each step takes, one after the other."""
        return (parameters.finality_delay_s,)

    def finality_bound_s(self, parameters: ProtocolParameters, block_time_s: float) -> float:
        """How long after its post any batch is final at the latest, if the network is well and nodes take turns."""
        windows = self.windows_s(parameters)
        return sum(windows) + len(windows) * (STEP_LATE_S + BLOCKS_A_STEP * block_time_s)

    def client_policy(self, policy: ClientPolicy, index: int, facts: Facts) -> ClientPolicy:
        """How client number `index` behaves, where clients have a part in verification; unchanged if they have none."""
        return policy

    def client_executes(self, index: int, facts: Facts) -> bool:
        """Whether client number `index` executes models itself, and so needs a device."""
        return False

    def initial_funding(self) -> Wei:
        """OPG that the verification contract holds from the start."""
        return Wei(0)

    def initial_balance(self, role: Role) -> Wei:
        """OPG that a participant of `role` begins with besides its stake, and that the verifier may draw as bonds."""
        return Wei(0)

    def deploy(
        self,
        chain: Chain,
        deployer: Address,
        people: Sequence[Identity],
        facts: Facts,
        circuits: Sequence[CircuitRecord],
    ) -> Sequence[ProverSpec]:
        """Deploy what it needs besides the protocol, before it; names the contracts that may reject claims by proof."""
        return ()

    def enclave(self, identity: Identity, facts: Facts, genesis: int) -> Enclave | None:
        """The enclave that a participant computes in; ``None`` for a bare machine."""
        return None

    def make_prover(self, facts: Facts, zoo: Zoo, tell: Callable[[str], None]) -> Prover | None:
        """What makes and verifies the run's zero-knowledge proofs; ``None`` if there are none."""
        return None

    def prover_count(self, identity: Identity) -> int:
        """How many machines a participant has to make such proofs on."""
        return 0

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

    def problems(self, facts: Facts) -> Iterable[tuple[tuple[Any, ...], str]]:
        """What is wrong with using it under these `facts`: paths below ``strategy``, and messages."""
        return ()
