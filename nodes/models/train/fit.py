"""Trains a network: AdamW on cross-entropy, one cosine cycle, everything drawn from a fixed seed."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from nodes.models.train.recipe import Data, Network, Recipe

EXIT_WEIGHT = 0.3
"""How much the early exit's loss counts against the last layer's."""


def fit(recipe: Recipe, network: Network, data: Data, progress: Callable[[str], None]) -> None:
    """Train `network` in place on the examples of `data`."""
    inputs, labels = torch.tensor(data.inputs), torch.tensor(data.labels)
    batches = len(inputs) // recipe.batch
    optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.learning_rate, total_steps=recipe.epochs * batches, pct_start=0.1
    )
    for epoch in range(recipe.epochs):
        order = torch.randperm(len(inputs))[: batches * recipe.batch].view(batches, recipe.batch)
        for step, chosen in enumerate(order):
            last, early = (cross_entropy(logits, labels[chosen]) for logits in network(inputs[chosen]))
            optimiser.zero_grad()
            (last + EXIT_WEIGHT * early).backward()
            optimiser.step()
            schedule.step()
            if step % 20 == 0:
                progress(f"epoch {epoch + 1} of {recipe.epochs}, {step / batches:.0%}, loss {last.item():.3f}")


def cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean over every prediction; `logits` [..., classes], `labels` [...]."""
    return nn.functional.cross_entropy(logits.flatten(0, -2), labels.flatten())
