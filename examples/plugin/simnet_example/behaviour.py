"""A behaviour: what a participant does instead of what it should. It sees the effects of an honest node."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
from pydantic import Field

from nodes.adversaries.behaviour import Behaviour, on
from nodes.effects import Execute, Purpose, Steps
from nodes.identity import Role


class RoundOff(Behaviour):
    """Run the right model, and answer with fewer digits than it gave: less to send, and wrong in the last places."""

    kind: ClassVar[str] = "round_off"
    role: ClassVar[Role] = Role.INFERENCE
    defeats: ClassVar[str] = "argmax and top_k"
    stopped_by: ClassVar[str] = "bitwise, and relative with a small tolerance"
    shows_in: ClassVar[str] = "detection_rate"

    digits: int = Field(default=1, ge=0, le=6, description="decimal places that are kept")

    @on(Execute)
    def round(self, effect: Execute) -> Steps:
        """Round an answer. What executes for another purpose, such as checking, stays as it is."""
        execution = yield effect
        if effect.purpose is not Purpose.ANSWER:
            return execution
        output = np.round(execution.output, self.digits)
        if np.array_equal(output, execution.output):
            return execution
        yield self.cheated("answer", effect.task)  # ground truth goes into the log; no strategy reads it
        return replace(execution, output=output)
