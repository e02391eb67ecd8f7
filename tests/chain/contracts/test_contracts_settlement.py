"""Settlement: escrow, vouchers, batches, and the money that moves when a batch becomes final."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chain.formats.claims import ClaimTree
from chain.quantities import BURN_ADDRESS, NO_DEADLINE, OPG, Wei
from tests.contracts_world import (
    FEE,
    FINAL,
    FULL,
    OPEN,
    PARAMETERS,
    STAKE,
    World,
    bits,
    event,
    events,
    hash_of,
)

ESCROW = 10 * OPG
CLIENTS = ("cleo", "carl", "cleo", "cora")


def with_people(world: World) -> World:
    world.stake("node")
    for client in ("cleo", "carl", "cora"):
        world.deposit(client, ESCROW)
    return world


@pytest.fixture
def world() -> World:
    """`judge` is the verifier, `node` an active inference node, three clients have an escrow."""
    return with_people(World(judge="judge"))


@pytest.fixture
def unverified() -> World:
    """The same without any verifier."""
    return with_people(World())


def escrow(world: World, client: str) -> int:
    amount: int = world.read("Settlement.escrowOf", world.address(client))
    return amount


# ---- escrow ----


def test_a_withdrawal_is_paid_after_the_delay_and_not_before(world: World) -> None:
    asked = world.now + 1
    world.ok("cleo", "Settlement.requestWithdrawal", OPG)
    due = asked + PARAMETERS.withdrawal_delay_s
    assert world.at(due - 1).fails("cleo", "Settlement.withdraw").error == "TooEarly"
    world.at(due).ok("cleo", "Settlement.withdraw")
    assert world.balance("cleo") == OPG
    assert escrow(world, "cleo") == ESCROW - OPG
    assert world.fails("cleo", "Settlement.withdraw").error == "NothingToWithdraw"


def test_nobody_withdraws_more_than_its_escrow(world: World) -> None:
    assert world.fails("cleo", "Settlement.requestWithdrawal", ESCROW + 1).error == "InsufficientEscrow"
    assert world.fails("cleo", "Settlement.requestWithdrawal", 0).error == "ZeroAmount"
    assert world.fails("cleo", "Settlement.deposit", 0).error == "ZeroAmount"
    assert world.fails("stranger", "Settlement.withdraw").error == "NothingToWithdraw"


def test_a_withdrawing_client_can_be_charged_until_it_withdraws(world: World) -> None:
    world.ok("cleo", "Settlement.requestWithdrawal", ESCROW)
    world.post("node", world.claims(["cleo"]), [world.voucher("cleo", "node", 3 * OPG)])
    world.later(PARAMETERS.withdrawal_delay_s).ok("cleo", "Settlement.withdraw")
    assert world.balance("cleo") == ESCROW - 3 * OPG
    assert escrow(world, "cleo") == 0


# ---- posting ----


def test_posting_moves_what_vouchers_are_worth_into_the_batch(world: World) -> None:
    batch = world.paid_batch("node", CLIENTS)
    assert batch.charges == [
        (world.address("cleo"), 2 * FEE),
        (world.address("carl"), FEE),
        (world.address("cora"), FEE),
    ]
    stored = world.read("Settlement.batchOf", batch.id)
    assert stored[:4] == (world.address("node"), world.now, 4, OPEN)
    assert stored[6] == 4 * FEE
    assert escrow(world, "cleo") == ESCROW - 2 * FEE
    assert world.balance("Settlement") == 3 * ESCROW


def test_vouchers_are_cumulative_and_each_step_is_charged_once(world: World) -> None:
    world.post("node", world.claims(["cleo"], tag="a"), [world.voucher("cleo", "node", FEE)])
    world.post("node", world.claims(["cleo"], tag="b"), [world.voucher("cleo", "node", 3 * FEE)])
    assert escrow(world, "cleo") == ESCROW - 3 * FEE
    receipt = world.ok(
        "node", "Settlement.postBatch", hash_of("c"), 1, [world.voucher("cleo", "node", 3 * FEE)], NO_DEADLINE
    )
    assert event(receipt, "VoucherRefused") == {"client": world.address("cleo"), "node": world.address("node")}
    assert event(receipt, "BatchPosted")["charges"] == ((world.address("cleo"), 0),)
    assert escrow(world, "cleo") == ESCROW - 3 * FEE


def test_a_forged_voucher_is_refused_and_does_not_stop_the_others(world: World) -> None:
    address, amount, price, signature = world.voucher("cleo", "node", FEE)
    forged = [
        (address, amount + 1, price, signature),
        (address, amount, price - 1, signature),
        (world.address("carl"), amount, price, signature),
        (address, amount, price, signature[:64] + b"\x1d"),
        (address, amount, price, b""),
        ("0x" + "00" * 20, amount, price, bytes(65)),
        world.voucher("cleo", "other node", FEE),
    ]
    good = world.voucher("cora", "node", FEE)
    receipt = world.ok("node", "Settlement.postBatch", hash_of("root"), 1, [*forged, good], NO_DEADLINE)
    assert len(events(receipt, "VoucherRefused")) == len(forged)
    assert event(receipt, "BatchPosted")["fees"] == FEE
    assert escrow(world, "cleo") == ESCROW


def test_a_client_that_cannot_pay_is_charged_what_there_is_and_owes_the_rest(world: World) -> None:
    receipt = world.ok(
        "node", "Settlement.postBatch", hash_of("a"), 1, [world.voucher("cleo", "node", ESCROW + FEE)], NO_DEADLINE
    )
    assert event(receipt, "Underfunded")["missing"] == FEE
    assert event(receipt, "BatchPosted")["fees"] == ESCROW
    world.deposit("cleo", OPG)
    again = world.ok(
        "node", "Settlement.postBatch", hash_of("b"), 1, [world.voucher("cleo", "node", ESCROW + FEE)], NO_DEADLINE
    )
    assert event(again, "BatchPosted")["fees"] == FEE


def test_a_batch_is_posted_once_even_after_it_is_final(unverified: World) -> None:
    world = unverified
    claims = world.claims(CLIENTS)
    batch = world.post("node", claims)
    again: tuple[Any, ...] = ("node", "Settlement.postBatch", batch.tree.root, len(claims), [], NO_DEADLINE)
    assert world.fails(*again).error == "BatchExists"
    world.later(PARAMETERS.finality_delay_s).ok("node", "Settlement.finalise", batch.id, [], [])
    assert world.fails(*again).error == "BatchExists"


def test_two_nodes_may_post_the_same_root(world: World) -> None:
    world.stake("twin")
    claims = world.claims(CLIENTS)
    assert world.post("node", claims).id != world.post("twin", claims).id


@pytest.mark.parametrize(("count", "accepted"), [(0, False), (1, True), (128, True), (129, False)])
def test_a_batch_holds_1_to_128_claims(world: World, count: int, accepted: bool) -> None:
    receipt = world.send("node", "Settlement.postBatch", hash_of("root"), count, [], NO_DEADLINE)
    assert receipt.ok is accepted


def test_a_batch_is_posted_by_the_time_that_its_node_set_or_never(world: World) -> None:
    post_by = world.now + 10
    late = world.at(post_by + 1).fails("node", "Settlement.postBatch", hash_of("root"), 1, [], post_by)
    assert (late.error, late.args["until"]) == ("TooLate", post_by)
    assert world.ok("node", "Settlement.postBatch", hash_of("root"), 1, [], world.now + 1)


def test_only_active_inference_nodes_post(world: World) -> None:
    world.stake("full", FULL)
    world.stake("jailed")
    world.ok("judge", "Staking.jail", world.address("jailed"), world.now + 100)
    for who in ("full", "jailed", "cleo"):
        assert (
            world.fails(who, "Settlement.postBatch", hash_of("root"), 1, [], NO_DEADLINE).error
            == "NotActiveInferenceNode"
        )


# ---- finality without a verifier ----


def test_an_unverified_batch_is_final_after_the_delay_and_not_before(unverified: World) -> None:
    world = unverified
    batch = world.paid_batch("node", CLIENTS)
    due = world.now + PARAMETERS.finality_delay_s
    assert world.at(due - 1).fails("anyone", "Settlement.finalise", batch.id, [], []).error == "TooEarly"
    final = event(world.at(due).ok("anyone", "Settlement.finalise", batch.id, [], []), "BatchFinal")
    assert final["accepted"] == 4
    assert final["paid"] == 4 * FEE == world.balance("node")
    assert final["toVerifier"] == 0
    assert world.fails("anyone", "Settlement.finalise", batch.id, [], []).error == "BatchNotOpen"


def test_with_a_verifier_only_its_word_makes_a_batch_final(world: World) -> None:
    batch = world.paid_batch("node", CLIENTS)
    world.later(PARAMETERS.finality_delay_s).tick()
    assert world.fails("anyone", "Settlement.finalise", batch.id, [], []).error == "NotVerifier"
    assert world.fails("node", "Settlement.settle", batch.id, 0, 0, [], []).error == "NotVerifier"
    world.ok("judge", "Settlement.settle", batch.id, 0, 0, [], [])


def test_a_batch_that_was_never_posted_cannot_become_final(world: World) -> None:
    for function, *args in (
        ("settle", 0, 0, [], []),
        ("finalise", [], []),
        ("voidBatch", []),
    ):
        refused = world.fails("judge", f"Settlement.{function}", hash_of("nothing"), *args)
        assert refused.error == "BatchNotOpen"


# ---- the verifier's word ----


def test_an_accepted_batch_pays_the_node_and_the_verifier(world: World) -> None:
    batch = world.paid_batch("node", CLIENTS)
    final = event(world.ok("judge", "Settlement.settle", batch.id, 0, 0, [], []), "BatchFinal")
    assert final["toVerifier"] == 4 * FEE // 5 == world.balance("judge")
    assert final["paid"] == 4 * FEE - 4 * FEE // 5 == world.balance("node")
    assert world.read("Settlement.batchOf", batch.id)[3:] == (FINAL, bytes(32), bytes(32), 0, 0)


def test_a_rejected_claim_is_refunded_and_its_node_slashed_and_jailed(world: World) -> None:
    batch = world.paid_batch("node", CLIENTS)
    receipt = world.ok("judge", "Settlement.settle", batch.id, bits(1), 0, batch.openings(1), batch.charges)
    assert event(receipt, "ClaimRejected") == {
        "batch": batch.id,
        "index": 1,
        "node": world.address("node"),
        "task": batch.claims[1].task,
        "reason": b"fraud".ljust(32, b"\0"),
    }
    assert escrow(world, "carl") == ESCROW
    assert escrow(world, "cora") == ESCROW - FEE
    slashed = event(receipt, "Slashed")
    assert slashed["amount"] == STAKE // 10
    assert slashed["bounty"] == STAKE // 10 * 4 // 10
    assert world.balance("judge") == slashed["bounty"] + 3 * FEE // 5
    assert world.balance(BURN_ADDRESS) == slashed["burned"]
    assert event(receipt, "Jailed")["until"] == world.now + PARAMETERS.jail_period_s


@pytest.mark.parametrize(
    ("share_bps", "amount", "rejected", "expected"),
    [
        (0, 0, 0b11, 0),
        (0, 7 * OPG + 1, 0b1, 7 * OPG + 1),
        (0, 7 * OPG + 1, 0b1111, 4 * (7 * OPG + 1)),
        (1_000, 7 * OPG, 0b11, STAKE // 5 + 14 * OPG),
        (0, STAKE // 2 + 1, 0b11, STAKE),  # no more than there is
        (9_999, STAKE, 0b1, STAKE),
    ],
)
def test_a_fixed_amount_is_slashed_on_top_of_the_share(
    share_bps: int, amount: int, rejected: int, expected: int
) -> None:
    parameters = replace(PARAMETERS, slash_share_bps=share_bps, slash_amount=Wei(amount))
    world = with_people(World(parameters, judge="judge"))
    batch = world.paid_batch("node", CLIENTS)
    wrong = [i for i in range(4) if rejected >> i & 1]
    receipt = world.ok("judge", "Settlement.settle", batch.id, rejected, 0, batch.openings(*wrong), batch.charges)
    assert sum(slashed["amount"] for slashed in events(receipt, "Slashed")) == expected
    assert sum(slashed["bounty"] for slashed in events(receipt, "Slashed")) == expected * 4 // 10
    assert world.read("Staking.slashableOf", world.address("node")) == STAKE - expected


def test_a_void_claim_is_refunded_and_nobody_is_slashed(world: World) -> None:
    batch = world.paid_batch("node", CLIENTS)
    receipt = world.ok("judge", "Settlement.settle", batch.id, 0, bits(0, 2), batch.openings(2, 0), batch.charges)
    assert [found["index"] for found in events(receipt, "ClaimVoided")] == [2, 0]
    assert escrow(world, "cleo") == ESCROW
    assert events(receipt, "Slashed") == events(receipt, "Jailed") == []
    final = event(receipt, "BatchFinal")
    assert (final["accepted"], final["rejected"], final["voided"]) == (2, 0, 2)
    assert (final["refunded"], final["paid"] + final["toVerifier"]) == (2 * FEE, 2 * FEE)


@pytest.mark.parametrize(("wrong", "lost"), [(1, STAKE // 10), (9, STAKE // 10 * 9), (10, STAKE), (12, STAKE)])
def test_each_rejected_claim_costs_its_share_until_nothing_is_left(world: World, wrong: int, lost: int) -> None:
    batch = world.paid_batch("node", ["cleo"] * 12)
    openings = batch.openings(*range(wrong))
    receipt = world.ok("judge", "Settlement.settle", batch.id, bits(*range(wrong)), 0, openings, batch.charges)
    assert event(receipt, "Slashed")["amount"] == lost


def test_openings_must_cover_the_verdict_exactly(world: World) -> None:
    batch = world.paid_batch("node", CLIENTS)

    def refused(rejected: int, voided: int, *opened: int) -> str:
        args = (batch.id, rejected, voided, batch.openings(*opened), batch.charges)
        return world.fails("judge", "Settlement.settle", *args).error

    assert refused(bits(1), bits(2), 1) == "MissingOpenings"
    assert refused(bits(1), 0, 1, 2) == "UnexpectedOpening"
    assert refused(bits(1), 0, 1, 1) == "UnexpectedOpening"
    assert refused(0, 0, 1) == "UnexpectedOpening"
    assert refused(bits(1), bits(1), 1) == "InvalidVerdict"
    assert refused(bits(4), 0) == "InvalidVerdict"
    assert refused(0, bits(127)) == "InvalidVerdict"


def test_an_opening_must_be_proven_against_the_root(world: World) -> None:
    batch = world.paid_batch("node", CLIENTS)
    claim, proof = batch.opening(1)
    dearer = (*claim[:7], claim[7] + 1, claim[8])
    for bad in ((dearer, proof), (claim, proof[:-1]), (claim, batch.opening(0)[1]), batch.opening(0)):
        refused = world.fails("judge", "Settlement.settle", batch.id, bits(1), 0, [bad], batch.charges)
        assert refused.error in ("InvalidProof", "UnexpectedOpening")


def test_a_claim_whose_index_is_beyond_the_batch_cannot_be_opened(world: World) -> None:
    claims = [replace(claim, index=claim.index + 127) for claim in world.claims(["cleo", "carl"])]
    batch = world.post("node", claims)
    refused = world.fails("judge", "Settlement.settle", batch.id, bits(1), 0, [batch.opening(1)], [])
    assert refused.error == "InvalidProof"


def test_a_refund_needs_the_true_charges(world: World) -> None:
    batch = world.paid_batch("node", CLIENTS)
    richer = [(client, amount + 1) for client, amount in batch.charges]
    for charges in ([], richer, batch.charges[::-1]):
        args = (batch.id, bits(1), 0, batch.openings(1), charges)
        assert world.fails("judge", "Settlement.settle", *args).error == "WrongCharges"
        assert world.fails("judge", "Settlement.voidBatch", batch.id, charges).error == "WrongCharges"


def test_a_client_gets_back_no_more_than_it_paid_into_the_batch(world: World) -> None:
    """A claim is the node's word: it must not let a friend reach into another client's money."""
    honest, greedy = world.claims(["cleo", "carl"], fee=FEE)
    batch = world.post("node", [honest, replace(greedy, fee=Wei(100 * FEE))], [world.voucher("cleo", "node", FEE)])
    receipt = world.ok("judge", "Settlement.settle", batch.id, bits(0, 1), 0, batch.openings(1, 0), batch.charges)
    assert event(receipt, "BatchFinal")["refunded"] == FEE
    assert escrow(world, "cleo") == escrow(world, "carl") == ESCROW


def test_the_fee_of_a_rejected_claim_that_was_not_paid_yet_need_never_be_paid(world: World) -> None:
    batch = world.post("node", world.claims(["cleo"]))
    world.ok("judge", "Settlement.settle", batch.id, bits(0), 0, batch.openings(0), [])
    assert world.read("Settlement.redeemedOf", world.address("cleo"), world.address("node")) == FEE
    world.later(PARAMETERS.jail_period_s).ok("node", "Staking.unjail")
    late = world.post("node", world.claims(["cleo"], tag="b"), [world.voucher("cleo", "node", 2 * FEE)])
    assert late.charges == [(world.address("cleo"), FEE)]


def test_a_fee_beyond_all_bounds_does_not_save_a_claim_from_rejection(world: World) -> None:
    (claim,) = world.claims(["cleo"], fee=2**128 - 1)
    world.post("node", world.claims(["cleo"], tag="a"), [world.voucher("cleo", "node", FEE)])
    batch = world.post("node", [claim], [world.voucher("cleo", "node", 2 * FEE)])
    world.ok("judge", "Settlement.settle", batch.id, bits(0), 0, batch.openings(0), batch.charges)
    assert world.read("Settlement.redeemedOf", world.address("cleo"), world.address("node")) == 2**128 - 1


@pytest.mark.parametrize("said", [0, FEE - 1, FEE])
@pytest.mark.parametrize("verdict", ["rejected", "voided"])
def test_a_claim_that_understates_its_fee_is_refunded_at_the_price_that_its_client_signed(
    world: World, said: int, verdict: str
) -> None:
    claims = world.claims(["cleo"] * 10, fee=said)
    batch = world.post("node", claims, [world.voucher("cleo", "node", 10 * FEE)])
    fallen = bits(*range(9))
    bad, void = (fallen, 0) if verdict == "rejected" else (0, fallen)
    receipt = world.ok("judge", "Settlement.settle", batch.id, bad, void, batch.openings(*range(9)), batch.charges)
    assert event(receipt, "BatchFinal")["refunded"] == 9 * FEE
    assert world.read("Settlement.priceOf", world.address("cleo"), world.address("node")) == FEE


def test_a_claim_that_understates_its_fee_forfeits_what_another_batch_was_paid(world: World) -> None:
    world.post("node", world.claims(["cleo"], tag="a"), [world.voucher("cleo", "node", 2 * FEE)])
    batch = world.post("node", world.claims(["cleo"], fee=0, tag="b"))
    world.ok("judge", "Settlement.settle", batch.id, bits(0), 0, batch.openings(0), batch.charges)
    assert world.read("Settlement.redeemedOf", world.address("cleo"), world.address("node")) == 3 * FEE


def test_two_vouchers_of_one_client_are_both_refunded(world: World) -> None:
    vouchers = [world.voucher("cleo", "node", FEE), world.voucher("cleo", "node", 2 * FEE)]
    batch = world.post("node", world.claims(["cleo", "cleo"]), vouchers)
    assert [amount for _, amount in batch.charges] == [FEE, FEE]
    world.ok("judge", "Settlement.settle", batch.id, bits(0, 1), 0, batch.openings(0, 1), batch.charges)
    assert escrow(world, "cleo") == ESCROW


def test_all_128_claims_of_a_batch_can_be_rejected_at_once(world: World) -> None:
    batch = world.paid_batch("node", ["cleo", "carl"] * 64)
    openings = batch.openings(*range(128))
    receipt = world.ok("judge", "Settlement.settle", batch.id, 2**128 - 1, 0, openings, batch.charges)
    assert receipt.gas_used < 10_000_000
    assert event(receipt, "BatchFinal")["rejected"] == 128
    assert escrow(world, "cleo") == escrow(world, "carl") == ESCROW


# ---- void batches ----


def test_a_void_batch_refunds_everybody_and_slashes_nobody(world: World) -> None:
    batch = world.paid_batch("node", CLIENTS)
    receipt = world.ok("judge", "Settlement.voidBatch", batch.id, batch.charges)
    final = event(receipt, "BatchFinal")
    assert (final["accepted"], final["rejected"], final["voided"], final["refunded"]) == (0, 0, 4, 4 * FEE)
    assert {escrow(world, client) for client in CLIENTS} == {ESCROW}
    assert world.balance("node") == 0
    assert world.fails("judge", "Settlement.voidBatch", batch.id, batch.charges).error == "BatchNotOpen"


def test_a_batch_nobody_settles_can_be_voided_by_anyone_once_it_has_expired(world: World) -> None:
    batch = world.paid_batch("node", CLIENTS)
    expiry = world.now + PARAMETERS.expiry_s
    assert world.at(expiry - 1).fails("cleo", "Settlement.voidBatch", batch.id, batch.charges).error == "TooEarly"
    world.at(expiry).ok("cleo", "Settlement.voidBatch", batch.id, batch.charges)
    assert escrow(world, "cleo") == ESCROW


def test_the_root_of_a_batch_of_one_is_its_leaf(world: World) -> None:
    claims = world.claims(["cleo"])
    assert ClaimTree(claims).root == claims[0].leaf
    batch = world.post("node", claims)
    world.ok("judge", "Settlement.settle", batch.id, bits(0), 0, [batch.opening(0)], [])


def test_the_verifier_is_named_once_and_for_ever(world: World) -> None:
    assert world.fails("deployer", "Settlement.setVerifier", world.address("cleo")).error == "VerifierAlreadySet"
    assert (
        world.fails("cleo", "Settlement.setVerifier", world.address("cleo")).error == "AccessControlUnauthorizedAccount"
    )
