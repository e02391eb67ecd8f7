"""The transfers that our chain path and verbs both play."""

from __future__ import annotations

import pytest

from chain.quantities import OPG
from simnet.bench.peers import ACCOUNTS, PER_BLOCK, has_verbs, through_ours, through_verbs, transfers

FEW = 2 * PER_BLOCK
"""Every account pays twice."""


def test_every_transfer_arrives() -> None:
    blocks = transfers(FEW)
    expected = dict.fromkeys(ACCOUNTS, OPG)
    for block in blocks:
        for sender, to, amount in block:
            expected[sender] -= amount
            expected[to] += amount
    _, balances = through_ours(blocks)
    supply = 1_000_000_000 * OPG
    assert balances[1:] == list(expected.values())[1:]
    assert sum(balances) == supply


@pytest.mark.skipif(not has_verbs(), reason="verbs is not installed")
def test_verbs_ends_with_the_same_balances() -> None:
    blocks = transfers(FEW)
    assert through_verbs(blocks)[1] == through_ours(blocks)[1]
