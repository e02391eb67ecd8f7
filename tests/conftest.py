"""Chains for tests: each test that asks for one gets a chain of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from chain.anvil import AnvilChain
from chain.seam import Chain


def open_backend(name: str) -> Chain:
    """A fresh chain. Skips the test where that backend does not exist (pyrevm has no wheel for every Python)."""
    if name == "anvil":
        return AnvilChain()
    pytest.importorskip("pyrevm")
    from chain.revm import RevmChain

    return RevmChain()


@pytest.fixture(params=["anvil", "revm"])
def any_chain(request: pytest.FixtureRequest) -> Iterator[Chain]:
    """The test runs once on each backend."""
    with closing(open_backend(request.param)) as chain:
        yield chain


@pytest.fixture
def anvil() -> Iterator[AnvilChain]:
    """A chain on anvil."""
    with AnvilChain() as chain:
        yield chain
