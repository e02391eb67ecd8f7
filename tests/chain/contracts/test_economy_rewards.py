"""Rewards: the schedule, who gets what, and what does not drain them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chain.economy import MONTH
from chain.hashing import keccak
from chain.quantities import OPG
from tests.contracts_world import event
from tests.economy_world import ECONOMY, UNBONDING, EconomyWorld

BOND = 10_000 * OPG
FEES = 6_000_000 * OPG
"""So much that a fifth of it is more than an epoch's schedule: the cap does not bind."""

UNCAPPED = replace(ECONOMY, reward_cap_bps=10**9, max_reward_cap_bps=10**9)
POT = 100_000_000 * OPG // 96


@pytest.fixture
def world() -> EconomyWorld:
    world = EconomyWorld()
    for node in ("ann", "bob"):
        world.node(node)
    world.delegate("del", "ann", BOND)
    world.next_epoch()  # so that everybody is there when the next one begins
    return world


def claimed(world: EconomyWorld, node: str, who: str) -> int:
    upto = world.read("Rewards.closed")
    receipt = world.ok("anyone", "Rewards.claim", world.address(node), world.address(who), upto)
    return int(event(receipt, "Claimed")["amount"])


def test_the_schedule_is_linear_and_comes_to_all_of_it() -> None:
    world = EconomyWorld()
    months = [world.read("Rewards.scheduled", epoch) for epoch in range(100)]
    assert sum(months) == 100_000_000 * OPG
    assert max(months) - min(months[:96]) <= 1
    assert round(months[0] / OPG) == 1_041_667
    assert months[96:] == [0, 0, 0, 0]


def test_an_epoch_is_split_by_verified_work_then_by_shares(world: EconomyWorld) -> None:
    world.ok("ann", "Staking.setCommission", 1_000)
    world.next_epoch()
    world.work("ann", 3 * FEES, "a")
    world.work("bob", FEES, "b")
    world.next_epoch()
    pot = world.read("Rewards.epochOf", 2)[0]
    assert pot in (POT, POT + 1)
    of_ann = pot * 3 // 4
    commission = of_ann // 10
    assert claimed(world, "ann", "ann") == commission + (of_ann - commission) // 2
    assert claimed(world, "ann", "del") == (of_ann - commission) // 2
    assert claimed(world, "bob", "bob") == pot // 4
    assert 0 <= world.balance("Rewards") - (100_000_000 * OPG - pot) <= 3


def test_each_epoch_is_paid_once(world: EconomyWorld) -> None:
    world.work("ann", FEES, "a")
    ann = world.address("ann")
    assert claimed(world, "ann", "ann") == 0  # for the first epoch
    world.next_epoch()
    assert claimed(world, "ann", "ann") > 0
    assert world.fails("ann", "Rewards.claim", ann, ann, 2).error == "NothingToClaim"
    assert world.fails("ann", "Rewards.claim", ann, ann, 2**200).error == "NothingToClaim"


def test_who_comes_within_an_epoch_gets_nothing_of_it_and_who_leaves_loses_nothing(world: EconomyWorld) -> None:
    world.work("ann", FEES, "a")
    world.delegate("late", "ann", 100 * BOND)
    world.ok("del", "Staking.undelegate", world.address("ann"), BOND)
    world.next_epoch()
    assert claimed(world, "ann", "late") == 0
    assert claimed(world, "ann", "del") == claimed(world, "ann", "ann") > 0


def test_a_commission_that_is_raised_within_an_epoch_does_not_count_for_it(world: EconomyWorld) -> None:
    world.work("ann", FEES, "a")
    world.ok("ann", "Staking.setCommission", 5_000)
    world.next_epoch()
    assert claimed(world, "ann", "del") == claimed(world, "ann", "ann")
    world.work("ann", FEES, "b")
    world.next_epoch()
    assert claimed(world, "ann", "ann") == pytest.approx(3 * claimed(world, "ann", "del"), rel=1e-9)


def test_to_split_a_stake_or_work_among_many_names_gains_nothing(world: EconomyWorld) -> None:
    names = [f"sybil {i}" for i in range(7)]
    for name in names:
        world.delegate(name, "bob", 1_000 * OPG + 7)
    world.delegate("one", "ann", 7 * (1_000 * OPG + 7))
    world.next_epoch()
    world.work("ann", FEES, "a")
    world.work("bob", FEES, "b")
    world.next_epoch()
    reward = world.read("Rewards.epochOf", 2)[0] // 2
    share = 7 * (1_000 * OPG + 7)
    assert sum(claimed(world, "bob", name) for name in names) <= reward * share // (BOND + share)


@pytest.mark.parametrize("fees", [1, 4, 100, 10_000 * OPG, FEES, 8 * FEES])
def test_who_asks_itself_gains_nothing_under_the_cap(fees: int) -> None:
    world = EconomyWorld()
    world.node("ann")
    world.next_epoch()
    world.give("ann", fees)
    before = world.balance("ann")
    world.allow("ann", "Settlement")
    world.ok("ann", "Settlement.deposit", fees)
    world.work("ann", fees, "self", client="ann")
    world.next_epoch()
    claimed(world, "ann", "ann")
    assert world.balance("ann") <= before


def test_without_the_cap_it_gains_all_that_is_emitted() -> None:
    world = EconomyWorld(UNCAPPED)
    world.node("ann")
    world.next_epoch()
    world.give("ann", 100 * OPG)
    before = world.balance("ann")
    world.allow("ann", "Settlement")
    world.ok("ann", "Settlement.deposit", 100 * OPG)
    world.work("ann", 100 * OPG, "self", client="ann")
    world.next_epoch()
    claimed(world, "ann", "ann")
    assert world.balance("ann") - before > POT - 21 * OPG


def test_what_the_cap_holds_back_is_the_treasurys(world: EconomyWorld) -> None:
    world.work("ann", 100 * OPG, "a")
    world.next_epoch()
    assert world.read("Rewards.epochOf", 1)[0] == 20 * OPG
    saved = world.read("Rewards.saved")
    assert saved == world.read("Rewards.scheduled", 0) + world.read("Rewards.scheduled", 1) - 20 * OPG
    assert world.fails("ann", "Rewards.spendSaved", world.address("ann"), 1).error == "AccessControlUnauthorizedAccount"
    world.decree("Rewards.spendSaved", world.address("ann"), saved)
    assert claimed(world, "ann", "ann") == 10 * OPG


def test_work_that_was_not_verified_or_was_rejected_counts_for_nothing(world: EconomyWorld) -> None:
    batch = world.post_one("ann", FEES, "wrong")
    world.ok("auditor", "Settlement.settle", batch.id, 1, 0, batch.openings(0), batch.charges)
    open_one = world.post_one("bob", FEES, "open")
    world.next_epoch()
    assert world.read("Rewards.epochOf", 1) == (0, 0)
    assert claimed(world, "ann", "ann") == claimed(world, "bob", "bob") == 0
    world.fails("bob", "Settlement.settle", open_one.id, 0, 0, [], [])


def test_no_epoch_is_closed_before_it_is_over_and_each_only_once() -> None:
    world = EconomyWorld()
    assert world.at(world.genesis + MONTH - 1).fails("anyone", "Rewards.close").error == "EpochNotOver"
    world.at(world.genesis + MONTH).ok("anyone", "Rewards.close")
    assert world.fails("anyone", "Rewards.close").error == "EpochNotOver"


def test_the_treasury_can_go_on_after_the_schedule_ends(world: EconomyWorld) -> None:
    while world.read("Rewards.closed") < 96:
        world.next_epoch()
    world.give("friend", 1_000 * OPG)
    world.allow("friend", "Rewards")
    world.ok("friend", "Rewards.endow", 1_000 * OPG)
    assert world.fails("friend", "Rewards.endow", 0).error == "ZeroAmount"
    world.work("bob", FEES, "b")
    world.next_epoch()
    assert claimed(world, "bob", "bob") == 1_000 * OPG


def test_a_claim_of_many_epochs_is_bounded(world: EconomyWorld) -> None:
    while world.read("Rewards.closed") < 130:
        world.next_epoch()
    bob = world.address("bob")
    assert event(world.ok("bob", "Rewards.claim", bob, bob, 130), "Claimed")["upTo"] == 128
    assert event(world.ok("bob", "Rewards.claim", bob, bob, 130), "Claimed")["upTo"] == 130


def test_a_delegators_reward_survives_the_slash_of_its_node(world: EconomyWorld) -> None:
    world.work("ann", FEES, "a")
    world.next_epoch()
    world.slash("ann", 2 * BOND)
    world.later(UNBONDING).tick()
    assert claimed(world, "ann", "del") > 0


def test_no_vote_sets_a_cap_under_which_asking_oneself_pays(world: EconomyWorld) -> None:
    assert world.fails("ann", "Rewards.setCap", 1).error == "AccessControlUnauthorizedAccount"
    world.decree("Rewards.setCap", 10_000)
    world.vote_in("liquidity", actions := [("Rewards", "setCap", (10_001,))])
    refused = world.later(1).fails("anyone", "OPGGovernor.execute", *world.calldatas(actions), keccak(b"a change"))
    assert refused.error == "CapTooHigh"
