"""Evidence of zero-knowledge proofs: what `zkml` and `proofs` have in common.

A claim that owes a proof claims what the model's circuit computes, in fixed point; its batch is pledged when it is
posted, and proven claim by claim before ``chain/contracts/evidence/Proven.sol``. A pledged batch is final as soon as
all of it is proven, and not before. What is unproven when its time is over is rejected, and its node slashed: the
contract knows who is late, and any full node may say so. All periods are assumptions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from chain.deploy import ProtocolParameters, ProverSpec, VerifierSpec
from chain.formats.modes import Mode
from chain.quantities import Address
from chain.seam import Chain
from chain.units import Duration
from nodes.full import FullNode
from nodes.identity import Identity, Role
from nodes.inference import InferenceNode, PosterHalf
from nodes.parameters import Parameters
from nodes.proofs.circuits.pinned import circuits
from simnet.strategies.evidence.evidence import EvidenceStrategy
from simnet.strategies.evidence.kind import EvidenceCheck, EvidenceKind
from simnet.strategies.evidence.proof_deploy import deploy_circuits
from simnet.strategies.evidence.proof_poster import CircuitPoster
from simnet.strategies.evidence.proof_verifier import CircuitCheck
from simnet.strategies.evidence.settlement import AttestedSettlement, AttestedTerms, Settlement, lasting
from simnet.strategies.facts import Facts

if TYPE_CHECKING:
    from nodes.models.zoo import Zoo
    from nodes.proofs.prover import CircuitRecord, Prover

TIMES = (
    *("ezkl", "measured", "deepprove", "jolt_atlas", "ezkl_nanogpt", "deepprove_gpt2", "jolt_atlas_gpt2"),
    *("nanozk_gpt2", "zkllm_llama2_13b"),
)
"""Names of `nodes.proofs.circuits.times`, which takes a while to load."""

TIMES_OF_CIRCUITS = TIMES[:4]
"""Those that depend on the model."""


class CircuitTerms(Parameters):
    """How long proofs may take, and what makes them."""

    pledge_within: Duration = Field(
        default=20.0, description="from the post to the pledge, and to finality at the least (assumption)"
    )
    proving_period: Duration = Field(default=300.0, description="from the post until all is proven (assumption)")
    prover: Literal["ezkl", "simulated"] = Field(
        default="ezkl", description="what makes proofs: simulated ones cost what real ones cost, and prove nothing"
    )
    proof_times: Literal[*TIMES] = Field(  # type: ignore[valid-type]
        default="ezkl", description="what they take in simulated time: as measured once, measured here, or as published"
    )
    machines: int = Field(default=1, ge=1, le=1_000, description="provers that each inference node has (assumption)")


class CircuitKind(EvidenceKind):
    """A zero-knowledge proof."""

    mode: ClassVar[Mode] = Mode.ZKML

    def __init__(self, terms: CircuitTerms, window_s: float) -> None:
        self.terms = terms
        self.window_s = window_s

    def problems(self, facts: Facts) -> Iterable[tuple[tuple[Any, ...], str]]:
        """Contracts count whole seconds, and there must be time to pledge and to prove."""
        terms = self.terms
        for key in ("pledge_within", "proving_period"):
            if getattr(terms, key) % 1:
                yield (key,), "contracts count in seconds, so it must be whole ones"
        if terms.proving_period <= terms.pledge_within:
            yield ("proving_period",), "is not above pledge_within: there would be no time to prove"
        if self.window_s <= terms.pledge_within:
            yield (
                ("window",),
                "is not above pledge_within: a claim that was not pledged would be final before it is rejected",
            )
        if terms.prover == "ezkl" or terms.proof_times in TIMES_OF_CIRCUITS:
            known = tuple(circuit.model for circuit in circuits().values() if circuit.honest)
            for name in [name for name in facts.models if name not in known]:
                yield ("prover",), f"{name} has no circuit: choose of {', '.join(known)}"
        if terms.pledge_within < 2 * facts.block_time_s:
            yield ("pledge_within",), "is less than two blocks: there would be no time to pledge"
        if facts.noise or "honest_noisy" in facts.honest_behaviours:
            yield ("kind",), "a circuit's output is proven to the bit: noise after that could not be proven"

    def deploy(
        self,
        chain: Chain,
        deployer: Address,
        people: Sequence[Identity],
        facts: Facts,
        circuits: Sequence[CircuitRecord],
    ) -> Sequence[ProverSpec]:
        """The verifier of each circuit, and the contract that holds claims against them."""
        deploy_circuits(chain, deployer, circuits)
        return ()

    def poster(self, node: InferenceNode) -> PosterHalf:
        """Pledges and proves."""
        return CircuitPoster(node)

    def check(self, node: FullNode, facts: Facts) -> EvidenceCheck:
        """Verifies proofs off chain, and sees to what is not proven."""
        settlement = AttestedSettlement(node, "Proven", self.window_s)
        return CircuitCheck(node, settlement, self.terms.pledge_within, self.terms.proving_period)

    def make_prover(self, facts: Facts, zoo: Zoo, tell: Callable[[str], None]) -> Prover:
        """What makes and verifies proofs for all nodes."""
        from nodes.models.execution import OnnxExecutor
        from nodes.proofs.circuits.library import require_ezkl
        from nodes.proofs.circuits.times import proof_times
        from nodes.proofs.ezkl import EzklProver
        from nodes.proofs.simulated import SimulatedProver

        models = {name: zoo.model(name) for name in facts.models}
        draws = facts.streams.uniforms("proofs")
        if self.terms.prover == "ezkl":
            require_ezkl()
        times = proof_times(self.terms.proof_times, (*models,), tell)
        if self.terms.prover == "simulated":
            return SimulatedProver(models, OnnxExecutor(zoo, "cpu"), times, draws)
        return EzklProver(models, times, draws, tell)


class ProvenStrategy(EvidenceStrategy, AttestedTerms, CircuitTerms):
    """Base of strategies in which claims may owe a zero-knowledge proof."""

    deadlines: ClassVar[tuple[str, ...]] = ("window", "pledge_within", "proving_period")

    @property
    def circuits(self) -> CircuitKind:
        """Zero-knowledge proofs on these terms."""
        return CircuitKind(self, self.window)

    def settlement(self, node: FullNode) -> Settlement:
        """By the Proven contract."""
        return AttestedSettlement(node, "Proven", self.window)

    @property
    def reproducible(self) -> bool:
        """Not if proofs take as long as they take on this machine."""
        return bool(self.proof_times != "measured")

    def contract_spec(self) -> VerifierSpec | None:
        """The Proven contract."""
        terms = (int(self.pledge_within), int(self.proving_period), self.by_mode)
        return VerifierSpec("Proven", (self.attested_rule(), terms), needs=("ZKMLEvidence",), proves=True)

    def adjust(self, parameters: ProtocolParameters, facts: Facts) -> ProtocolParameters:
        """No batch expires that can still be proven or made final."""
        return lasting(parameters, max(self.window, self.proving_period))

    def windows_s(self, parameters: ProtocolParameters) -> tuple[float, ...]:
        """Time to prove what was pledged, or to prove other evidence bad."""
        return (max(self.proving_period, self.window),)

    def problems(self, facts: Facts) -> Iterable[tuple[tuple[Any, ...], str]]:
        """Those of the window, and of each kind of evidence."""
        yield from self.window_problems()
        yield from super().problems(facts)

    def make_prover(self, facts: Facts, zoo: Zoo, tell: Callable[[str], None]) -> Prover | None:
        """What makes and verifies proofs for all nodes."""
        return self.circuits.make_prover(facts, zoo, tell)

    def prover_count(self, identity: Identity) -> int:
        """Every inference node has as many."""
        return self.machines if identity.role is Role.INFERENCE else 0
