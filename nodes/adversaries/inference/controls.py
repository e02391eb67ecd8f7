"""Controls: honest participants whom a sound strategy must never slash."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from nodes.adversaries.behaviour import Behaviour, on
from nodes.effects import Execute, Note, Purpose, Steps
from nodes.identity import Role
from nodes.models.noise import Gaussian, deviation
from nodes.records import Perturbed


class HonestNoisy(Behaviour):
    """Run the right model on hardware that rounds a little differently.

    The noise is synthetic (Gaussian); its default size is what other implementations of the same fp32
    operators were measured to differ by (2e-6 of the output's standard deviation).
    """

    kind: ClassVar[str] = "honest_noisy"
    role: ClassVar[Role] = Role.INFERENCE
    dishonest: ClassVar[bool] = False
    defeats: ClassVar[str] = "nothing: it is honest"
    stopped_by: ClassVar[str] = "nothing should; bitwise comparison wrongly does"
    shows_in: ClassVar[str] = "false_slash_rate"
    perturbs: ClassVar[bool] = True

    relative: float = Field(default=2e-6, gt=0, le=1, description="noise over the output's standard deviation")

    @on(Execute)
    def perturb(self, effect: Execute) -> Steps:
        """Add noise in the last digits of an answer."""
        execution = yield effect
        if effect.purpose is not Purpose.ANSWER:
            return execution
        noisy = Gaussian(self.relative).apply(execution.output, self._situation.rng)
        yield Note(Perturbed(self._situation.me.name, effect.task, deviation(execution.output, noisy)))
        return replace(execution, output=noisy)
