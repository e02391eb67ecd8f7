"""Governance: what a vote can change, what it cannot, and who has votes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chain.deploy import ADMIN_ROLE, SLASHER_ROLE
from chain.economy import CANCELLER_ROLE, PROPOSER_ROLE, EconomyParameters
from chain.hashing import keccak
from chain.quantities import OPG
from tests.contracts_world import event
from tests.economy_world import PROTOCOL, Action, EconomyWorld

RULES = EconomyParameters().rules
DEFEATED, QUEUED, EXECUTED = 3, 5, 7
"""States of a proposal, as OpenZeppelin's governor numbers them."""


@pytest.fixture
def world() -> EconomyWorld:
    """Under the rules that are the default. The holder of the liquidity, 6 % of the supply, has its own votes."""
    world = EconomyWorld(EconomyParameters())
    world.ok("liquidity", "OPG.delegate", world.address("liquidity"))
    world.tick()
    return world


def settings(**changes: Any) -> tuple[int, ...]:
    return replace(PROTOCOL, **changes).settlement


def change(**changes: Any) -> list[Action]:
    return [("Settlement", "setParameters", (settings(**changes),))]


def test_a_vote_changes_the_slash_share_and_the_next_fraud_costs_that_much(world: EconomyWorld) -> None:
    actions = change(slash_share_bps=2_500)
    world.vote_in("liquidity", actions)
    world.carry_out(actions)
    assert world.read("Settlement.slashShareBps") == 2_500
    world.node("cheat", 10_000 * OPG)
    batch = world.post_one("cheat", OPG, "wrong")
    receipt = world.ok("auditor", "Settlement.settle", batch.id, 1, 0, batch.openings(0), batch.charges)
    assert event(receipt, "Slashed")["amount"] == 2_500 * OPG


def test_every_parameter_that_the_protocol_leaves_open_can_be_changed(world: EconomyWorld) -> None:
    changes = {
        "slash_share_bps": 5_000,
        "slash_amount": OPG,
        "bounty_share_bps": 1_234,
        "verifier_share_bps": 3_000,
        "jail_period_s": 77,
        "withdrawal_delay_s": 78,
        "finality_delay_s": 79,
        "expiry_s": 80,
    }
    actions = change(**changes)
    world.vote_in("liquidity", actions)
    world.carry_out(actions)
    names: tuple[str, ...] = ("slashShareBps", "slashAmount", "bountyShareBps", "verifierShareBps")
    names += ("jailPeriod", "withdrawalDelay", "finalityDelay", "expiryDelay")
    assert [world.read(f"Settlement.{name}") for name in names] == list(changes.values())


@pytest.mark.parametrize(
    "poison",
    [
        {"slash_share_bps": 0},
        {"slash_share_bps": 99},
        {"slash_share_bps": 10_001},
        {"bounty_share_bps": 9_001},
        {"verifier_share_bps": 499},
        {"verifier_share_bps": 10_001},
        {"expiry_s": PROTOCOL.unbonding_s + 1},
        {"finality_delay_s": PROTOCOL.expiry_s},
    ],
    ids=str,
)
def test_no_vote_poisons_a_parameter(world: EconomyWorld, poison: dict[str, int]) -> None:
    actions = change(**poison)
    world.vote_in("liquidity", actions)
    world.later(RULES.timelock_s)
    refused = world.fails("anyone", "OPGGovernor.execute", *world.calldatas(actions), keccak(b"a change"))
    assert refused.error == "OutOfBounds"


def test_without_bounds_a_vote_makes_fraud_free() -> None:
    world = EconomyWorld(EconomyParameters(min_slash_share_bps=0))
    world.ok("liquidity", "OPG.delegate", world.address("liquidity"))
    actions = change(slash_share_bps=0)
    world.vote_in("liquidity", actions)
    world.carry_out(actions)
    world.node("cheat")
    batch = world.post_one("cheat", OPG, "wrong")
    receipt = world.ok("auditor", "Settlement.settle", batch.id, 1, 0, batch.openings(0), batch.charges)
    assert not [log for log in receipt.logs if log.event == "Slashed"]


def test_a_vote_replaces_the_verifier_and_open_batches_are_the_new_ones(world: EconomyWorld) -> None:
    world.node("ann")
    batch = world.post_one("ann", OPG, "open")
    actions: list[Action] = [("Settlement", "replaceVerifier", (world.address("judge"),))]
    world.vote_in("liquidity", actions)
    world.carry_out(actions)
    assert world.fails("auditor", "Settlement.settle", batch.id, 0, 0, [], []).error == "NotVerifier"
    world.ok("judge", "Settlement.settle", batch.id, 0, 0, [], [])


def test_a_vote_spends_the_treasury_and_nobody_else_does(world: EconomyWorld) -> None:
    actions: list[Action] = [("OPG", "transfer", (world.address("builder"), 5 * OPG))]
    world.vote_in("liquidity", actions)
    world.carry_out(actions)
    assert world.balance("builder") == 5 * OPG
    assert world.balance("Timelock") == 40_000_000 * OPG - 5 * OPG


def test_a_vote_approves_an_image_of_enclaves(world: EconomyWorld) -> None:
    timelock = world.chain.address_of("Timelock")
    world.chain.deploy("TEERegistry", [], world.address("deployer"))
    world.ok("deployer", "TEERegistry.grantRole", ADMIN_ROLE, timelock)
    world.ok("deployer", "TEERegistry.renounceRole", ADMIN_ROLE, world.address("deployer"))
    pcrs = (b"\1" * 48, b"\2" * 48, b"\3" * 48)
    actions: list[Action] = [("TEERegistry", "addTEEType", (9, "gateway"))]
    actions.append(("TEERegistry", "approvePCR", (pcrs, "v1", 9)))
    world.vote_in("liquidity", actions)
    world.carry_out(actions)
    assert world.read("TEERegistry.isPCRApproved", 9, world.read("TEERegistry.computePCRHash", pcrs))
    assert world.fails("deployer", "TEERegistry.approvePCR", pcrs, "v2", 9).error == "AccessControlUnauthorizedAccount"


def test_nobody_but_the_timelock_is_admin_and_nobody_but_the_governor_proposes_to_it(world: EconomyWorld) -> None:
    timelock, governor = world.chain.address_of("Timelock"), world.chain.address_of("OPGGovernor")
    for contract in ("Staking", "Settlement", "Rewards", "Timelock"):
        assert world.read(f"{contract}.hasRole", ADMIN_ROLE, timelock)
        assert not world.read(f"{contract}.hasRole", ADMIN_ROLE, world.address("deployer"))
    for role in (PROPOSER_ROLE, CANCELLER_ROLE):
        assert world.read("Timelock.hasRole", role, governor)
        assert not world.read("Timelock.hasRole", role, world.address("deployer"))
    assert world.read("Staking.hasRole", SLASHER_ROLE, world.chain.address_of("Settlement"))
    for contract, function, args in [
        *change(),
        ("Rewards", "setCap", (1,)),
        ("Settlement", "replaceVerifier", (timelock,)),
    ]:
        assert world.fails("deployer", f"{contract}.{function}", *args).error == "AccessControlUnauthorizedAccount"
    assert world.fails("liquidity", "OPGGovernor.setVotingDelay", 0).error == "GovernorOnlyExecutor"


def test_borrowed_for_one_block_after_the_proposal_opg_has_no_votes(world: EconomyWorld) -> None:
    """A flash loan: the votes that count are those of the snapshot, which is over when voting begins."""
    number = world.propose("liquidity", change())
    world.at(world.read("OPGGovernor.proposalSnapshot", number) + 1)
    world.ok("foundation", "OPG.transfer", world.address("borrower"), 50_000_000 * OPG)
    calls = [
        world.call("borrower", "OPG.delegate", world.address("borrower")),
        world.call("borrower", "OPGGovernor.castVote", number, 0),
        world.call("borrower", "OPG.transfer", world.address("foundation"), 50_000_000 * OPG),
    ]
    receipts = world.mine(calls).receipts
    assert all(receipt.ok for receipt in receipts)
    assert event(receipts[1], "VoteCast")["weight"] == 0


def test_borrowed_over_the_snapshot_it_has(world: EconomyWorld) -> None:
    """Nothing on chain tells a loan over two blocks from a holder's own OPG: what is left is to leave in time."""
    world.ok("foundation", "OPG.transfer", world.address("borrower"), 50_000_000 * OPG)
    world.ok("borrower", "OPG.delegate", world.address("borrower"))
    number = world.propose("liquidity", change())
    world.at(world.read("OPGGovernor.proposalSnapshot", number) + 1)
    world.ok("borrower", "OPG.transfer", world.address("foundation"), 50_000_000 * OPG)
    assert event(world.ok("borrower", "OPGGovernor.castVote", number, 0), "VoteCast")["weight"] == 50_000_000 * OPG


def test_below_the_threshold_nobody_proposes_and_below_the_quorum_nothing_passes(world: EconomyWorld) -> None:
    world.give("small", 999_999 * OPG)
    world.ok("small", "OPG.delegate", world.address("small"))
    world.tick()
    refused = world.fails("small", "OPGGovernor.propose", *world.calldatas(change()), "a change")
    assert refused.error == "GovernorInsufficientProposerVotes"
    world.give("small", 38_999_998 * OPG)  # one less than 4 % of the supply
    world.tick()
    number = world.propose("small", change())
    world.at(world.read("OPGGovernor.proposalSnapshot", number) + 1).ok("small", "OPGGovernor.castVote", number, 1)
    world.at(world.read("OPGGovernor.proposalDeadline", number) + 1).tick()
    assert world.read("OPGGovernor.state", number) == DEFEATED


def test_a_quorum_reached_in_the_last_moment_lengthens_the_vote(world: EconomyWorld) -> None:
    number = world.propose("liquidity", change())
    deadline = world.read("OPGGovernor.proposalDeadline", number)
    world.at(deadline).ok("liquidity", "OPGGovernor.castVote", number, 1)
    assert world.read("OPGGovernor.proposalDeadline", number) == deadline + RULES.late_quorum_s


def test_nothing_takes_effect_before_the_timelock_is_over(world: EconomyWorld) -> None:
    actions = change(slash_share_bps=5_000)
    number = world.vote_in("liquidity", actions)
    call = ("OPGGovernor.execute", *world.calldatas(actions), keccak(b"a change"))
    assert world.fails("liquidity", *call).error == "TimelockUnexpectedOperationState"
    assert world.read("OPGGovernor.state", number) == QUEUED
    world.carry_out(actions)
    assert world.read("OPGGovernor.state", number) == EXECUTED
    assert world.fails("liquidity", *call).error == "GovernorUnexpectedProposalState"
