"""Inference nodes that give wrong answers, and what they save or gain by it.

Catalogue: substitution by a cheaper model is what verification papers test against (TOPLOC, arXiv
2501.16007; Gonka's inference validation; DiFR, arXiv 2511.20621). The parameters here are assumptions.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field

from chain.formats.signing import answer_digest
from nodes.adversaries.behaviour import Behaviour, Situation, on
from nodes.effects import Execute, Purpose, Reply, Sign, Steps
from nodes.identity import Role
from nodes.messages import InferenceAnswer, InferenceRequest
from nodes.models.execution import Execution
from nodes.models.tensors import Tensor, changed, same, tensor_hash
from nodes.models.wrong import negated, noise_like, swapped


class AnswerBehaviour(Behaviour):
    """Base of behaviours that falsify what an inference node computes for a client."""

    role: ClassVar[Role] = Role.INFERENCE

    @on(Execute)
    def falsify(self, effect: Execute) -> Steps:
        """Replace an answer; leave everything else alone."""
        if effect.purpose is not Purpose.ANSWER:
            return (yield effect)
        return (yield from self.cheat(effect))

    def cheat(self, effect: Execute) -> Steps:
        """Answers the falsified `Execution`, and records that it is; where nothing changes, nothing is recorded."""
        raise NotImplementedError


def invented(situation: Situation, model: str) -> Execution:
    """Noise in the shape of a model's output, which costs nothing to compute."""
    return Execution(output=noise_like(situation.outputs[model], situation.rng), macs=0, cpu_s=0.0)


class RandomOutput(AnswerBehaviour):
    """Answer with noise and run no model at all."""

    kind: ClassVar[str] = "random_output"
    defeats: ClassVar[str] = "none"
    stopped_by: ClassVar[str] = "any strategy that executes again"
    shows_in: ClassVar[str] = "detection_rate"

    def cheat(self, effect: Execute) -> Steps:
        """Noise in the shape of the output."""
        yield self.cheated("answer", effect.task)
        return invented(self._situation, effect.model)


class LabelFlip(AnswerBehaviour):
    """Run the model, then swap the largest output with another: the smallest change that alters the decision."""

    kind: ClassVar[str] = "label_flip"
    defeats: ClassVar[str] = "none"
    stopped_by: ClassVar[str] = "any comparator"
    shows_in: ClassVar[str] = "targeted_success_rate"

    target: int | None = Field(default=None, ge=0, description="class to decide for; the runner-up if not given")

    def cheat(self, effect: Execute) -> Steps:
        """The honest output with two entries swapped; a single entry becomes another."""
        execution = yield effect
        output = swapped(execution.output, self.target)
        if same(output, execution.output):
            return execution
        yield self.cheated("answer", effect.task)
        return replace(execution, output=output)


class VariantBehaviour(AnswerBehaviour):
    """Base of behaviours that run a cheaper variant and claim the reference."""

    def substitute(self) -> str:
        """Variant to run."""
        raise NotImplementedError

    def variants(self) -> tuple[str, ...]:
        """The one it substitutes."""
        return (self.substitute(),)

    def cheat(self, effect: Execute) -> Steps:
        """The variant's output."""
        yield self.cheated("answer", effect.task)
        return (yield replace(effect, variant=self.substitute()))


class ModelSwap(VariantBehaviour):
    """Serve a smaller model, trained for the same task, under the name of the large one."""

    kind: ClassVar[str] = "model_swap"
    defeats: ClassVar[str] = "none; sampling at a low rate"
    stopped_by: ClassVar[str] = "re-execution with a tolerance"
    shows_in: ClassVar[str] = "attacker_roi"

    def substitute(self) -> str:
        """The smaller model."""
        return "small"


class Quantize(VariantBehaviour):
    """Serve the model with its weights rounded to fewer bits."""

    kind: ClassVar[str] = "quantize"
    defeats: ClassVar[str] = "argmax comparison; loose tolerances"
    stopped_by: ClassVar[str] = "a tolerance below the rounding error"
    shows_in: ClassVar[str] = "detection_rate"

    variant: Literal["fp16", "int8", "int4"] = Field(default="int8", description="which rounding")

    def substitute(self) -> str:
        """The rounded variant."""
        return self.variant


class EarlyExit(VariantBehaviour):
    """Stop after the first layers and answer from an exit head."""

    kind: ClassVar[str] = "early_exit"
    defeats: ClassVar[str] = "checks that look at the decision alone"
    stopped_by: ClassVar[str] = "re-execution with a tolerance"
    shows_in: ClassVar[str] = "attacker_roi"

    def substitute(self) -> str:
        """The variant with the exit head."""
        return "early_exit"


class InputTruncate(AnswerBehaviour):
    """Run the right model on the input with its tail cut off."""

    kind: ClassVar[str] = "input_truncate"
    defeats: ClassVar[str] = "checks that do not bind the input (TOPLOC at its published thresholds)"
    stopped_by: ClassVar[str] = "re-execution on the client's own input"
    shows_in: ClassVar[str] = "detection_rate"

    share: float = Field(default=0.25, gt=0, le=1, description="share of the input that is left out")

    def cheat(self, effect: Execute) -> Steps:
        """The output for an input whose tail is zero."""
        value = changed(effect.value, self.truncated)
        if same(value, effect.value):
            return (yield effect)
        yield self.cheated("answer", effect.task)
        return (yield replace(effect, value=value))

    def truncated(self, value: Tensor) -> Tensor:
        """A tensor whose last entries are zero, or empty."""
        cut = value.copy()
        flat = cut.reshape(-1)
        flat[-max(1, round(self.share * flat.size)) :] = value.dtype.type()
        return cut


class Equivocate(Behaviour):
    """Give the client one answer and claim another on chain, where the right one is checked."""

    kind: ClassVar[str] = "equivocate"
    role: ClassVar[Role] = Role.INFERENCE
    defeats: ClassVar[str] = "every strategy that checks only what is on chain"
    stopped_by: ClassVar[str] = "clients that audit their claims against signed answers"
    shows_in: ClassVar[str] = "equivocations_proved"

    @on(Reply)
    def tell_another_story(self, effect: Reply) -> Steps:
        """Send the client a negated output, signed as if it were the answer."""
        request, answer = effect.to.message, effect.message
        if not (isinstance(request, InferenceRequest) and isinstance(answer, InferenceAnswer)):
            return (yield effect)
        false = negated(answer.output)
        situation = self._situation
        digest = answer_digest(
            situation.domain,
            bytes.fromhex(answer.task[2:]),
            situation.models[request.model],
            tensor_hash(request.value),
            tensor_hash(false),
        )
        signature = yield Sign(digest)
        yield self.cheated("answer", answer.task)
        return (yield replace(effect, message=InferenceAnswer(answer.task, false, signature)))
