"""Equivocation: a node that told its client one thing and claimed another is slashed on the client's word alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from chain.quantities import OPG
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


@pytest.mark.parametrize("what", ["model", "input_hash", "output_hash"])
def test_another_answer_signed_by_the_node_rejects_the_claim_and_pays_who_proves_it(world: World, what: str) -> None:
    batch = world.paid_batch("node", ["cleo", "carl"])
    told = world.answer("node", batch.claims[1], **{what: hash_of("other")})
    receipt = world.ok("carl", "Settlement.proveEquivocation", batch.id, batch.opening(1), *told)
    assert event(receipt, "Equivocation")["prover"] == world.address("carl")
    assert event(receipt, "ClaimRejected")["reason"].rstrip(b"\0") == b"equivocation"
    assert event(receipt, "Slashed")["amount"] == STAKE // 10
    assert world.balance("carl") == STAKE // 10 * 4 // 10
    assert not world.read("Staking.isActive", world.address("node"))


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
        (*world.answer("node", batch.claims[0], **TOLD)[:3], bytes(65)),
        (*world.answer("node", batch.claims[0])[:2], TOLD["output_hash"], world.answer("node", batch.claims[0])[3]),
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
    left = world.read("Staking.slashableOf", world.address("node"))
    receipt = world.ok("judge", "Settlement.settle", batch.id, bits(1), bits(0), batch.openings(0, 1), batch.charges)
    assert event(receipt, "ClaimRejected")["index"] == 1
    assert event(receipt, "Slashed")["amount"] == left // 10
    final = event(receipt, "BatchFinal")
    assert (final["rejected"], final["voided"]) == (2, 0)


def test_an_expired_batch_refunds_everybody_after_an_equivocation(world: World) -> None:
    batch = world.paid_batch("node", ["cleo", "carl"])
    told = world.answer("node", batch.claims[0], **TOLD)
    world.ok("cleo", "Settlement.proveEquivocation", batch.id, batch.opening(0), *told)
    receipt = world.later(PARAMETERS.expiry_s).ok("any", "Settlement.voidBatch", batch.id, batch.charges)
    final = event(receipt, "BatchFinal")
    assert (final["rejected"], final["voided"], final["refunded"]) == (1, 1, 2 * FEE)
