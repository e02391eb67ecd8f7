"""Staking: bonds, roles, unbonding, jail and slashing."""

from __future__ import annotations

import pytest

from chain.errors import CallReverted
from chain.quantities import BURN_ADDRESS, OPG, TOTAL_SUPPLY
from chain.seam import Receipt
from tests.contracts_world import FULL, INFERENCE, PARAMETERS, STAKE, World, event, events

DAY = PARAMETERS.unbonding_s


@pytest.fixture
def world() -> World:
    """`judge` may slash; `ann` has an inference node's stake."""
    world = World(judge="judge")
    world.stake("ann")
    return world


def slash(world: World, amount: int, bounty_to: str | None = None, bounty: int = 0) -> Receipt:
    to = world.address(bounty_to) if bounty_to else "0x" + "00" * 20
    return world.ok("judge", "Staking.slash", world.address("ann"), amount, to, bounty, b"fraud".ljust(32, b"\0"))


def active(world: World, role: int = INFERENCE) -> list[str]:
    return list(world.read("Staking.activeNodes", role)[0])


def test_a_bond_below_the_minimum_does_not_make_a_node_active() -> None:
    world = World()
    world.stake("low", INFERENCE, PARAMETERS.min_stake_inference - 1)
    world.stake("enough", INFERENCE, PARAMETERS.min_stake_inference)
    world.stake("full", FULL, PARAMETERS.min_stake_full)
    world.stake("low full", FULL, PARAMETERS.min_stake_full - 1)
    assert active(world) == [world.address("enough")]
    assert active(world, FULL) == [world.address("full")]
    assert not world.read("Staking.isActive", world.address("low"))
    assert world.read("Staking.isActiveAs", world.address("full"), FULL)
    assert not world.read("Staking.isActiveAs", world.address("full"), INFERENCE)


def gas_of_a_list(world: World) -> int:
    """What a draw pays to learn who the full nodes are: Attested.isWithheld and every panel's lots do."""
    return world.send("anyone", "Staking.activeNodes", FULL).gas_used


def test_bonds_below_the_minimum_lengthen_no_list(world: World) -> None:
    world.stake("full", FULL)
    alone = gas_of_a_list(world)
    world.stake("dust", FULL, 1)
    world.stake("shrunk", FULL, PARAMETERS.min_stake_full)
    with_one_more = gas_of_a_list(world)
    world.ok("shrunk", "Staking.unbond", 1)
    assert gas_of_a_list(world) == alone < with_one_more
    world.give("shrunk", 1)
    world.ok("shrunk", "OPG.approve", world.chain.address_of("Staking"), 1)
    world.ok("shrunk", "Staking.stake", FULL, 1)
    assert active(world, FULL) == [world.address("full"), world.address("shrunk")]
    assert gas_of_a_list(world) == with_one_more


@pytest.mark.parametrize("amounts", [(0, 1), (1, 0)])
def test_there_is_a_minimum_for_each_role(world: World, amounts: tuple[int, int]) -> None:
    opg, deployer = world.chain.address_of("OPG"), world.address("deployer")
    with pytest.raises(CallReverted, match="ZeroAmount"):
        world.chain.deploy("Staking", [opg, *amounts, DAY], deployer)


def test_an_account_has_one_role_until_its_bond_is_gone(world: World) -> None:
    world.give("ann", STAKE)
    world.ok("ann", "OPG.approve", world.chain.address_of("Staking"), STAKE)
    assert world.fails("ann", "Staking.stake", FULL, STAKE).error == "RoleTaken"
    world.ok("ann", "Staking.unbond", STAKE)
    assert world.read("Staking.roleOf", world.address("ann")) == 0
    world.ok("ann", "Staking.stake", FULL, STAKE)
    assert active(world, FULL) == [world.address("ann")]


@pytest.mark.parametrize("role", [0, 3, 255])
def test_a_role_that_is_none_cannot_be_taken(world: World, role: int) -> None:
    assert world.fails("ann", "Staking.stake", role, 1).error == "NoSuchRole"


def test_nothing_can_be_staked_or_unbonded_for_nothing(world: World) -> None:
    assert world.fails("ann", "Staking.stake", INFERENCE, 0).error == "ZeroAmount"
    assert world.fails("ann", "Staking.unbond", 0).error == "ZeroAmount"
    assert world.fails("ann", "Staking.unbond", STAKE + 1).error == "InsufficientBond"


def test_unbonding_stake_is_released_after_the_period_and_not_before(world: World) -> None:
    started = world.now + 1
    world.ok("ann", "Staking.unbond", 30 * OPG)
    assert world.at(started + DAY - 1).fails("ann", "Staking.withdraw").error == "NothingToWithdraw"
    world.at(started + DAY).ok("ann", "Staking.withdraw")
    assert world.balance("ann") == 30 * OPG
    assert world.fails("ann", "Staking.withdraw").error == "NothingToWithdraw"


def test_a_withdrawal_takes_what_is_due_and_leaves_the_rest(world: World) -> None:
    for part in (1, 2, 4):
        world.later(100).ok("ann", "Staking.unbond", part * OPG)
    world.at(world.now + DAY - 100).ok("ann", "Staking.withdraw")
    assert world.balance("ann") == 3 * OPG
    assert [amount for amount, _ in world.read("Staking.unbondingsOf", world.address("ann"))] == [4 * OPG]


def test_so_many_unbondings_may_wait_and_no_more(world: World) -> None:
    for _ in range(16):
        world.ok("ann", "Staking.unbond", OPG)
    assert world.fails("ann", "Staking.unbond", OPG).error == "TooManyUnbondings"


def test_a_slash_is_burned_less_the_bounty(world: World) -> None:
    slashed = event(slash(world, 100 * OPG, "finder", 40 * OPG), "Slashed")
    assert slashed["amount"] == 100 * OPG
    assert slashed["burned"] == 60 * OPG
    assert world.balance("finder") == 40 * OPG
    assert world.balance(BURN_ADDRESS) == 60 * OPG
    assert world.read("OPG.totalSupply") == TOTAL_SUPPLY
    assert world.read("Staking.stakeOf", world.address("ann")) == STAKE - 100 * OPG


def test_a_slash_takes_no_more_than_there_is_and_the_bounty_no_more_than_the_slash(world: World) -> None:
    slashed = event(slash(world, 2 * STAKE, "finder", 3 * STAKE), "Slashed")
    assert slashed["amount"] == STAKE == world.balance("finder")
    assert world.balance(BURN_ADDRESS) == 0
    assert world.read("Staking.slashableOf", world.address("ann")) == 0


def test_a_slash_reaches_what_is_unbonding_after_the_bond(world: World) -> None:
    world.ok("ann", "Staking.unbond", 100 * OPG)
    world.ok("ann", "Staking.unbond", STAKE - 300 * OPG)
    slash(world, 250 * OPG)
    assert world.read("Staking.stakeOf", world.address("ann")) == 0
    assert world.read("Staking.slashableOf", world.address("ann")) == STAKE - 250 * OPG
    slash(world, STAKE - 310 * OPG)
    assert [amount for amount, _ in world.read("Staking.unbondingsOf", world.address("ann"))] == [60 * OPG]


def test_stake_that_may_leave_but_has_not_is_still_slashable(world: World) -> None:
    world.ok("ann", "Staking.unbond", STAKE)
    world.later(2 * DAY).tick()
    slash(world, STAKE)
    assert world.fails("ann", "Staking.withdraw").error == "NothingToWithdraw"


def test_what_has_been_withdrawn_cannot_be_slashed_and_nothing_is_said(world: World) -> None:
    world.ok("ann", "Staking.unbond", STAKE)
    world.later(DAY).ok("ann", "Staking.withdraw")
    receipt = world.send("judge", "Staking.slash", world.address("ann"), STAKE, world.address("x"), 1, b"fraud")
    assert receipt.ok
    assert events(receipt, "Slashed") == []


@pytest.mark.parametrize("who", ["ann", "deployer"])
def test_nobody_else_may_slash_or_jail(who: str) -> None:
    world = World()
    target, nobody = world.address("ann"), "0x" + "00" * 20
    refused = world.fails(who, "Staking.slash", target, 1, nobody, 0, b"fraud")
    assert refused.error == "AccessControlUnauthorizedAccount"
    assert world.fails(who, "Staking.jail", target, 1).error == "AccessControlUnauthorizedAccount"


def test_a_jailed_node_is_inactive_until_it_leaves_after_its_time(world: World) -> None:
    until = world.now + 600
    world.ok("judge", "Staking.jail", world.address("ann"), until)
    assert active(world) == []
    assert world.at(until - 1).fails("ann", "Staking.unjail").error == "StillJailed"
    world.at(until).ok("ann", "Staking.unjail")
    assert active(world) == [world.address("ann")]
    assert world.fails("ann", "Staking.unjail").error == "NotJailed"


def test_a_longer_sentence_stands(world: World) -> None:
    world.ok("judge", "Staking.jail", world.address("ann"), world.now + 600)
    shorter = event(world.ok("judge", "Staking.jail", world.address("ann"), world.now + 5), "Jailed")
    assert shorter["until"] > world.now + 500


def test_a_node_below_the_minimum_cannot_leave_jail_until_it_tops_up(world: World) -> None:
    world.ok("judge", "Staking.jail", world.address("ann"), world.now + 1)
    slash(world, STAKE - 10 * OPG)
    assert world.fails("ann", "Staking.unjail").error == "InsufficientBond"
    world.stake("ann", INFERENCE, PARAMETERS.min_stake_inference - 10 * OPG)
    world.ok("ann", "Staking.unjail")


def test_jail_outlasts_a_bond_that_was_taken_out(world: World) -> None:
    world.ok("judge", "Staking.jail", world.address("ann"), world.now + 600)
    world.ok("ann", "Staking.unbond", STAKE)
    world.stake("ann", FULL)
    assert active(world, FULL) == []


def test_whoever_raised_its_stake_since_is_left_out_of_a_draw_that_looks_back(world: World) -> None:
    world.stake("old", FULL)
    world.stake("grew", FULL)
    world.later(10).tick()
    then = world.now
    world.stake("grew", FULL, OPG)
    world.stake("new", FULL)
    nodes, stakes = world.read("Staking.activeNodesSince", FULL, then)
    assert (list(nodes), list(stakes)) == ([world.address("old")], [STAKE])
    assert len(active(world, FULL)) == 3
