"""Inference nodes that answer with what is old: an answer given before, or a model since replaced."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field, PrivateAttr

from nodes.adversaries.inference.answers import AnswerBehaviour, VariantBehaviour
from nodes.adversaries.inference.moments import Cheaper
from nodes.effects import Execute, Steps
from nodes.models.execution import Execution
from nodes.models.tensors import TEXT, Tensor, parts

Answers = list[tuple[np.ndarray, np.ndarray]]
"""Inputs, flat, and the outputs given to them."""


class CacheReplay(AnswerBehaviour):
    """Give an old answer to an input that resembles an earlier one.

    An answer to the very same input is right, and no fraud: only that to a near one is recorded as such.
    """

    kind: ClassVar[str] = "cache_replay"
    defeats: ClassVar[str] = "checks that do not bind the input; argmax where near inputs have one label"
    stopped_by: ClassVar[str] = "re-execution on the client's own input, with a tolerance"
    shows_in: ClassVar[str] = "detection_rate"

    nearness: float = Field(
        default=0.5, ge=0, le=10, description="root mean square distance that it overlooks, over the input's spread"
    )
    kept: int = Field(default=256, ge=1, le=10_000, description="answers that it keeps for each model")
    _answers: dict[str, Answers] = PrivateAttr(default_factory=dict)

    def begin(self) -> None:
        """Nothing answered yet."""
        self._answers = {}

    def cheat(self, effect: Execute) -> Steps:
        """The answer to the nearest input so far, if that is near; else an honest one, to be kept."""
        answers = self._answers.setdefault(effect.model, [])
        value = numbers(effect.value)
        found = nearest(value, answers)
        if found is None or found[0] > self.nearness:
            execution = yield effect
            answers.append((value, execution.output))
            del answers[: -self.kept]
            return execution
        distance, output = found
        if distance > 0:
            yield self.cheated("answer", effect.task, f"an answer to an input {distance:.3g} away")
        return Execution(output.copy(), macs=0, cpu_s=0.0)


def numbers(value: Tensor) -> np.ndarray:
    """An input as one row of numbers; text counts by its characters."""
    rows = [np.ascontiguousarray(part) for part in parts(value)]
    numeric = [row.view(np.uint32) if row.dtype.kind == TEXT else row for row in rows]
    return np.concatenate([row.reshape(-1).astype(np.float64) for row in numeric])


def nearest(value: np.ndarray, answers: Answers) -> tuple[float, np.ndarray] | None:
    """The nearest input's distance, over the spread of `value`, and its output; ``None`` if there is none."""
    answers = [(known, output) for known, output in answers if known.shape == value.shape]
    if not answers:
        return None
    distances = np.sqrt(np.mean((np.stack([known for known, _ in answers]) - value) ** 2, axis=1))
    best = int(np.argmin(distances))
    return float(distances[best]) / (float(np.std(value)) or 1.0), answers[best][1]


class StaleModelVersion(VariantBehaviour):
    """Serve an older version of the model than the one that is registered.

    The zoo has one version of each model: a variant of it stands in for the older one.
    """

    kind: ClassVar[str] = "stale_model_version"
    defeats: ClassVar[str] = "strategies that do not bind the model's hash"
    stopped_by: ClassVar[str] = "a model registry, and re-execution of the registered version"
    shows_in: ClassVar[str] = "detection_rate"

    stands_in: Cheaper = Field(default="int8", description="variant that stands in for the older version")

    def substitute(self) -> str:
        """The older version."""
        return self.stands_in
