"""What it takes to make one model of the zoo."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from nodes.models.train.graph import Graph


class Network(nn.Module):  # type: ignore[misc]  # torch has no types here
    """A network that can be trained, and written down as an ONNX graph."""

    @abstractmethod
    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits [batch, ..., classes] of the last layer, and of the early exit."""

    @abstractmethod
    def write(self, graph: Graph, early: bool) -> str:
        """Append the network to `graph`, up to the last layer or the early exit; the name of the logits."""


@dataclass(frozen=True)
class Data:
    """Examples to learn from, and others to measure on."""

    inputs: NDArray[np.generic]
    labels: NDArray[np.int64]
    holdout_inputs: NDArray[np.generic]
    holdout_labels: NDArray[np.int64]
    classes: list[str]
    baseline: float
    """What a predictor without a neural network scores on the holdout."""


@dataclass(frozen=True)
class Recipe:
    """One model: its data, its networks and how they are trained."""

    name: str
    summary: str
    task_kind: str
    metric: str
    data: Callable[[], Data]
    full: Callable[[Data], Network]
    small: Callable[[Data], Network]
    """A network for the same task with far fewer multiply-accumulates."""
    epochs: int
    learning_rate: float
    weight_decay: float
    batch: int = 32
