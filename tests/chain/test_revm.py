"""What the chain in process does beyond the seam: a read is executed once for all who ask, until something changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chain.backends.revm import RevmChain
from chain.quantities import Timestamp
from tests.chain.test_chain_seam import ALICE, PROBE, mine, probe


class Counting(RevmChain):
    """Counts what the EVM executes."""

    executed = 0

    def _execute(self, action: Callable[[], bytes], writes: bool = True) -> object:  # type: ignore[override]
        self.executed += 1
        return super()._execute(action, writes)

    def reads(self, function: str = "total", *args: object) -> int:
        """How many executions a read takes."""
        before = self.executed
        self.read("Probe", function, *args)
        return self.executed - before


@pytest.fixture
def chain() -> Counting:
    found = Counting()
    found.deploy(PROBE, [5], ALICE, name="Probe")
    return found


def test_the_same_read_at_the_same_head_is_executed_once(chain: Counting) -> None:
    assert [chain.reads(), chain.reads(), chain.reads("both"), chain.reads("add", 1), chain.reads("add", 2)] == [
        *(1, 0, 1, 1, 1),
    ]
    assert [chain.reads("add", 1), chain.reads()] == [0, 0]


def jump(chain: Counting) -> None:
    """Let time pass with nothing in the block."""
    chain.mine([], Timestamp(chain.head[1] + 1000))


CHANGES: dict[str, Callable[[Counting], object]] = {
    "a block": lambda chain: mine(chain, probe("add", 1)),
    "time": jump,
    "a deployment": lambda chain: chain.deploy(PROBE, [5], ALICE, name="Another"),
    "a contract in place": lambda chain: chain.etch(ALICE, "BaseOPG"),
    "a reorg": lambda chain: mine(chain, probe("add", 1)) and chain.reads() and chain.reorg(1),
    "going back": lambda chain: chain.revert_to(chain.snapshot()),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_read_is_executed_anew_after(change: Callable[[Counting], object], chain: Counting) -> None:
    chain.reads()
    change(chain)
    assert chain.reads() == 1


def test_a_contract_that_was_taken_back_is_gone_whatever_is_mined_after(chain: Counting) -> None:
    point = chain.snapshot()
    address = chain.deploy(PROBE, [5], ALICE, name="Another")
    chain.revert_to(point)
    mine(chain, probe("add", 1))
    assert not chain._evm.get_code(address)
