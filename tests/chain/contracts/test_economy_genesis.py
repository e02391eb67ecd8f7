"""The genesis as it was published, and what becomes free when."""

from __future__ import annotations

import pytest

from chain.economy import ALLOCATIONS, MONTH, Allocation, vesting_name
from chain.quantities import OPG, TOTAL_SUPPLY
from tests.economy_world import HOLDERS, EconomyWorld

SHARES = {
    "ecosystem": 40,
    "foundation": 15,
    "core_contributors": 15,
    "investors": 10,
    "rewards": 10,
    "liquidity": 6,
    "airdrop": 4,
}
"""Percent of the supply, as posts that quote the foundation's page have it."""


@pytest.fixture(scope="module")
def world() -> EconomyWorld:
    return EconomyWorld()


def test_each_allocation_is_its_published_share_of_the_supply() -> None:
    assert {one.name: (one.at_once + one.vesting) * 100 / TOTAL_SUPPLY for one in ALLOCATIONS} == SHARES


def test_what_circulates_at_genesis_is_what_is_published() -> None:
    """About 190 million in mid-2026, three months after genesis: rewards apart, which nobody had claimed."""
    free = sum(one.vested(0) for one in ALLOCATIONS if one.name != "rewards")
    assert free == 190_000_000 * OPG
    assert sum(one.vested(60 * MONTH) for one in ALLOCATIONS) == TOTAL_SUPPLY


def test_the_genesis_is_all_there_is_and_the_deployer_keeps_nothing(world: EconomyWorld) -> None:
    assert world.balance("deployer") == 0
    assert world.balance("Timelock") == 40_000_000 * OPG
    assert world.balance("Rewards") == 100_000_000 * OPG
    assert world.holdings([]) == TOTAL_SUPPLY == world.read("OPG.totalSupply")


@pytest.mark.parametrize("one", [one for one in ALLOCATIONS if one.vesting], ids=lambda one: one.name)
def test_a_wallet_frees_what_the_schedule_says_and_nothing_before(one: Allocation) -> None:
    world = EconomyWorld()
    owner = "Timelock" if one.name == "ecosystem" else one.name
    before = world.balance(owner)
    release = f"{vesting_name(one)}.release(address)"
    begin = world.genesis + one.cliff_months * MONTH
    length = one.months * MONTH
    for after in (1, 2, 7 * MONTH + 3, length - 1, length):
        time = begin + after
        world.at(time).ok("anyone", release, world.chain.address_of("OPG"))
        assert world.balance(owner) - before == one.vested(time - world.genesis) - one.at_once
    assert world.balance(vesting_name(one)) == 0


def test_what_has_not_vested_has_no_votes(world: EconomyWorld) -> None:
    for name in HOLDERS:
        world.ok(name, "OPG.delegate", world.address(name))
        assert world.read("OPG.getVotes", world.address(name)) == world.balance(name)


def test_a_wallet_cannot_be_given_up_and_can_change_hands(world: EconomyWorld) -> None:
    wallet = vesting_name(next(one for one in ALLOCATIONS if one.name == "investors"))
    assert world.fails("investors", f"{wallet}.renounceOwnership").error == "WouldBeStuck"
    world.ok("investors", f"{wallet}.transferOwnership", world.address("heir"))
    assert world.read(f"{wallet}.owner") == world.address("heir")
