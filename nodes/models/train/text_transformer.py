"""text_transformer: the next character of English technical prose, by a small causal transformer.

The text is what scikit-learn says of its data sets and what Python says of its own language
(`pydoc_data.topics`), so another version of either gives another model.
"""

from __future__ import annotations

import pydoc_data.topics
import re
from importlib import resources

import numpy as np
import torch
from torch import nn

from nodes.models.train.graph import Graph
from nodes.models.train.ngram import Ngram
from nodes.models.train.recipe import Data, Network, Recipe

CONTEXT = 32
"""Characters that a prediction is made from."""

QUESTIONS = 2048
"""Holdout windows, evenly spaced over the holdout text."""

STRIDE = 3
"""Characters between the starts of two windows to learn from."""

HEADS = 4


class Block(nn.Module):  # type: ignore[misc]  # torch has no types here
    """Causal self-attention and a feed-forward layer, each normalised before and added to its input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.query, self.key, self.value, self.merge = (nn.Linear(width, width) for _ in range(4))
        self.feed_norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[batch, context, width] to the same."""
        y = self.attention_norm(x)
        query, key, value = (
            layer(y).unflatten(-1, (HEADS, -1)).transpose(1, 2) for layer in (self.query, self.key, self.value)
        )
        y = nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.merge(y.transpose(1, 2).flatten(-2))
        return x + self.down(torch.relu(self.up(self.feed_norm(x))))

    def write(self, graph: Graph, x: str) -> str:
        """As `forward`."""
        y = graph.layer_norm(x, self.attention_norm)
        query, key, value = (self._heads(graph, graph.linear(y, part)) for part in (self.query, self.key, self.value))
        head_width = self.query.out_features // HEADS
        affinity = graph.op("MatMul", query, graph.op("Transpose", key, perm=[0, 1, 3, 2]))
        affinity = graph.op("Mul", affinity, graph.constant(torch.tensor(head_width**-0.5)))
        past = graph.constant(torch.full((CONTEXT, CONTEXT), -1e9).triu(1))
        weights = graph.op("Softmax", graph.op("Add", affinity, past), axis=-1)
        y = graph.op("Transpose", graph.op("MatMul", weights, value), perm=[0, 2, 1, 3])
        y = graph.op("Reshape", y, graph.constant(torch.tensor([0, CONTEXT, -1])))
        x = graph.op("Add", x, graph.linear(y, self.merge))
        y = graph.op("Relu", graph.linear(graph.layer_norm(x, self.feed_norm), self.up))
        return graph.op("Add", x, graph.linear(y, self.down))

    def _heads(self, graph: Graph, x: str) -> str:
        """[batch, context, width] to [batch, heads, context, width / heads]."""
        x = graph.op("Reshape", x, graph.constant(torch.tensor([0, CONTEXT, HEADS, -1])))
        return graph.op("Transpose", x, perm=[0, 2, 1, 3])


class Head(nn.Module):  # type: ignore[misc]
    """From the state of the network to the logits of the next character."""

    def __init__(self, width: int, symbols: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.logits = nn.Linear(width, symbols)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[batch, context, width] to [batch, context, symbols]."""
        return self.logits(self.norm(x))

    def write(self, graph: Graph, x: str) -> str:
        """As `forward`, of the last position alone: [batch, symbols]."""
        last = graph.op("Gather", x, graph.constant(torch.tensor(CONTEXT - 1)), axis=1)
        return graph.linear(graph.layer_norm(last, self.norm), self.logits)


class Transformer(Network):
    """Embedded characters and positions, blocks, and a head; the early exit follows the first block."""

    def __init__(self, symbols: int, width: int, depth: int) -> None:
        super().__init__()
        self.characters = nn.Parameter(torch.randn(symbols, width) * 0.1)
        self.positions = nn.Parameter(torch.randn(CONTEXT, width) * 0.02)
        self.blocks = nn.ModuleList(Block(width) for _ in range(depth))
        self.last = Head(width, symbols)
        self.exit = Head(width, symbols)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Token ids [batch, context] to logits [batch, context, symbols]."""
        y = self.characters[x] + self.positions
        states = []
        for block in self.blocks:
            y = block(y)
            states.append(y)
        return self.last(y), self.exit(states[0])

    def write(self, graph: Graph, early: bool) -> str:
        """As `forward`, of the last position alone."""
        x = graph.op("Gather", graph.constant(self.characters), "input", axis=0)
        x = graph.op("Add", x, graph.constant(self.positions))
        for block in self.blocks[:1] if early else self.blocks:
            x = block.write(graph, x)
        return (self.exit if early else self.last).write(graph, x)


def paragraphs() -> list[str]:
    """The text, paragraph by paragraph, each once: lower case, printable ASCII, single spaces."""
    files = sorted(resources.files("sklearn.datasets.descr").iterdir(), key=lambda file: file.name)
    sources = [file.read_text("utf-8") for file in files if file.name.endswith(".rst")]
    sources += [pydoc_data.topics.topics[name] for name in sorted(pydoc_data.topics.topics)]
    found: dict[str, None] = {}
    for source in sources:
        for paragraph in re.split(r"\n\s*\n", source):
            found[re.sub(r"[^ -~]", "?", " ".join(paragraph.lower().split()))] = None
    return [paragraph for paragraph in found if paragraph]


def prose() -> Data:
    """Windows of text; every tenth stretch of twenty paragraphs is holdout."""
    learnt: list[str] = []
    held: list[str] = []
    for i, paragraph in enumerate(paragraphs()):
        (held if i // 20 % 10 == 9 else learnt).append(paragraph)
    text, holdout = "\n".join(learnt), "\n".join(held)
    classes = sorted({*text, *holdout})
    ids = np.array([classes.index(character) for character in text])
    windows = np.lib.stride_tricks.sliding_window_view(ids, CONTEXT + 1)[::STRIDE]
    ends = np.linspace(CONTEXT, len(holdout) - 1, QUESTIONS).astype(int)
    questions = [(holdout[end - CONTEXT : end], holdout[end]) for end in ends]
    baseline = min(Ngram(text, order, len(classes)).bits_per_character(questions) for order in range(4, 8))
    return Data(
        inputs=windows[:, :-1],
        labels=windows[:, 1:],
        holdout_inputs=np.array([[classes.index(character) for character in context] for context, _ in questions]),
        holdout_labels=np.array([classes.index(character) for _, character in questions]),
        classes=classes,
        baseline=baseline,
    )


RECIPE = Recipe(
    name="text_transformer",
    summary="The next character of lower-case technical English, from the 32 before it.",
    task_kind="next_character",
    metric="bits_per_character",
    data=prose,
    full=lambda data: Transformer(len(data.classes), width=64, depth=3),
    small=lambda data: Transformer(len(data.classes), width=32, depth=1),
    epochs=2,
    learning_rate=6e-3,
    weight_decay=0.05,
)
