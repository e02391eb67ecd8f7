"""The form of a batch: claims are numbered as they are placed, and who hides some loses its stake."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from chain.formats.claims import depth_of, misplaced
from chain.quantities import BURN_ADDRESS, OPG
from chain.seam import Receipt
from tests.contracts_world import FEE, FINAL, FULL, PARAMETERS, STAKE, Batch, World, bits, event
from tests.disputes import Courtroom

ESCROW = 10 * OPG
CLIENTS = ("cleo", "carl", "cora")
BOUNTY = STAKE * PARAMETERS.slash_share_bps // 10_000 * PARAMETERS.bounty_share_bps // 10_000
"""For one wrong claim."""


@pytest.fixture(scope="module")
def shared() -> World:
    world = World(judge="judge")
    for client in CLIENTS:
        world.deposit(client, ESCROW)
    world.stake("watcher", FULL)
    return world


@pytest.fixture
def world(shared: World) -> World:
    """`judge` is the verifier, `node` an inference node with its whole stake; what a test does is undone."""
    shared.stake("node")
    return shared


@pytest.fixture(autouse=True)
def undone(shared: World) -> object:
    point = shared.chain.snapshot()
    yield
    shared.chain.revert_to(point)


def post(world: World, indices: Sequence[int], count: int, clients: Sequence[str] = CLIENTS) -> Batch:
    """Post a tree whose leaves have these indices, with such a count; every client pays the fee."""
    who = [clients[i % len(clients)] for i in range(len(indices))]
    claims = [replace(claim, index=index) for claim, index in zip(world.claims(who), indices, strict=True)]
    vouchers = [world.voucher(client, "node", FEE) for client in clients]
    return world.post("node", claims, vouchers, count)


def prove(world: World, batch: Batch, position: int) -> Receipt:
    return world.send(
        "watcher", "Settlement.proveMalformed", batch.id, batch.opening(position), position, batch.charges
    )


def error(receipt: Receipt) -> str | None:
    return receipt.revert.error if receipt.revert else None


MALFORMED = {
    "its last claim left out": ((0, 1, 2, 3, 4), 4),
    "one less in a tree of the same depth": ((0, 1, 2, 3, 4, 5), 5),
    "all but one left out": ((0, 1, 2, 3, 4), 1),
    "a second claim without a number of its own": ((0, 0), 1),
    "a number twice": ((0, 1, 1, 3), 4),
    "a number beyond the count": ((0, 1, 2, 77), 4),
    "a number beyond any bit set": ((0, 1, 2, 128 + 7), 4),
    "two claims in each other's place": ((1, 0, 2), 3),
    "a count that asks for a deeper tree": ((0, 1, 2), 5),
}


@pytest.mark.parametrize(("indices", "count"), MALFORMED.values(), ids=MALFORMED.keys())
def test_who_posts_a_malformed_batch_loses_its_stake_and_its_fees(
    world: World, indices: tuple[int, ...], count: int
) -> None:
    batch = post(world, indices, count)
    position = misplaced(batch.claims, count)
    assert position is not None
    burned = world.balance(BURN_ADDRESS)
    receipt = prove(world, batch, position)
    assert event(receipt, "BatchMalformed")["prover"] == world.address("watcher")
    final = event(receipt, "BatchFinal")
    assert (final["accepted"], final["rejected"], final["voided"]) == (0, count, 0)
    assert (final["paid"], final["refunded"]) == (0, len(CLIENTS) * FEE)
    assert {world.read("Settlement.escrowOf", world.address(client)) for client in CLIENTS} == {ESCROW}
    assert world.read("Staking.slashableOf", world.address("node")) == 0
    assert world.balance("watcher") == BOUNTY
    assert world.balance(BURN_ADDRESS) - burned == STAKE - BOUNTY
    assert world.balance("node") == world.balance("Settlement") - len(CLIENTS) * ESCROW == 0
    assert world.read("Settlement.batchOf", batch.id)[3] == FINAL
    assert error(prove(world, batch, position)) == "BatchNotOpen"


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8])
def test_nobody_can_prove_an_honest_batch_malformed(world: World, count: int) -> None:
    batch = post(world, range(count), count)
    places = 2 ** depth_of(count)
    for index in range(count):
        for position in {index, index + places, index + 2**255, (index + 1) % (places + 1), places - 1}:
            call = world.call(
                "watcher", "Settlement.proveMalformed", batch.id, batch.opening(index), position, batch.charges
            )
            expected = "WellFormed" if position == index else "InvalidProof"
            assert error(world.mine([call]).receipts[0]) == expected, (index, position)
    assert misplaced(batch.claims, count) is None


def test_a_proof_needs_the_batch_s_own_root_and_charges(world: World) -> None:
    batch, other = post(world, (0, 1, 1), 3), world.claims(CLIENTS, tag="other")
    forged = Batch(batch.id, "node", [replace(claim, index=5) for claim in other], batch.charges)
    assert error(prove(world, forged, 1)) == "InvalidProof"
    batch.charges.pop()
    assert error(prove(world, batch, 2)) == "WrongCharges"
    assert world.read("Staking.slashableOf", world.address("node")) == STAKE


def test_a_claim_outside_its_place_cannot_be_opened_for_anything(world: World) -> None:
    batch = post(world, (0, 1, 1, 7), 4)
    for leaf, index in ((2, 1), (3, 3)):
        call = world.send("judge", "Settlement.settle", batch.id, bits(index), 0, [batch.opening(leaf)], batch.charges)
        assert error(call) == "InvalidProof"
    world.ok("judge", "Settlement.settle", batch.id, bits(1), 0, [batch.opening(1)], batch.charges)


def test_denouncing_one_s_own_malformed_batch_after_other_proofs_takes_what_is_left(world: World) -> None:
    """Not more than the stake, whatever fell before, and a bounty of one claim: the guilty gets back no more."""
    batch = post(world, (0, 1, 2, 2), 4)
    told = world.answer("node", batch.claims[0], output_hash=bytes(32))
    world.ok("cleo", "Settlement.proveEquivocation", batch.id, batch.opening(0), *told)
    before = world.balance("node")
    world.ok("node", "Settlement.proveMalformed", batch.id, batch.opening(3), 3, batch.charges)
    assert world.balance("node") - before == BOUNTY
    assert world.read("Staking.slashableOf", world.address("node")) == 0


def test_challengers_of_a_malformed_batch_get_their_bonds_back() -> None:
    court = Courtroom()
    claims = [replace(claim, index=0) for claim in court.claims(["cleo", "cleo"])]
    batch, before = court.post("node", claims), court.balance("ann")
    court.challenge(batch, "ann", 0, 1)
    court.ok("bob", "Settlement.proveMalformed", batch.id, batch.opening(1), 1, [])
    court.ok("anyone", "Optimistic.reclaim", batch.id)
    assert court.balance("ann") == before
