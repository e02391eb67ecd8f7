"""Delegation: shares of a bond, slashes that reach everybody behind it, no way out between a fraud and its proof."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.quantities import OPG
from tests.contracts_world import FULL, INFERENCE, event, reason
from tests.economy_world import ECONOMY, PROTOCOL, UNBONDING, EconomyWorld

BOND = 10_000 * OPG


@pytest.fixture
def world() -> EconomyWorld:
    """`ann` runs a node with as much of `del`'s OPG behind it as of her own; `bob` runs another."""
    world = EconomyWorld()
    world.node("ann")
    world.node("bob")
    world.delegate("del", "ann", BOND)
    return world


def test_a_delegation_makes_the_nodes_bond_larger(world: EconomyWorld) -> None:
    assert world.read("Staking.stakeOf", world.address("ann")) == 2 * BOND
    assert world.value("ann", "ann") == world.value("ann", "del") == BOND
    assert world.read("Staking.isActiveAs", world.address("ann"), INFERENCE)


def test_a_slash_takes_the_same_part_of_all_shares_and_of_what_unbonds(world: EconomyWorld) -> None:
    world.ok("del", "Staking.undelegate", world.address("ann"), BOND // 2)
    assert world.slash("ann", BOND) == BOND  # half of 20,000
    assert world.value("ann", "ann") == BOND // 2
    assert world.value("ann", "del") == BOND // 4
    ((left, _),) = world.read("Staking.unbondingsOf", world.address("del"))
    assert left == BOND // 4
    assert world.read("Staking.slashableOf", world.address("ann")) == BOND


@pytest.mark.parametrize("way", ["undelegate", "redelegate"])
def test_nobody_escapes_by_leaving_between_a_fraud_and_its_proof(world: EconomyWorld, way: str) -> None:
    to = [world.address("bob")] if way == "redelegate" else []
    world.ok("del", f"Staking.{way}", world.address("ann"), *to, BOND)
    early = world.now + UNBONDING - 1
    assert world.at(early).fails("del", "Staking.withdraw").error == "NothingToWithdraw"
    assert world.slash("ann", 2 * BOND) == 2 * BOND
    world.ok("del", "Staking.withdraw")
    assert world.balance("del") == world.value("bob", "del") == 0


@pytest.mark.parametrize("way", ["undelegate", "redelegate"])
def test_with_an_unbonding_period_shorter_than_the_proof_takes_everybody_does(way: str) -> None:
    world = EconomyWorld(protocol=replace(PROTOCOL, unbonding_s=100, expiry_s=100))
    world.node("ann")
    world.node("bob")
    world.delegate("del", "ann", BOND)
    to = [world.address("bob")] if way == "redelegate" else []
    world.ok("del", f"Staking.{way}", world.address("ann"), *to, BOND)
    world.later(100).ok("del", "Staking.withdraw")
    assert world.slash("ann", 2 * BOND) == BOND
    assert world.balance("del") + world.value("bob", "del") == BOND


def test_who_redelegates_arrives_after_the_unbonding_period(world: EconomyWorld) -> None:
    world.ok("del", "Staking.redelegate", world.address("ann"), world.address("bob"), BOND)
    receipt = world.later(UNBONDING).ok("anyone", "Staking.release", world.address("del"))
    assert event(receipt, "Arrived")["amount"] == BOND
    assert world.value("bob", "del") == BOND
    assert world.balance("del") == 0


@pytest.mark.parametrize("why", ["no room", "gone", "too little"])
def test_what_cannot_arrive_goes_to_its_owner(world: EconomyWorld, why: str) -> None:
    amount = ECONOMY.min_delegation - 1 if why == "too little" else BOND
    world.ok("del", "Staking.redelegate", world.address("ann"), world.address("bob"), amount)
    if why == "no room":
        world.ok("bob", "Staking.setCapacity", BOND)
    if why == "gone":
        world.slash("bob", BOND)
    world.later(UNBONDING).ok("del", "Staking.withdraw")
    assert world.balance("del") == amount
    assert world.value("bob", "del") == 0


def test_a_bond_that_was_slashed_to_nothing_takes_nothing_more(world: EconomyWorld) -> None:
    world.slash("ann", 2 * BOND)
    world.give("ann", BOND)
    assert world.fails("ann", "Staking.stake", FULL, BOND).error == "PoolIsGone"
    assert world.fails("del", "Staking.delegate", world.address("ann"), BOND).error == "NotANode"
    assert world.fails("del", "Staking.undelegate", world.address("ann"), 1).error == "InsufficientBond"


def test_new_shares_of_what_unbonds_do_not_mix_with_those_that_are_worth_nothing() -> None:
    """All left, all of it was slashed: the node may come back, once those who left have been told."""
    world = EconomyWorld()
    world.node("ann")
    world.allow("ann")
    world.ok("ann", "Staking.unbond", BOND)
    assert world.slash("ann", BOND) == BOND
    world.give("ann", BOND)
    assert world.fails("ann", "Staking.stake", INFERENCE, BOND).error == "PoolIsGone"
    world.later(UNBONDING).ok("anyone", "Staking.release", world.address("ann"))
    world.ok("ann", "Staking.stake", INFERENCE, BOND)
    world.ok("ann", "Staking.unbond", BOND)
    world.later(UNBONDING).ok("ann", "Staking.withdraw")
    assert world.balance("ann") == BOND


def test_shares_cannot_be_made_expensive_by_a_gift(world: EconomyWorld) -> None:
    """The attack on vaults whose first depositor owns one share and gives the vault the rest."""
    world.give("thief", BOND)
    world.ok("thief", "OPG.transfer", world.chain.address_of("Staking"), BOND)
    world.delegate("late", "ann", BOND)
    assert world.value("ann", "late") == BOND


@pytest.mark.parametrize(("left", "gone"), [(2**10, False), (1, True)])
def test_a_heavily_slashed_bond_refuses_what_it_could_not_count(left: int, gone: bool) -> None:
    """Shares are counted in 208 bits: where one is worth less than 2^-64 wei, there are no more of them."""
    world = EconomyWorld()
    world.node("ann")
    world.slash("ann", BOND - left)
    world.give("del", BOND)
    world.allow("del")
    receipt = world.send("del", "Staking.delegate", world.address("ann"), BOND)
    assert (reason(receipt) == "PoolIsGone") is gone


def test_bounds(world: EconomyWorld) -> None:
    ann = world.address("ann")
    world.give("del", BOND)
    assert world.fails("del", "Staking.delegate", ann, ECONOMY.min_delegation - 1).error == "DelegationTooSmall"
    world.ok("ann", "Staking.setCapacity", 3 * BOND - 1)
    assert world.fails("del", "Staking.delegate", ann, BOND).error == "NoRoom"
    world.ok("ann", "Staking.setCapacity", 3 * BOND)
    world.ok("del", "Staking.delegate", ann, BOND)
    world.ok("ann", "Staking.setCommission", 5_000)
    assert world.fails("ann", "Staking.setCommission", 5_001).error == "CommissionTooHigh"
    assert world.fails("del", "Staking.setCommission", 1).error == "NotANode"
    assert world.fails("del", "Staking.setCapacity", 1).error == "NotANode"
    assert world.fails("del", "Staking.delegate", world.address("del"), BOND).error == "NotANode"
    assert world.fails("del", "Staking.redelegate", ann, world.address("nobody"), 1).error == "NotANode"
    assert world.fails("del", "Staking.redelegate", ann, ann, 1).error == "SameNode"
    assert world.fails("del", "Staking.undelegate", ann, 0).error == "ZeroAmount"
    assert world.fails("del", "Staking.undelegate", ann, 2 * BOND + 1).error == "InsufficientBond"
    for _ in range(16):
        world.ok("del", "Staking.undelegate", ann, 1)
    assert world.fails("del", "Staking.undelegate", ann, 1).error == "TooManyUnbondings"
    assert world.fails("del", "Staking.slash", ann, 1, ann, 0, bytes(32)).error == "AccessControlUnauthorizedAccount"


def drawn_at(world: EconomyWorld, time: int) -> dict[str, int]:
    """Weight in a draw for what was posted then."""
    return dict(zip(*world.read("Staking.activeNodesSince", INFERENCE, time), strict=True))


def test_what_is_put_behind_a_node_after_a_post_neither_counts_in_its_draw_nor_keeps_it_out(
    world: EconomyWorld,
) -> None:
    """Else who knows a seed could make its nodes heavier, and who fears a node could put a little behind it."""
    ann, posted_at = world.address("ann"), world.now
    world.later(10).tick()
    before = drawn_at(world, posted_at)[ann]
    world.delegate("poster", "ann", ECONOMY.min_delegation)
    assert drawn_at(world, posted_at)[ann] == before
    assert drawn_at(world, world.now)[ann] == before + ECONOMY.min_delegation
    world.ok("poster", "Staking.undelegate", ann, ECONOMY.min_delegation)
    assert drawn_at(world, posted_at)[ann] == before


def test_what_a_slash_or_a_departure_took_since_counts_no_more(world: EconomyWorld) -> None:
    ann, posted_at = world.address("ann"), world.now
    world.delegate("late", "ann", BOND)
    bond = world.read("Staking.stakeOf", ann)
    world.slash("ann", bond // 2)
    assert drawn_at(world, posted_at)[ann] == (bond - BOND) // 2
    world.ok("del", "Staking.undelegate", ann, world.value("ann", "del"))
    assert drawn_at(world, posted_at)[ann] == world.read("Staking.stakeOf", ann) < (bond - BOND) // 2 + BOND


def test_who_was_no_member_then_is_none_by_what_was_put_behind_it_since(world: EconomyWorld) -> None:
    """And who stakes for itself is left out of draws under way, as under plain staking."""
    world.node("tiny", PROTOCOL.min_stake_inference)
    world.ok("tiny", "Staking.unbond", 1)
    posted_at = world.now
    world.delegate("friend", "tiny", ECONOMY.min_delegation)
    assert world.address("tiny") not in drawn_at(world, posted_at)
    assert world.address("tiny") in drawn_at(world, world.now)
    world.node("ann", 1_000 * OPG)
    assert world.address("ann") not in drawn_at(world, posted_at)


def test_views_of_the_past_do_not_speak_of_now(world: EconomyWorld) -> None:
    ann, delegator = world.address("ann"), world.address("del")
    world.tick()
    joined = world.now
    world.delegate("del", "ann", BOND)
    assert world.read("Staking.sharesBefore", ann, delegator, joined) == BOND
    assert world.read("Staking.sharesBefore", ann, delegator, world.now) == BOND
    world.tick()
    assert world.read("Staking.sharesBefore", ann, delegator, world.now) == 2 * BOND
    assert world.read("Staking.totalSharesBefore", ann, world.now) == 3 * BOND


@settings(max_examples=15, deadline=None)
@given(
    bond=st.integers(1_000 * OPG, 10**6 * OPG),
    slashed=st.integers(1, 999 * OPG),
    joins=st.integers(100 * OPG, 10**6 * OPG),
    part=st.integers(1, 10**9),
)
def test_no_rounding_is_for_who_acts(bond: int, slashed: int, joins: int, part: int) -> None:
    world = EconomyWorld()
    world.node("ann", bond)
    world.slash("ann", slashed)
    before = world.value("ann", "ann")
    world.delegate("del", "ann", joins)
    assert joins - 1 <= world.value("ann", "del") <= joins
    leaves = max(1, world.value("ann", "del") * part // 10**9)
    world.ok("del", "Staking.undelegate", world.address("ann"), leaves)
    if rest := world.value("ann", "del"):
        world.ok("del", "Staking.undelegate", world.address("ann"), rest)
    world.later(UNBONDING).ok("del", "Staking.withdraw")
    assert joins - 3 <= world.balance("del") <= joins
    assert before <= world.value("ann", "ann") <= before + 3


@pytest.mark.parametrize("delegated", [0, 9])
def test_a_node_does_not_take_its_delegators_stake_by_denouncing_itself(delegated: int) -> None:
    """Half of a slash goes to who proves the fraud, but no more than the node itself loses: with nine tenths of its
    bond delegated, a node would else lose 1,000 OPG and get 5,000 under another name."""
    world = EconomyWorld(protocol=replace(PROTOCOL, bounty_share_bps=5_000))
    world.node("ann")
    if delegated:
        world.delegate("del", "ann", delegated * BOND)
    batch = world.post_one("ann", OPG, "wrong")
    told = world.answer("ann", batch.claims[0], output_hash=bytes(32))
    before = world.value("ann", "ann") + world.balance("alias")
    world.ok("alias", "Settlement.proveEquivocation", batch.id, batch.opening(0), *told)
    world.ok("auditor", "Settlement.settle", batch.id, 0, 0, batch.openings(0), batch.charges)
    slash = (1 + delegated) * BOND // 10
    assert world.balance("alias") == min(slash // 2, BOND // 10)
    assert world.value("ann", "ann") + world.balance("alias") <= before
    assert world.balance("Settlement") == world.read("Settlement.escrowOf", world.address("payer"))
