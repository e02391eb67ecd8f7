"""Multilayer perceptron on standardised features, with an early exit after the first hidden layer."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import nn

from nodes.models.train.graph import Graph
from nodes.models.train.recipe import Data, Network

FARTHEST = 4.0
"""Standard deviations from the mean beyond which a feature counts no further."""


class Mlp(Network):
    """ReLU layers of the given widths, between standardised features and as many logits as there are classes."""

    mean: torch.Tensor
    scale: torch.Tensor

    def __init__(self, data: Data, hidden: list[int]) -> None:
        super().__init__()
        widths = [data.inputs.shape[1], *hidden]
        self.hidden = nn.ModuleList(nn.Linear(before, after) for before, after in pairwise(widths))
        self.last = nn.Linear(hidden[-1], len(data.classes))
        self.exit = nn.Linear(hidden[0], len(data.classes))
        self.register_buffer("mean", torch.tensor(data.inputs.mean(axis=0)))
        self.register_buffer("scale", torch.tensor(1 / np.maximum(data.inputs.std(axis=0), 1e-3)))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """[batch, features] to logits [batch, classes]."""
        x = ((x - self.mean) * self.scale).clamp(-FARTHEST, FARTHEST)
        states = []
        for layer in self.hidden:
            x = torch.relu(layer(x))
            states.append(x)
        return self.last(x), self.exit(states[0])

    def write(self, graph: Graph, early: bool) -> str:
        """As `forward`."""
        x = graph.op("Sub", "input", graph.constant(self.mean))
        x = graph.op("Mul", x, graph.constant(self.scale))
        x = graph.op("Clip", x, *(graph.constant(torch.tensor(bound)) for bound in (-FARTHEST, FARTHEST)))
        for layer in self.hidden[:1] if early else self.hidden:
            x = graph.op("Relu", graph.linear(x, layer))
        return graph.linear(x, self.exit if early else self.last)
