"""digits_cnn: which digit is on an 8 by 8 image, by a convolutional network."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn

from nodes.models.train.digits_mlp import digits
from nodes.models.train.graph import Graph
from nodes.models.train.recipe import Data, Network, Recipe

WHITE = 16.0
"""The largest value of a pixel."""


class Cnn(Network):
    """Three 3x3 convolutions, halving the image after the second and the third, with an exit after the first."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, 2 * channels, 3, padding=1)
        self.third = nn.Conv2d(2 * channels, 2 * channels, 3, padding=1)
        self.last = nn.Linear(2 * channels * 2 * 2, classes)
        self.exit = nn.Linear(channels * 4 * 4, classes)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """[batch, 1, 8, 8] to logits [batch, classes]."""
        x = torch.relu(self.first(x / WHITE))
        early = self.exit(nn.functional.max_pool2d(x, 2).flatten(1))
        x = nn.functional.max_pool2d(torch.relu(self.second(x)), 2)
        x = nn.functional.max_pool2d(torch.relu(self.third(x)), 2)
        return self.last(x.flatten(1)), early

    def write(self, graph: Graph, early: bool) -> str:
        """As `forward`."""
        x = graph.op("Div", "input", graph.constant(torch.tensor(WHITE)))
        x = graph.op("Relu", graph.convolution(x, self.first))
        if early:
            return graph.linear(graph.op("Flatten", graph.max_pool(x)), self.exit)
        x = graph.max_pool(graph.op("Relu", graph.convolution(x, self.second)))
        x = graph.max_pool(graph.op("Relu", graph.convolution(x, self.third)))
        return graph.linear(graph.op("Flatten", x), self.last)


def images() -> Data:
    """The digits of `digits_mlp`, with the same holdout, as images [n, 1, 8, 8]."""
    data = digits()
    return replace(
        data,
        inputs=data.inputs.reshape(-1, 1, 8, 8),
        holdout_inputs=data.holdout_inputs.reshape(-1, 1, 8, 8),
    )


RECIPE = Recipe(
    name="digits_cnn",
    summary="Which digit is on an 8x8 grey image.",
    task_kind="classification",
    metric="accuracy",
    data=images,
    full=lambda data: Cnn(16, len(data.classes)),
    small=lambda data: Cnn(4, len(data.classes)),
    epochs=25,
    learning_rate=4e-3,
    weight_decay=1e-2,
)
