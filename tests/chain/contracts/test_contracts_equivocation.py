"""Equivocation: a node that told its client one thing and claimed another is slashed on the client's word alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from chain.quantities import OPG, Wei
from chain.seam import Receipt
from tests.contracts_world import (
    FEE,
    PARAMETERS,
    STAKE,
    Batch,
    World,
    bits,
    event,
    events,
    hash_of,
    reason,
)

TOLD = {"output_hash": hash_of("told")}


@pytest.fixture(params=["judge", None], ids=["verified", "unverified"])
def world(request: pytest.FixtureRequest) -> World:
    world = World(judge=request.param)
    world.stake("node")
    for client in ("cleo", "carl"):
        world.deposit(client, OPG)
    return world


def settle(world: World, batch: Batch, openings: Sequence[Any], charges: Sequence[Any]) -> Receipt:
    """Make the batch final in the way of this world."""
    if world.read("Settlement.verifier") == "0x" + "00" * 20:
        world.later(PARAMETERS.finality_delay_s)
        return world.send("anyone", "Settlement.finalise", batch.id, openings, charges)
    return world.send("judge", "Settlement.settle", batch.id, 0, 0, openings, charges)


def test_another_output_signed_by_the_node_rejects_the_claim_and_pays_who_proves_it(world: World) -> None:
    batch = world.paid_batch("node", ["cleo", "carl"])
    told = world.answer("node", batch.claims[1], **TOLD)
    receipt = world.ok("carl", "Settlement.proveEquivocation", batch.id, batch.opening(1), *told)
    assert event(receipt, "Equivocation")["prover"] == world.address("carl")
    assert event(receipt, "ClaimRejected")["reason"].rstrip(b"\0") == b"equivocation"
    assert event(receipt, "Slashed")["amount"] == STAKE // 10
    assert world.balance("carl") == 0
    assert not world.read("Staking.isActive", world.address("node"))
    paid = event(settle(world, batch, batch.openings(1), batch.charges), "BountyPaid")
    assert paid == {"batch": batch.id, "to": world.address("carl"), "amount": STAKE // 10 * 4 // 10}
    assert world.balance("carl") == paid["amount"]


@pytest.mark.parametrize("asked", ["model", "input_hash"])
def test_a_client_that_asks_twice_under_one_task_condemns_nobody(world: World, asked: str) -> None:
    batch = world.paid_batch("node", ["cleo", "carl"])
    bait = world.answer("node", batch.claims[1], **{asked: hash_of("other")}, **TOLD)
    refused = world.fails("carl", "Settlement.proveEquivocation", batch.id, batch.opening(1), *bait)
    assert refused.error == "WrongSigner"


def test_the_fee_goes_back_when_the_batch_is_settled(world: World) -> None:
    batch = world.paid_batch("node", ["cleo", "carl"])
    told = world.answer("node", batch.claims[1], **TOLD)
    world.ok("carl", "Settlement.proveEquivocation", batch.id, batch.opening(1), *told)
    assert reason(settle(world, batch, [], [])) == "WrongCharges"
    assert reason(settle(world, batch, [], batch.charges)) == "MissingOpenings"
    receipt = settle(world, batch, batch.openings(1), batch.charges)
    final = event(receipt, "BatchFinal")
    assert (final["accepted"], final["rejected"], final["refunded"]) == (1, 1, FEE)
    assert events(receipt, "Slashed") == events(receipt, "ClaimRejected") == []
    assert world.read("Settlement.escrowOf", world.address("carl")) == OPG


def test_a_claim_falls_once(world: World) -> None:
    batch = world.paid_batch("node", ["cleo"])
    told = world.answer("node", batch.claims[0], **TOLD)
    prove = ("cleo", "Settlement.proveEquivocation", batch.id, batch.opening(0), *told)
    world.ok(*prove)
    assert world.fails(*prove).error == "AlreadyRejected"


def test_the_same_answer_is_no_equivocation(world: World) -> None:
    batch = world.paid_batch("node", ["cleo"])
    told = world.answer("node", batch.claims[0])
    assert world.fails("cleo", "Settlement.proveEquivocation", batch.id, batch.opening(0), *told).error == "SameAnswer"


def test_a_client_cannot_sign_for_the_node(world: World) -> None:
    batch = world.paid_batch("node", ["cleo"])
    for forged in (
        world.answer("cleo", batch.claims[0], **TOLD),
        (TOLD["output_hash"], bytes(65)),
        (TOLD["output_hash"], world.answer("node", batch.claims[0])[1]),
        world.answer("node", batch.claims[0], task=hash_of("another task"), **TOLD),
    ):
        refused = world.fails("cleo", "Settlement.proveEquivocation", batch.id, batch.opening(0), *forged)
        assert refused.error == "WrongSigner"


def test_only_claims_of_an_open_batch_can_be_contradicted(world: World) -> None:
    batch = world.paid_batch("node", ["cleo", "carl"])
    other = world.paid_batch("node", ["cleo"], tag="other")
    told = world.answer("node", other.claims[0], **TOLD)
    refused = world.fails("cleo", "Settlement.proveEquivocation", batch.id, other.opening(0), *told)
    assert refused.error == "InvalidProof"
    assert settle(world, other, [], []).ok
    refused = world.fails("cleo", "Settlement.proveEquivocation", other.id, other.opening(0), *told)
    assert refused.error == "BatchNotOpen"


def test_a_claim_already_proven_wrong_is_neither_slashed_again_nor_voided_by_the_verifier() -> None:
    world = World(judge="judge")
    world.stake("node")
    world.deposit("cleo", OPG)
    batch = world.paid_batch("node", ["cleo"] * 3)
    told = world.answer("node", batch.claims[0], **TOLD)
    world.ok("cleo", "Settlement.proveEquivocation", batch.id, batch.opening(0), *told)
    receipt = world.ok("judge", "Settlement.settle", batch.id, bits(1), bits(0), batch.openings(0, 1), batch.charges)
    assert event(receipt, "ClaimRejected")["index"] == 1
    assert event(receipt, "Slashed")["amount"] == STAKE // 10
    assert event(receipt, "BountyPaid")["to"] == world.address("cleo")
    final = event(receipt, "BatchFinal")
    assert (final["rejected"], final["voided"]) == (2, 0)


@pytest.mark.parametrize("denounced", [(), (0,), (0, 1, 2), tuple(range(9))])
@pytest.mark.parametrize("amount", [0, 300 * OPG])
def test_who_denounces_itself_before_it_is_judged_loses_as_much_and_gets_nothing_back(
    denounced: tuple[int, ...], amount: int
) -> None:
    parameters = replace(PARAMETERS, slash_amount=Wei(amount), slash_share_bps=700)
    world = World(parameters, judge="judge")
    world.stake("node")
    world.deposit("cleo", OPG)
    batch = world.paid_batch("node", ["cleo"] * 9)
    for index in denounced:
        told = world.answer("node", batch.claims[index], **TOLD)
        world.ok("second name", "Settlement.proveEquivocation", batch.id, batch.opening(index), *told)
    every = range(9)
    world.ok("judge", "Settlement.settle", batch.id, bits(*every), 0, batch.openings(*every), batch.charges)
    lost = STAKE - world.read("Staking.stakeOf", world.address("node"))
    assert abs(lost - 9 * (STAKE * 7 // 100 + amount)) < 10
    assert world.balance("second name") == 0
    assert abs(world.balance("judge") - lost * 4 // 10) < 10


def test_an_expired_batch_refunds_everybody_after_an_equivocation(world: World) -> None:
    batch = world.paid_batch("node", ["cleo", "carl"])
    told = world.answer("node", batch.claims[0], **TOLD)
    world.ok("cleo", "Settlement.proveEquivocation", batch.id, batch.opening(0), *told)
    receipt = world.later(PARAMETERS.expiry_s).ok("any", "Settlement.voidBatch", batch.id, batch.charges)
    final = event(receipt, "BatchFinal")
    assert event(receipt, "BountyPaid")["to"] == world.address("cleo")
    assert (final["rejected"], final["voided"], final["refunded"]) == (1, 1, 2 * FEE)
