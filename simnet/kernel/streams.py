"""Named random streams: each draws from a seed of its own, so that adding a node shifts nobody else's draws."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

import numpy as np

FIRST_BLOCK, LARGEST_BLOCK = 8, 256
"""Draws made at a time, first and at the most: one call into NumPy costs as much for one number as for a few hundred,
but most streams of a large run are asked for a few. How many are made at a time changes none of them."""


class Streams:
    """All random streams of a run, by name."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def generator(self, name: str) -> np.random.Generator:
        """A fresh generator at the start of the stream `name`; the same name gives the same draws."""
        key = np.frombuffer(hashlib.sha256(name.encode()).digest(), dtype=np.uint32)
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence([self.seed, *key.tolist()])))

    def secret(self, name: str) -> bytes:
        """32 bytes that belong to `name`: the seed of a key, a salt."""
        return hashlib.sha256(f"simnet/{self.seed}/{name}".encode()).digest()

    def uniforms(self, name: str) -> Iterator[float]:
        """Endless draws from [0, 1)."""
        return _endless(self.generator(name).random)

    def normals(self, name: str) -> Iterator[float]:
        """Endless standard normal draws."""
        return _endless(self.generator(name).standard_normal)

    def exponentials(self, name: str) -> Iterator[float]:
        """Endless exponential draws of mean 1."""
        return _endless(self.generator(name).standard_exponential)


def _endless(draw: Callable[[int], np.ndarray]) -> Iterator[float]:
    block = FIRST_BLOCK
    while True:
        yield from draw(block).tolist()
        block = min(2 * block, LARGEST_BLOCK)
