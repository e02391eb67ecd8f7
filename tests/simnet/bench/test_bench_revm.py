"""What the in-process chain's speed is compared with does the same work."""

from __future__ import annotations

import pytest

pytest.importorskip("pyrevm")

from chain.quantities import OPG, Address, Timestamp, Wei
from chain.seam import Call
from simnet.bench.revm import Blocks, Recorder, least, seam
from simnet.cli.bench import REVM_SCENARIO
from simnet.scenario.load import load_scenario

RICH, POOR, OTHER = (Address(f"0x{0xA000 + n:040x}") for n in range(3))


def pay(sender: Address, to: Address, amount: int) -> Call:
    return Call(sender, "OPG", "transfer", (to, amount))


def test_pyrevms_own_part_leaves_the_same_state() -> None:
    calls = [pay(POOR, OTHER, 1), pay(RICH, POOR, 3 * OPG), pay(POOR, OTHER, OPG), pay(POOR, OTHER, 9 * OPG)]
    held: list[list[Wei]] = []
    for side in (seam, least):
        chain = Recorder(load_scenario(REVM_SCENARIO))
        chain.deploy("OPG", [RICH], RICH)
        later = Timestamp(chain.head[1] + 1)
        blocks: Blocks = [(calls, later), ([pay(OTHER, RICH, 1)], Timestamp(later + 1))]
        side(chain, blocks)
        held.append([chain.balance(account) for account in (RICH, POOR, OTHER)])
    assert held[0] == held[1]
    assert held[0][1:] == [2 * OPG, OPG - 1]
