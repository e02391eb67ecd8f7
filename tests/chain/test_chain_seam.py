"""What every implementation of `chain.seam.Chain` promises, and that they agree to the last unit of gas."""

from __future__ import annotations

from contextlib import ExitStack, closing
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chain.errors import CallReverted, RpcFailed
from chain.evm import compile as compiler
from chain.quantities import OPG, TOTAL_SUPPLY, Address, Gas, Timestamp
from chain.seam import DEFAULT_GAS_LIMIT, Block, Call, Chain, Revert
from tests.conftest import open_backend
from tests.source import ROOT

CONTRACTS = ROOT / "tests" / "contracts"
PROBE = str(CONTRACTS / "Probe")
"""An absolute path takes the place of a name among the committed artifacts."""

ALICE = Address("0x" + "a1" * 20)
BOB = Address("0x" + "b2" * 20)


def probe(function: str, *args: Any, sender: Address = ALICE, gas: int = DEFAULT_GAS_LIMIT) -> Call:
    return Call(sender, "Probe", function, args, Gas(gas))


def mine(chain: Chain, *calls: Call, after_s: int = 2) -> Block:
    return chain.mine(calls, Timestamp(chain.head[1] + after_s))


@pytest.fixture
def chain(any_chain: Chain) -> Chain:
    """Any chain, with a probe that counts from 5."""
    for account in (ALICE, BOB):
        any_chain.fund(account)
    any_chain.deploy(PROBE, [5], ALICE, name="Probe")
    return any_chain


def test_the_probe_is_compiled_from_its_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler, "CONTRACTS", CONTRACTS)
    assert compiler.compile_contracts() == {"Probe": (CONTRACTS / "Probe.json").read_text()}


class TestMining:
    def test_calls_of_many_senders_run_in_the_order_given(self, chain: Chain) -> None:
        senders = [ALICE, BOB, BOB, ALICE, BOB, ALICE, ALICE, BOB] * 2
        calls = [probe("add", amount, sender=sender, gas=200_000) for amount, sender in enumerate(senders, 1)]
        block = mine(chain, *calls)
        assert [receipt.call for receipt in block.receipts] == calls
        totals = [log.args["total"] for receipt in block.receipts for log in receipt.logs]
        assert totals == [5 + sum(range(1, n + 1)) for n in range(1, len(calls) + 1)]

    def test_a_block_carries_the_timestamp_given_and_contracts_see_it(self, chain: Chain) -> None:
        at = Timestamp(chain.head[1] + 86_400)
        block = chain.mine([probe("add", 1)], at)
        assert (block.number, block.timestamp) == chain.head == (2, at)
        assert chain.read("Probe", "changedAt") == at

    def test_a_timestamp_must_be_later_than_the_last(self, chain: Chain) -> None:
        with pytest.raises(RpcFailed, match="not later"):
            mine(chain, probe("add", 1), after_s=0)
        assert mine(chain, probe("add", 1), after_s=1).receipts[0].ok

    def test_a_block_may_be_empty(self, chain: Chain) -> None:
        assert mine(chain).receipts == ()
        assert chain.head[0] == 2

    def test_gas_limits_may_fill_a_block_and_no_more(self, chain: Chain) -> None:
        half = chain.block_gas_limit // 2
        with pytest.raises(RpcFailed, match="gas"):
            mine(chain, probe("add", 1, gas=half), probe("add", 1, gas=half + 1))
        assert len(mine(chain, probe("add", 1, gas=half), probe("add", 1, gas=half)).receipts) == 2

    def test_nonces_stay_right_after_a_block_was_refused(self, chain: Chain) -> None:
        with pytest.raises(RpcFailed):
            mine(chain, probe("add", 1, gas=100))  # less than any transaction needs
        assert mine(chain, probe("add", 1), probe("add", 1, sender=BOB)).gas_used > 0

    def test_gas_used_is_the_blocks_sum_and_within_each_limit(self, chain: Chain) -> None:
        block = mine(chain, probe("add", 1), probe("take", 10**6), probe("spin", gas=50_000))
        assert block.gas_used == sum(receipt.gas_used for receipt in block.receipts)
        assert all(21_000 < receipt.gas_used <= receipt.call.gas_limit for receipt in block.receipts)


class TestLogs:
    def test_indexed_and_plain_arguments_come_by_name(self, chain: Chain) -> None:
        (log,) = mine(chain, probe("add", 7, sender=BOB)).receipts[0].logs
        assert (log.contract, log.event) == ("Probe", "Added")
        assert log.args == {"by": BOB, "amount": 7, "total": 12}

    def test_arrays_structs_and_text_come_as_python_values(self, chain: Chain) -> None:
        path, spot = [bytes([n]) * 32 for n in range(3)], (9, BOB)
        (log,) = mine(chain, probe("shape", path, spot, "naïve")).receipts[0].logs
        assert log.args == {"path": tuple(path), "point": spot, "text": "naïve"}

    def test_an_event_belongs_to_the_contract_that_emitted_it(self, chain: Chain) -> None:
        chain.deploy(PROBE, [100], ALICE, name="Twin")
        block = mine(chain, probe("add", 1), Call(ALICE, "Twin", "add", (1,)))
        assert [(log.contract, log.args["total"]) for r in block.receipts for log in r.logs] == [
            ("Probe", 6),
            ("Twin", 101),
        ]


class TestReverts:
    def test_a_custom_error_comes_with_its_arguments(self, chain: Chain) -> None:
        receipt = mine(chain, probe("take", 6)).receipts[0]
        assert receipt.revert == Revert("ERC20InsufficientBalance", {"sender": ALICE, "balance": 5, "needed": 6})
        assert not receipt.ok
        assert receipt.logs == ()

    def test_the_reason_is_that_of_the_call_in_its_place_in_the_block(self, chain: Chain) -> None:
        block = mine(chain, probe("take", 4), probe("take", 4), probe("add", 9), probe("take", 99))
        assert [receipt.ok for receipt in block.receipts] == [True, False, True, False]
        balances = [receipt.revert.args["balance"] for receipt in block.receipts if receipt.revert]
        assert balances == [1, 10]

    @pytest.mark.parametrize(
        ("call", "revert"),
        [
            (probe("refuse"), Revert("Error", {"reason": "because"})),
            (probe("refuseSilently"), Revert("Unknown", {"data": "0x"})),
            (probe("divide", 1, 0), Revert("Panic", {"code": 0x12})),
            (probe("spin", gas=60_000), Revert("OutOfGas", {})),
            (probe("add", 1, gas=22_000), Revert("OutOfGas", {})),
        ],
        ids=lambda value: value.error if isinstance(value, Revert) else value.function,
    )
    def test_every_way_to_fail_is_told_apart(self, chain: Chain, call: Call, revert: Revert) -> None:
        receipt = mine(chain, call).receipts[0]
        assert receipt.revert == revert

    def test_a_revert_undoes_the_call_and_nothing_else(self, chain: Chain) -> None:
        mine(chain, probe("add", 1), probe("spin", gas=60_000), probe("add", 1))
        assert chain.read("Probe", "total") == 7


class TestReading:
    def test_one_result_is_bare_several_are_a_tuple_none_is_none(self, chain: Chain) -> None:
        at = mine(chain, probe("add", 1)).timestamp
        assert chain.read("Probe", "total") == 6
        assert chain.read("Probe", "both") == (6, at)
        assert chain.read("Probe", "point") == (6, chain.address_of("Probe"))
        assert chain.read("Probe", "nothing") is None

    def test_reading_changes_nothing(self, chain: Chain) -> None:
        before = chain.head
        chain.read("Probe", "add", 1)
        assert (chain.head, chain.read("Probe", "total")) == (before, 5)

    def test_a_read_that_reverts_raises_with_the_reason(self, chain: Chain) -> None:
        with pytest.raises(CallReverted) as caught:
            chain.read("Probe", "take", 6)
        assert caught.value.revert.args["needed"] == 6
        with pytest.raises(CallReverted, match=r"Probe\.divide reverted: Panic"):
            chain.read("Probe", "divide", 1, 0)

    def test_what_was_read_is_read_anew_after_everything_that_changes_it(self, chain: Chain) -> None:
        def total() -> Any:
            return chain.read("Probe", "total")

        point, seen = chain.snapshot(), [total()]
        seen += [mine(chain, probe("add", 1)) and total()]
        seen += [chain.reorg(1) and total()]
        seen += [mine(chain, probe("add", 2)) and total()]
        chain.revert_to(point)
        seen += [total()]
        chain.deploy(PROBE, [9], ALICE, name="Probe")
        seen += [total()]
        assert seen == [5, 6, 5, 7, 5, 9]

    def test_an_unknown_contract_is_a_key_error(self, chain: Chain) -> None:
        with pytest.raises(KeyError):
            chain.read("Nobody", "total")
        with pytest.raises(KeyError):
            chain.address_of("Nobody")


class TestDeployment:
    def test_each_deployment_is_a_block_a_second_after_the_last(self, any_chain: Chain) -> None:
        start = any_chain.head
        for expected in (1, 2):
            any_chain.deploy(PROBE, [0], ALICE, name=f"Probe{expected}")
            assert any_chain.head == (start[0] + expected, start[1] + expected)
        assert any_chain.address_of("Probe1") != any_chain.address_of("Probe2")

    def test_a_constructor_that_reverts_says_why_and_leaves_the_chain_usable(self, any_chain: Chain) -> None:
        with pytest.raises(CallReverted, match="start too high"):
            any_chain.deploy(PROBE, [1000], ALICE, name="Probe")
        any_chain.deploy(PROBE, [999], ALICE, name="Probe")
        assert any_chain.read("Probe", "total") == 999

    def test_opg_balances_are_read_from_the_token(self, any_chain: Chain) -> None:
        any_chain.deploy("OPG", [ALICE], ALICE)
        mine(any_chain, Call(ALICE, "OPG", "transfer", (BOB, 3 * OPG)))
        assert any_chain.balance(BOB) == 3 * OPG
        assert any_chain.balance(ALICE) + any_chain.balance(BOB) == TOTAL_SUPPLY


class TestSnapshots:
    def test_a_revert_restores_state_height_time_and_nonces(self, chain: Chain) -> None:
        mine(chain, probe("add", 1))
        head, point = chain.head, chain.snapshot()
        mine(chain, probe("add", 10), probe("add", 10, sender=BOB))
        chain.revert_to(point)
        assert (chain.head, chain.read("Probe", "total")) == (head, 6)
        assert mine(chain, probe("add", 1), probe("add", 1, sender=BOB)).timestamp == head[1] + 2
        assert chain.read("Probe", "total") == 8

    def test_a_revert_undoes_deployments(self, chain: Chain) -> None:
        point = chain.snapshot()
        first = chain.deploy(PROBE, [1], ALICE, name="Twin")
        chain.revert_to(point)
        with pytest.raises(KeyError):
            chain.address_of("Twin")
        assert chain.deploy(PROBE, [1], ALICE, name="Twin") == first

    def test_a_snapshot_serves_once_and_takes_later_ones_with_it(self, chain: Chain) -> None:
        early, late = chain.snapshot(), chain.snapshot()
        chain.revert_to(early)
        for used in (early, late):
            with pytest.raises(RpcFailed, match="no snapshot"):
                chain.revert_to(used)

    def test_an_earlier_snapshot_outlives_a_later_one(self, chain: Chain) -> None:
        early = chain.snapshot()
        mine(chain, probe("add", 1))
        chain.revert_to(chain.snapshot())
        chain.revert_to(early)
        assert chain.read("Probe", "total") == 5


class TestReorgs:
    def test_orphaned_blocks_come_back_oldest_first_and_their_effects_are_gone(self, chain: Chain) -> None:
        kept = mine(chain, probe("add", 1))
        lost = (mine(chain, probe("add", 10)), mine(chain, probe("add", 100, sender=BOB), probe("take", 10**9)))
        head = chain.head
        assert chain.reorg(2) == lost
        assert (chain.head, chain.read("Probe", "total")) == (head, 6)
        assert chain.read("Probe", "changedAt") == kept.timestamp

    def test_orphaned_calls_can_be_mined_again(self, chain: Chain) -> None:
        block = mine(chain, probe("add", 1), probe("add", 2, sender=BOB), probe("take", 10**9))
        (lost,) = chain.reorg(1)
        again = mine(chain, *(receipt.call for receipt in lost.receipts))
        assert again.receipts == block.receipts
        assert again.timestamp == block.timestamp + 2

    def test_the_replacements_can_be_replaced(self, chain: Chain) -> None:
        mine(chain, probe("add", 1))
        chain.reorg(1)
        (empty,) = chain.reorg(1)
        assert (empty.number, empty.timestamp, empty.receipts) == (*chain.head, ())

    def test_depth_is_from_one_to_the_blocks_since_deployment(self, chain: Chain) -> None:
        for _ in range(3):
            mine(chain, probe("add", 1))
        for depth in (-1, 0, 4):
            with pytest.raises(ValueError, match="cannot replace"):
                chain.reorg(depth)
        assert len(chain.reorg(3)) == 3
        assert chain.read("Probe", "total") == 5

    def test_a_snapshot_below_the_fork_is_still_good(self, chain: Chain) -> None:
        mine(chain, probe("add", 1))
        head, point = chain.head, chain.snapshot()
        mine(chain, probe("add", 10))
        mine(chain, probe("add", 10))
        chain.reorg(2)
        mine(chain, probe("add", 3))
        chain.revert_to(point)
        assert (chain.head, chain.read("Probe", "total")) == (head, 6)


CALLS = st.one_of(
    st.builds(lambda n, who: probe("add", n, sender=who), st.integers(0, 2**255), st.sampled_from([ALICE, BOB])),
    st.builds(lambda n: probe("take", n), st.integers(0, 2**256 - 1)),
    st.builds(lambda gas: probe("spin", gas=gas), st.integers(30_000, 90_000)),
    st.builds(lambda gas: probe("add", 1, gas=gas), st.integers(21_500, 60_000)),
    st.builds(
        lambda path, text: probe("shape", path, (0, BOB), text),
        st.lists(st.binary(min_size=32, max_size=32), max_size=3),
        st.text(max_size=40),
    ),
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("mine"), st.lists(CALLS, max_size=6)),
        st.tuples(st.just("reorg"), st.integers(1, 3)),
        st.tuples(st.just("snapshot"), st.none()),
        st.tuples(st.just("revert"), st.none()),
    ),
    max_size=8,
)


def take_step(chain: Chain, points: list[int], step: str, detail: Any) -> Any:
    """Carry out one step, and say all that can be seen of it."""
    seen: Any = None
    if step == "mine":
        seen = mine(chain, *detail)
    elif step == "snapshot":
        points.append(chain.snapshot())
    elif step == "revert" and points:
        chain.revert_to(points.pop())
    elif step == "reorg" and not points:  # a snapshot inside the replaced blocks is nobody's promise
        try:
            seen = chain.reorg(detail)
        except ValueError as error:
            seen = type(error)
    return seen, chain.head, chain.read("Probe", "both")


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS)
def test_all_backends_agree_on_receipts_gas_logs_and_state(steps: list[tuple[str, Any]]) -> None:
    with ExitStack() as stack:
        chains = [stack.enter_context(closing(open_backend(name))) for name in ("anvil", "revm")]
        assert len({chain.deploy(PROBE, [5], ALICE, name="Probe") for chain in chains}) == 1
        points: list[list[int]] = [[], []]
        for step, detail in steps:
            one, other = (take_step(chain, kept, step, detail) for chain, kept in zip(chains, points, strict=True))
            assert one == other


def test_a_reorg_gives_a_written_word_back_as_it_was_before(any_chain: Chain) -> None:
    place, supply = Address("0x" + "77" * 20), 2
    any_chain.etch(place, "BaseOPG")
    start = any_chain.head[1]
    any_chain.write(place, {supply: 5})
    for number in (1, 2):
        any_chain.mine([], Timestamp(start + number))
    any_chain.write(place, {supply: 7})
    any_chain.mine([], Timestamp(start + 3))
    assert any_chain.read("BaseOPG", "totalSupply") == 7
    any_chain.reorg(2)
    assert any_chain.read("BaseOPG", "totalSupply") == 5
