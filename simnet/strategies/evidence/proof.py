"""Evidence of zero-knowledge proofs: what `zkml` and its relatives have in common.

A claim that owes a proof claims what the model's circuit computes, in fixed point; its batch is pledged when it is
posted, and proven claim by claim before ``chain/contracts/evidence/Proven.sol``. A pledged batch is final as soon as
all of it is proven, and not before. What is unproven when its time is over is rejected, and its node slashed: the
contract knows who is late, and any full node may say so. All periods are assumptions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from chain.deploy import ProtocolParameters, ProverSpec, VerifierSpec
from chain.formats.claims import Claim
from chain.formats.modes import Mode
from chain.quantities import Address
from chain.seam import Chain, Log
from chain.units import Duration
from nodes.effects import Now, Read, Sleep, Spawn, Steps
from nodes.full import FullNode
from nodes.identity import Identity, Role
from nodes.inference import InferenceNode
from nodes.messages import BatchData, InferenceRequest
from nodes.proofs.circuits.pinned import circuits
from nodes.proofs.prover import CIRCUIT
from simnet.strategies.duties import DEPUTIES, STEP_IN_S
from simnet.strategies.evidence.proof_poster import prove_batch
from simnet.strategies.evidence.proof_verifier import TURN_S, judge, reject
from simnet.strategies.evidence.settlement import BASIS_POINTS, AttestedSettlement
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
"""Those that hang on the model."""


class CircuitEvidence(AttestedSettlement):
    """Base of strategies in which claims need a zero-knowledge proof."""

    watches: ClassVar[tuple[str, ...]] = (*AttestedSettlement.watches, "Pledged", "ClaimProven")

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

    # -- before the run ----------------------------------------------------------------------------------------

    @property
    def reproducible(self) -> bool:
        """Not if proofs take as long as they take on this machine."""
        return bool(self.proof_times != "measured")

    def contract_spec(self) -> VerifierSpec | None:
        """The Proven contract."""
        attested = (int(self.window), round(self.withheld_share * BASIS_POINTS))
        terms = (int(self.pledge_within), int(self.proving_period), self.by_mode)
        return VerifierSpec("Proven", (attested, terms), needs=("ZKMLEvidence",), proves=True)

    def adjust(self, parameters: ProtocolParameters, facts: Facts) -> ProtocolParameters:
        """No batch expires that can still be proven."""
        longest = int(self.proving_period + (DEPUTIES + 2) * STEP_IN_S)
        adjusted = super().adjust(parameters, facts)
        return replace(adjusted, expiry_s=max(adjusted.expiry_s, 2 * longest))

    def windows_s(self, parameters: ProtocolParameters) -> tuple[float, ...]:
        """Time to prove what was pledged, or to prove other evidence bad."""
        return (max(self.proving_period, self.window),)

    def problems(self, facts: Facts) -> Iterable[tuple[tuple[Any, ...], str]]:
        """Contracts count whole seconds, and there must be time to pledge and to prove."""
        yield from super().problems(facts)
        for key in ("pledge_within", "proving_period"):
            if getattr(self, key) % 1:
                yield (key,), "contracts count in seconds, so it must be whole ones"
        if self.proving_period <= self.pledge_within:
            yield ("proving_period",), "is not above pledge_within: there would be no time to prove"
        if self.window <= self.pledge_within:
            yield ("window",), "is not above pledge_within: a claim that was not pledged would be final before it fell"
        if self.prover == "ezkl" or self.proof_times in TIMES_OF_CIRCUITS:
            known = tuple(circuit.model for circuit in circuits().values() if circuit.honest)
            for name in [name for name in facts.models if name not in known]:
                yield ("prover",), f"{name} has no circuit: choose of {', '.join(known)}"
        if self.pledge_within < 2 * facts.block_time_s:
            yield ("pledge_within",), "is less than two blocks: there would be no time to pledge"

    def make_prover(self, facts: Facts, zoo: Zoo, tell: Callable[[str], None]) -> Prover | None:
        """What makes and verifies proofs for all nodes."""
        from nodes.models.execution import OnnxExecutor
        from nodes.proofs.circuits.library import require_ezkl
        from nodes.proofs.circuits.times import proof_times
        from nodes.proofs.ezkl import EzklProver
        from nodes.proofs.simulated import SimulatedProver

        models = {name: zoo.model(name) for name in facts.models}
        draws = facts.streams.uniforms("proofs")
        if self.prover == "ezkl":
            require_ezkl()
        times = proof_times(self.proof_times, (*models,), tell)
        if self.prover == "simulated":
            return SimulatedProver(models, OnnxExecutor(zoo, "cpu"), times, draws)
        return EzklProver(models, times, draws, tell)

    def prover_count(self, identity: Identity) -> int:
        """Every inference node has as many."""
        return self.machines if identity.role is Role.INFERENCE else 0

    def deploy(
        self,
        chain: Chain,
        deployer: Address,
        people: Sequence[Identity],
        facts: Facts,
        circuits: Sequence[CircuitRecord],
    ) -> Sequence[ProverSpec]:
        """The verifier of each circuit, and the contract that holds claims against them."""
        from simnet.strategies.evidence.proof_deploy import deploy_circuits

        deploy_circuits(chain, deployer, circuits)
        return super().deploy(chain, deployer, people, facts, circuits)

    # -- inference nodes ---------------------------------------------------------------------------------------

    def variant(self, request: InferenceRequest) -> str:
        """What will be proven must be what the circuit computes."""
        owes = self.owes(bytes.fromhex(request.task[2:]), Mode.ZKML)
        return CIRCUIT if owes else super().variant(request)

    def on_posted(self, node: InferenceNode, data: BatchData) -> Steps:
        """Pledge and prove what owes a proof."""
        yield Spawn(super().on_posted(node, data))
        yield from prove_batch(node, data, self.owes_proof)

    def owes_proof(self, claim: Claim) -> bool:
        """Whether a claim must be proven."""
        return self.owes(claim.task, Mode.ZKML)

    # -- full nodes --------------------------------------------------------------------------------------------

    def examine(self, node: FullNode, data: BatchData) -> Steps:
        """Keep what may have to be rejected, and see that it is pledged."""
        rest = yield from super().examine(node, data)
        owing = [claim for claim in data.claims if self.owes_proof(claim)]
        if owing:
            kept: dict[str, BatchData] = node.memory.setdefault("owing", {})
            for batch in [batch for batch in kept if batch not in node.batches]:
                del kept[batch]
            kept[data.batch] = data
            yield Spawn(self.see_pledged(node, data, owing))
        return rest

    def on_log(self, node: FullNode, log: Log) -> Steps:
        """Verify each proof, make final what is proven, and have rejected what is late."""
        batch = "0x" + log.args["batch"].hex()
        if log.event == "ClaimProven":
            yield Spawn(judge(node, batch, log.args["index"], log.args["proof"]))
            yield from self.close_proven(node, batch)
        elif log.event == "Pledged":
            yield from self.see_proven(node, batch)
        else:
            yield from super().on_log(node, log)

    def is_due(self, node: FullNode, batch: str) -> bool:
        """A pledged batch is final by its proofs, not by its window."""
        return super().is_due(node, batch) and "Pledged" not in node.batches[batch].events

    def see_pledged(self, node: FullNode, data: BatchData, owing: Sequence[Claim]) -> Steps:
        """Have claims rejected that owe a proof in a batch that was not pledged in time."""
        yield from self.wait(node, data.batch, self.pledge_within, node.my_turn(data.batch) * TURN_S)
        if self.is_due(node, data.batch):
            yield from reject(node, data, owing)

    def see_proven(self, node: FullNode, batch: str) -> Steps:
        """Once the time to prove a pledged batch is over, have rejected what is not proven, and make it final."""
        turn = node.my_turn(batch)
        yield from self.wait(node, batch, self.proving_period, turn * TURN_S)
        data: BatchData | None = node.memory.get("owing", {}).get(batch)
        missing = (yield Read("Proven", "unproven", (bytes.fromhex(batch[2:]),))) if batch in node.batches else 0
        if missing and data is not None:
            yield from reject(node, data, [claim for claim in data.claims if missing >> claim.index & 1])
        if batch in node.batches and turn <= DEPUTIES:
            yield Sleep(turn * STEP_IN_S)
            yield from self.finalise(node, batch)

    def close_proven(self, node: FullNode, batch: str) -> Steps:
        """Make a batch final once the last of it is proven."""
        closing: dict[str, None] = node.memory.setdefault("closing", {})
        turn = node.my_turn(batch)
        if turn > DEPUTIES or batch in closing or batch not in node.batches:
            return
        if (yield Read("Proven", "unproven", (bytes.fromhex(batch[2:]),))) != 0:
            return
        closing[batch] = None
        yield from self.wait(node, batch, self.pledge_within, turn * STEP_IN_S)
        yield from self.finalise(node, batch)
        del closing[batch]

    def wait(self, node: FullNode, batch: str, period: float, more: float) -> Steps:
        """Wait until a period is over that began when a batch was posted, and some more."""
        posted = yield Read("Settlement", "batchOf", (bytes.fromhex(batch[2:]),))
        passed = node.genesis + (yield Now()) - posted[1]
        yield Sleep(max(0.0, period - passed) + 1 + more)
