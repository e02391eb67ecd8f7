"""Gas at the largest sizes that contracts take: each call fits a transaction (EIP-7825)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from chain.formats.claims import MAX_CLAIMS, pack_votes
from chain.quantities import OPG, Gas
from chain.seam import TRANSACTION_GAS_MAX, Call, Receipt
from simnet.scenario.facts import facts_of
from simnet.strategies.voting.voting import draw_gas
from tests.contracts_world import FEE, Batch, World, event
from tests.disputes import Courtroom, Dispute
from tests.panels import OPEN_VOTE, chain_of, next_round, seats_in, settle_in
from tests.small import scenario

COMPANY = 32
MEMBERS = [f"f{i}" for i in range(32)]
CLIENTS = [f"c{i}" for i in range(MAX_CLAIMS)]
CROWD = [f"challenger {i}" for i in range(COMPANY + MAX_CLAIMS - 1)]
BOND = 1


@pytest.fixture(scope="module")
def court() -> Courtroom:
    """Everybody that may have a part, challengers with their bonds and nothing else."""
    court = Courtroom(Dispute(arbiters=OPEN_VOTE, bond=BOND), full=MEMBERS)
    for who in CLIENTS:
        court.deposit(who, OPG)
    for who in CROWD:
        court.enrich(who, BOND)
    return court


def expected(strategy: str, claims: int, full: int) -> int:
    """What a scenario of these sizes is refused for if its blocks hold less."""
    sizes = {"inference": {"count": 2, "batch_size": claims}, "full": {"count": full}}
    made = scenario(strategy=strategy, nodes=sizes)
    return made.strategy.largest_call_gas(facts_of(made))


def challenged(court: Courtroom) -> Batch:
    """A batch of the most claims, each of another client, each challenged, one of them by a crowd."""
    vouchers = [court.voucher(who, "node", FEE) for who in CLIENTS]
    batch = court.post("node", court.claims(CLIENTS, fee=2 * FEE), vouchers)
    wanted = [0] * COMPANY + list(range(1, MAX_CLAIMS))
    calls = [
        Call(court.address(who), court.court, "challenge", (batch.id, 1 << i), Gas(300_000))
        for who, i in zip(CROWD, wanted, strict=True)
    ]
    assert all(receipt.ok for receipt in court.mine(calls).receipts)
    return batch


def resolved(court: Courtroom, batch: Batch, seats: dict[str, int], votes: Sequence[int]) -> Receipt:
    """The panel says this, seat by seat, and its vote is resolved."""
    ballots = [
        Call(court.address(who), court.court, "vote", (batch.id, seats[who], said), Gas(300_000))
        for who, said in zip(MEMBERS, votes, strict=True)
    ]
    assert all(receipt.ok for receipt in court.mine(ballots).receipts)
    return court.resolve(batch)


YES, NO = ([valid] * MAX_CLAIMS for valid in (True, False))
AGAINST = pack_votes(NO, YES)
DISSENT = {
    "nobody": [AGAINST] * 32,
    "a third, and loses stake": [pack_votes(YES, NO) if i % 3 == 0 else AGAINST for i in range(30)] + [AGAINST] * 2,
    "all, each about another claim": [AGAINST & ~(1 << 128 + i) for i in range(32)],
}


@pytest.mark.parametrize("votes", DISSENT.values(), ids=DISSENT.keys())
def test_the_largest_dispute_can_be_posted_drawn_and_resolved(court: Courtroom, votes: list[int]) -> None:
    point = court.chain.snapshot()
    batch = challenged(court)
    drawn = court.window_over(batch).ok("anyone", f"{court.court}.arbitrate", batch.id)
    receipt = resolved(court, batch, seats_in(court, drawn), votes)
    court.chain.revert_to(point)
    print(f"arbitrate {drawn.gas_used:,}, resolve {receipt.gas_used:,}")
    assert event(receipt, "BatchFinal")["rejected"] == MAX_CLAIMS
    assert drawn.gas_used < TRANSACTION_GAS_MAX
    assert receipt.gas_used < expected("optimistic", MAX_CLAIMS, len(MEMBERS)) < TRANSACTION_GAS_MAX


@pytest.mark.parametrize(("members", "claims"), [(3, 16), (3, 128), (32, 64), (128, 128)])
def test_a_vote_after_which_everything_falls_takes_no_more_than_scenarios_are_checked_for(
    members: int, claims: int
) -> None:
    who, clients = [f"f{i}" for i in range(members)], CLIENTS[:claims]
    world = World(verifier=OPEN_VOTE.spec())
    settle_in(world, who)
    for client in clients:
        world.deposit(client, OPG)
    vouchers = [world.voucher(client, "node", FEE) for client in clients]
    batch = world.post("node", world.claims(clients), vouchers)
    seats = seats_in(world, world.ok("anyone", "Committee.draw", batch.id))
    said = [pack_votes([False] * claims, [i % 4 > 0 or n != i % claims for n in range(claims)]) for i in range(members)]
    calls = [
        Call(world.address(name), "Committee", "vote", (batch.id, seats[name], words), Gas(300_000))
        for name, words in zip(who, said, strict=True)
    ]
    assert all(receipt.ok for receipt in world.mine(calls).receipts)
    world.later(OPEN_VOTE.commit_window_s + 1).tick()
    receipt = world.ok("anyone", "Committee.resolve", batch.id, batch.openings(*range(claims)), batch.charges)
    most = expected("full_reexecution", claims, members)
    assert most * 0.8 < receipt.gas_used < most


@pytest.mark.parametrize(("full", "seats"), [(10, 3), (128, 128), (160, 5), (160, 128)])
def test_a_draw_takes_no_more_than_scenarios_are_checked_for(full: int, seats: int) -> None:
    names = [f"f{i}" for i in range(full)]
    world = World(verifier=replace(OPEN_VOTE, size=seats).spec())
    settle_in(world, names)
    secrets = chain_of("seed")
    world.ok(names[0], "Beacon.join", secrets[0])
    batch = world.paid_batch("node", ["cleo"])
    next_round(world).ok(names[0], "Beacon.reveal", secrets[1])
    next_round(world).tick()
    drawn = world.ok("anyone", "Committee.draw", batch.id)
    print(f"{seats} of {full}: {drawn.gas_used:,}")
    assert draw_gas(full, seats) * 0.6 < drawn.gas_used < draw_gas(full, seats)
