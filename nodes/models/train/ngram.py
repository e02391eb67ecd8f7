"""Interpolated n-gram model of characters, the baseline that a language model has to beat.

Witten and Bell's smoothing: how much an order is trusted grows with how often its context was seen and falls
with how many different characters followed it (Witten and Bell, IEEE Trans. Information Theory 37(4), 1991).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from math import log2


class Ngram:
    """Counts of what follows every context of up to `order` - 1 characters."""

    def __init__(self, text: str, order: int, symbols: int) -> None:
        self.symbols = symbols
        self.follows: list[dict[str, Counter[str]]] = []
        for length in range(order):
            counts: dict[str, Counter[str]] = defaultdict(Counter)
            for end in range(length, len(text)):
                counts[text[end - length : end]][text[end]] += 1
            self.follows.append(dict(counts))

    def probability(self, context: str, character: str) -> float:
        """Of `character` after `context`."""
        result = 1 / self.symbols
        for length, follows in enumerate(self.follows):
            seen = follows.get(context[len(context) - length :])
            if seen is None:
                break
            result = (seen[character] + len(seen) * result) / (seen.total() + len(seen))
        return result

    def bits_per_character(self, questions: Iterable[tuple[str, str]]) -> float:
        """Mean over pairs of a context and the character that follows it."""
        bits = [-log2(self.probability(context, character)) for context, character in questions]
        return sum(bits) / len(bits)
