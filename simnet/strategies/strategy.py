"""Base of verification strategies: who checks, how they say so, and what a mismatch costs.

A strategy is one Python file and at most one contract. It says which verification contract to deploy, and
what a full node does when something happens on chain. How two outputs are judged equal is the comparator's
business.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import PrivateAttr

from chain.deploy import ProtocolParameters, ProverSpec, VerifierSpec
from chain.quantities import Address, Gas, Wei
from chain.seam import Chain
from nodes.client import Client, ClientHalf, ClientPolicy
from nodes.full import FullNode, VerifierHalf
from nodes.identity import Identity, Role
from nodes.inference import InferenceNode, PosterHalf
from nodes.parameters import Parameters
from simnet.strategies.facts import Facts
from simnet.strategies.keepers import BACKUP_KEEPERS, TAKEOVER_DELAY_S

if TYPE_CHECKING:
    from nodes.enclave.enclave import Enclave
    from nodes.models.zoo import Zoo
    from nodes.proofs.prover import CircuitRecord, Prover


STEP_LATE_S = 2 * (BACKUP_KEEPERS + 1) * TAKEOVER_DELAY_S
"""How late a step may be taken: members of a panel take turns first, then backup keepers."""

BLOCKS_A_STEP = 4
"""Blocks that a step may take to reach the chain, and everybody to hear of it (assumption)."""

BEACON_ROUNDS = 3
"""Rounds of the beacon until there is a seed: the rest of one, a whole one, and one in which nobody reveals."""


FALLING_GAS = 200_000
"""Gas that a verdict uses at the most, apart from what follows (measured: test_contracts_largest.py)."""
CLAIM_GAS, PAIR_GAS = 29_000, 120
"""Of that for each claim that falls, and for each claim and client: who paid for a claim is looked up."""


def falling_gas(claims: int) -> Gas:
    """Gas that settling a batch may use of which so many claims fall, each of another client."""
    return Gas(FALLING_GAS + CLAIM_GAS * claims + PAIR_GAS * claims**2)


class Strategy(Parameters):
    """A verification strategy. Fields are the scenario's parameters."""

    claim: ClassVar[str]
    """What it promises, and under which assumption."""
    source: ClassVar[str]
    """Where the protocol is specified."""
    takes_bonds: ClassVar[bool] = False
    """Whether the verification contract holds bonds of challengers (and says how much, as ``bonded``)."""
    deadlines: ClassVar[tuple[str, ...]] = ()
    """Parameters that are windows in which something must be done, and done again if a reorg undoes it."""

    _reorg_s: float = PrivateAttr(0.0)

    @property
    def reorg_s(self) -> float:
        """By how much its windows are longer than the scenario says."""
        return self._reorg_s

    def outlasting(self, reorg_s: float) -> Self:
        """The same strategy with windows that are longer by what a reorg may undo."""
        longer = {name: getattr(self, name) + reorg_s for name in self.deadlines}
        patient = self.model_copy(update=longer)
        patient._reorg_s = reorg_s
        return patient

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
        return PosterHalf(node)

    def verifier(self, node: FullNode, facts: Facts) -> VerifierHalf:
        """A full node's half of it."""
        return VerifierHalf(node)

    def client(self, client: Client, facts: Facts) -> ClientHalf:
        """A client's half of it."""
        return ClientHalf(client)

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

    def largest_call_gas(self, facts: Facts) -> Gas:
        """Gas that its largest call may use, at the sizes that the scenario has: all claims of a full batch fall."""
        return falling_gas(facts.batch_size)

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

    def problems(self, facts: Facts) -> Iterable[tuple[tuple[Any, ...], str]]:
        """What is wrong with using it under these `facts`: paths below ``strategy``, and messages."""
        return ()
