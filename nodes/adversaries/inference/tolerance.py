"""Inference nodes that know the comparator, and lie as much as it lets them.

Catalogue: bound-aware perturbation against tolerance schemes such as TAO (arXiv 2510.16028) or NAO's bounds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

import numpy as np
from pydantic import Field

from chain.units import Share
from nodes.adversaries.inference.answers import AnswerBehaviour
from nodes.effects import Execute, Note, Steps
from nodes.models.noise import deviation
from nodes.models.tensors import Tensor, changed, same
from nodes.records import Perturbed

HALVINGS = 30
"""Steps in the search for the largest lie that passes."""


class ThresholdHugger(AnswerBehaviour):
    """Push the output towards another decision as far as the comparator lets it.

    It runs the right model, so that it saves nothing: it wants the answer wrong. Under bitwise comparison there is
    no room, and it stays honest.
    """

    kind: ClassVar[str] = "threshold_hugger"
    defeats: ClassVar[str] = "every tolerance, by as much as it tolerates"
    stopped_by: ClassVar[str] = "nothing; a tighter tolerance bounds the damage"
    shows_in: ClassVar[str] = "mean_output_deviation"
    perturbs: ClassVar[bool] = True

    margin: Share = Field(default=0.1, description="share of the room that it leaves, for honest noise of verifiers")

    def cheat(self, effect: Execute) -> Steps:
        """The honest output, pushed."""
        execution = yield effect
        clean = execution.output
        pushed = changed(clean, self.pushed)
        if same(pushed, clean):
            return execution
        yield self.cheated("answer", effect.task)
        yield Note(Perturbed(self._situation.me.name, effect.task, deviation(clean, pushed)))
        return replace(execution, output=pushed)

    def pushed(self, clean: Tensor) -> Tensor:
        """The tensor that is as wrong as passes, less the margin; of whole numbers and text nothing else passes."""
        comparator = self._situation.comparator
        if comparator is None or clean.dtype.kind != "f":
            return clean
        push = towards_the_runner_up(clean)
        reach = largest(lambda t: comparator.equal(clean, clean + clean.dtype.type(t) * push))
        pushed: Tensor = clean + clean.dtype.type(reach * (1 - self.margin)) * push
        return pushed


def towards_the_runner_up(clean: Tensor) -> Tensor:
    """What makes the largest and the second largest finite entry change places; negates one that is alone."""
    push = np.zeros_like(clean)
    flat, values = push.reshape(-1), clean.reshape(-1)
    order = np.argsort(np.where(np.isfinite(values), values, -np.inf), kind="stable")
    order = order[np.isfinite(values[order])]
    if len(order) < 2:
        flat[order] = -2 * values[order]
        return push
    second, first = order[-2:]
    flat[first], flat[second] = values[second] - values[first], values[first] - values[second]
    return push


def largest(passes: Callable[[float], bool]) -> float:
    """The largest t in [0, 1] up to which everything passes, found by halving; 0 if nothing does."""
    if passes(1.0):
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if passes(middle) else (low, middle)
    return low
