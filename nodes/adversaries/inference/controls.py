"""Controls: honest participants whom a sound strategy must never slash."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
from pydantic import Field

from nodes.adversaries.behaviour import Behaviour, on
from nodes.effects import Execute, Note, Purpose, Steps
from nodes.identity import Role
from nodes.models.noise import Gaussian
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

    relative: float = Field(default=2e-6, gt=0, le=1, description="noise over the output's standard deviation")

    @on(Execute)
    def perturb(self, effect: Execute) -> Steps:
        """Add noise in the last digits of an answer."""
        execution = yield effect
        if effect.purpose is not Purpose.ANSWER:
            return execution
        clean = execution.output
        noisy = Gaussian(self.relative).apply(clean, self._situation.rng)
        deviation = float(np.max(np.abs(noisy - clean))) / (float(np.std(clean)) or 1.0)
        yield Note(Perturbed(self._situation.me.name, effect.task, deviation))
        return replace(execution, output=noisy)
