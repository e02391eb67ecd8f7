"""Inference nodes that owe zero-knowledge proofs, and show something else, or show them too late.

Catalogue: proofs that are not bound to their task, proofs under another verifying key, the gap between a circuit and
the model that it stands for, witnesses made up. ezkl's prover makes a proof of a made-up witness without complaint; it
does not verify (measured: see docs/zkml.md). How they pair with wrong answers here is an assumption.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, PrivateAttr

from chain.quantities import TaskId
from chain.units import Duration
from nodes.adversaries.behaviour import Behaviour, on
from nodes.effects import Execute, Prove, Sleep, Steps
from nodes.identity import Role
from nodes.models.execution import Execution
from nodes.models.tensors import Tensor, same
from nodes.models.wrong import swapped
from nodes.models.zoo import REFERENCE
from nodes.proofs.prover import CIRCUIT, Proof


class ProofBehaviour(Behaviour):
    """Base of behaviours that falsify what will have to be proven, and then the proof."""

    role: ClassVar[Role] = Role.INFERENCE
    needs: ClassVar[str] = "zkml, or proofs with clients that ask for it"

    _lies: dict[str, None] = PrivateAttr(default_factory=dict)

    def begin(self) -> None:
        """No lie told yet."""
        self._lies = {}

    @on(Execute)
    def falsify(self, effect: Execute) -> Steps:
        """Tamper with answers that will have to be proven."""
        if effect.variant != CIRCUIT:
            return (yield effect)
        return (yield from self.answer(effect))

    @on(Prove, gated=False)
    def forge(self, effect: Prove) -> Steps:
        """Show something for them."""
        if effect.task not in self._lies:
            return (yield from self.honest(effect))
        del self._lies[effect.task]
        yield self.cheated("evidence", effect.task)
        return (yield from self.proof(effect))

    def lie(self, task: TaskId) -> Steps:
        """Record a wrong answer."""
        self._lies[task] = None
        yield self.cheated("answer", task)

    def answer(self, effect: Execute) -> Steps:
        """Answers the falsified `Execution`."""
        raise NotImplementedError

    def proof(self, effect: Prove) -> Steps:
        """Answers the `Proof` to show for a falsified answer: an honest one, unless something better comes to mind."""
        return (yield effect)

    def honest(self, effect: Prove) -> Steps:
        """Answers the `Proof` of an honest answer."""
        return (yield effect)


class ProofReplay(ProofBehaviour):
    """Answer and prove once, then give that answer and show that proof for every other input."""

    kind: ClassVar[str] = "proof_replay"
    defeats: ClassVar[str] = "verifiers that know neither tasks nor inputs, as generated ones do"
    stopped_by: ClassVar[str] = "proofs bound to the claim's input and output, and good for one task"
    shows_in: ClassVar[str] = "proofs_refused"

    _answers: dict[str, tuple[Tensor, Execution]] = PrivateAttr(default_factory=dict)
    _proofs: dict[str, Proof] = PrivateAttr(default_factory=dict)

    def begin(self) -> None:
        """Nothing answered yet."""
        super().begin()
        self._answers, self._proofs = {}, {}

    def answer(self, effect: Execute) -> Steps:
        """The model's first answer; an input that it fits by chance is answered honestly."""
        if effect.model not in self._answers:
            self._answers[effect.model] = effect.value, (yield effect)
            return self._answers[effect.model][1]
        value, execution = self._answers[effect.model]
        if np.array_equal(value, effect.value):
            return (yield effect)
        yield from self.lie(effect.task)
        return replace(execution, macs=0, cpu_s=0.0)

    def honest(self, effect: Prove) -> Steps:
        """Keep the first proof."""
        proof = yield effect
        self._proofs.setdefault(effect.model, proof)
        return proof

    def proof(self, effect: Prove) -> Steps:
        """That one; as long as it is not made, there is nothing to replay."""
        if effect.model in self._proofs:
            return self._proofs[effect.model]
        return (yield effect)


class WrongVk(ProofBehaviour):
    """Answer by a cheaper model's circuit, and prove that one: the proof is good, the verifying key is another."""

    kind: ClassVar[str] = "wrong_vk"
    defeats: ClassVar[str] = "verifiers that take the key from the prover"
    stopped_by: ClassVar[str] = "a verifier fixed for each model when it is registered"
    shows_in: ClassVar[str] = "proofs_refused"

    variant: Literal["small"] = Field(default="small", description="whose circuit it proves")

    def variants(self) -> tuple[str, ...]:
        """The one whose circuit it proves."""
        return (self.variant,)

    def answer(self, effect: Execute) -> Steps:
        """What the other circuit computes."""
        yield from self.lie(effect.task)
        return (yield replace(effect, variant=f"{CIRCUIT}/{self.variant}"))

    def proof(self, effect: Prove) -> Steps:
        """The other circuit's."""
        return (yield replace(effect, variant=self.variant))


class QuantisedCircuitGap(ProofBehaviour):
    """Claim the float model's answer, which is close to what the circuit computes, and not it."""

    kind: ClassVar[str] = "quantised_circuit_gap"
    defeats: ClassVar[str] = "verifiers that allow for the gap between circuit and model: anything in it is theirs"
    stopped_by: ClassVar[str] = "claims of the circuit's output to the bit"
    shows_in: ClassVar[str] = "circuit_gap"

    def answer(self, effect: Execute) -> Steps:
        """The model instead of the circuit; the same where they agree to the bit."""
        yield from self.lie(effect.task)
        return (yield replace(effect, variant=REFERENCE))


class ForgedWitness(ProofBehaviour):
    """Swap the two largest outputs of the circuit, and write that into the witness before proving."""

    kind: ClassVar[str] = "forged_witness"
    defeats: ClassVar[str] = "nobody who verifies: the prover does not complain, the verifier does"
    stopped_by: ClassVar[str] = "verification on chain"
    shows_in: ClassVar[str] = "proofs_refused"

    def answer(self, effect: Execute) -> Steps:
        """What the circuit computed, decided otherwise."""
        execution = yield effect
        output = swapped(execution.output)
        if same(output, execution.output):
            return execution
        yield from self.lie(effect.task)
        return replace(execution, output=output)

    def proof(self, effect: Prove) -> Steps:
        """What the prover makes of the claim."""
        return (yield replace(effect, forge=True))


class LateProver(Behaviour):
    """Answer honestly, take the fee's promise, and prove too late."""

    kind: ClassVar[str] = "late_prover"
    role: ClassVar[Role] = Role.INFERENCE
    needs: ClassVar[str] = ProofBehaviour.needs
    defeats: ClassVar[str] = "settlement that waits for proofs for ever"
    stopped_by: ClassVar[str] = "a deadline, after which what is unproven is rejected and slashed"
    shows_in: ClassVar[str] = "unproven_claims"

    by: Duration = Field(default=600.0, description="how long it waits before it begins to prove")

    @on(Prove)
    def delay(self, effect: Prove) -> Steps:
        """Prove later."""
        yield self.cheated("evidence", effect.task, "late")
        yield Sleep(self.by)
        return (yield effect)
