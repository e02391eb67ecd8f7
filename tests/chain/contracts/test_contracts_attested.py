"""Attested: batches become final by themselves, less what was proven bad, and void if their data is withheld."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from chain.deploy import VerifierSpec
from chain.quantities import OPG
from chain.seam import Receipt
from tests.contracts_world import FEE, FULL, PARAMETERS, STAKE, Batch, World, event, reason

WINDOW = 100


@cache
def prepared() -> World:
    world = World(verifier=VerifierSpec("Attested", ((WINDOW, 5_000),)))
    world.stake("node")
    for name in ("ann", "bob", "eve", "dan"):
        world.stake(name, FULL)
    for client in ("cleo", "carl"):
        world.deposit(client, OPG)
    return world


@pytest.fixture
def world() -> Iterator[World]:
    world = prepared()
    point = world.chain.snapshot()
    yield world
    world.chain.revert_to(point)


def finalise(world: World, batch: Batch, *indices: int, charges: Any = None, who: str = "ann") -> Receipt:
    charges = batch.charges if charges is None else charges
    return world.send(who, "Attested.finalise", batch.id, batch.openings(*indices), charges)


def test_a_batch_is_final_when_its_window_is_over_and_not_before(world: World) -> None:
    batch = world.paid_batch("node", ["cleo", "carl"])
    posted = world.now
    assert reason(finalise(world.at(posted + WINDOW), batch)) == "TooEarly"
    final = event(finalise(world.at(posted + WINDOW + 1), batch), "BatchFinal")
    assert (final["accepted"], final["rejected"], final["voided"]) == (2, 0, 0)
    assert reason(finalise(world, batch)) == "BatchNotOpen"


@pytest.mark.parametrize("who", ["eve", "node", "sniper"])
def test_what_is_paid_for_verification_goes_to_a_full_node_drawn_by_lot_whoever_is_first(
    world: World, who: str
) -> None:
    batch = world.paid_batch("node", ["cleo", "carl"])
    payee = world.read("Attested.payeeOf", batch.id)
    assert payee in {world.address(name) for name in ("ann", "bob", "eve")}
    receipt = finalise(world.later(WINDOW + 1), batch, who=who)
    share = 2 * FEE * PARAMETERS.verifier_share_bps // 10_000
    assert event(receipt, "Rewarded") == {"batch": batch.id, "member": payee, "amount": share}
    assert world.balance(payee) == share
    assert world.balance("node") == 2 * FEE - share
    assert world.balance("Attested") == 0


def test_a_batch_that_earned_nothing_pays_nobody(world: World) -> None:
    batch = world.post("node", world.claims(["cleo"], fee=0))
    assert [log.event for log in finalise(world.later(WINDOW + 1), batch).logs] == ["BatchFinal"]


def test_a_claim_proven_wrong_meanwhile_must_be_opened_and_is_refunded(world: World) -> None:
    batch = world.paid_batch("node", ["cleo", "carl"])
    told = world.answer("node", batch.claims[1], output_hash=bytes(32))
    world.ok("carl", "Settlement.proveEquivocation", batch.id, batch.opening(1), *told)
    world.later(WINDOW + 1).tick()
    assert reason(finalise(world, batch)) == "MissingOpenings"
    final = event(finalise(world, batch, 1), "BatchFinal")
    assert (final["accepted"], final["rejected"], final["refunded"]) == (1, 1, FEE)


def test_a_majority_of_stake_that_got_no_data_voids_the_batch(world: World) -> None:
    batch = world.paid_batch("node", ["cleo", "carl"])
    for name in ("ann", "bob"):
        assert event(world.ok(name, "Attested.protest", batch.id), "Withheld")["member"] == world.address(name)
    assert not world.read("Attested.isWithheld", batch.id)
    world.ok("eve", "Attested.protest", batch.id)
    assert world.read("Attested.isWithheld", batch.id)
    final = event(finalise(world.later(WINDOW + 1), batch), "BatchFinal")
    assert (final["accepted"], final["voided"], final["refunded"]) == (0, 2, 2 * FEE)
    assert world.balance("node") == 0


def test_half_of_the_stake_is_not_enough(world: World) -> None:
    batch = world.paid_batch("node", ["cleo"])
    for name in ("ann", "bob"):
        world.ok(name, "Attested.protest", batch.id)
    assert event(finalise(world.later(WINDOW + 1), batch), "BatchFinal")["accepted"] == 1


def test_protests_count_by_the_stake_that_is_left(world: World) -> None:
    batch = world.paid_batch("node", ["cleo"])
    for name in ("ann", "bob", "eve"):
        world.ok(name, "Attested.protest", batch.id)
    for name in ("ann", "bob"):
        world.ok(name, "Staking.unbond", STAKE)
    assert not world.read("Attested.isWithheld", batch.id)


def test_only_active_full_nodes_protest_once_and_in_time(world: World) -> None:
    batch = world.paid_batch("node", ["cleo"])
    posted = world.now
    for who in ("node", "cleo"):
        assert world.fails(who, "Attested.protest", batch.id).error == "NotActiveFullNode"
    world.ok("ann", "Attested.protest", batch.id)
    assert world.fails("ann", "Attested.protest", batch.id).error == "AlreadyProtested"
    assert world.at(posted + WINDOW).send("bob", "Attested.protest", batch.id).ok
    assert world.fails("eve", "Attested.protest", batch.id).error == "TooLate"
    assert world.fails("eve", "Attested.protest", bytes(32)).error == "BatchNotOpen"


def test_a_batch_that_is_final_leaves_no_protests_behind(world: World) -> None:
    batch = world.paid_batch("node", ["cleo"])
    for name in ("ann", "bob", "eve"):
        world.ok(name, "Attested.protest", batch.id)
    finalise(world.later(WINDOW + 1), batch)
    assert not world.read("Attested.isWithheld", batch.id)


def test_a_share_of_all_or_more_makes_no_sense() -> None:
    with pytest.raises(Exception, match="InvalidParameters"):
        World(verifier=VerifierSpec("Attested", ((WINDOW, 10_000),)))
