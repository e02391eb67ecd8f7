"""Gas at the largest sizes that contracts take: each call fits a transaction (EIP-7825)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from chain.formats.claims import MAX_CLAIMS, ClaimTree, pack_votes
from chain.quantities import OPG, Gas
from chain.seam import TRANSACTION_GAS_MAX, Call, Receipt
from simnet.scenario.facts import facts_of
from simnet.strategies.voting.secret_seed_duty import SHOW_GAS, paying_gas
from simnet.strategies.voting.voting import draw_gas
from tests.chain.contracts.test_contracts_indexed import Indexed
from tests.chain.contracts.test_contracts_indexed import Rule as IndexedRule
from tests.chain.contracts.test_contracts_secret_seed import Rule as SeedRule
from tests.chain.contracts.test_contracts_secret_seed import Seeded
from tests.contracts_world import FEE, Batch, Committee, World, event, events, hash_of
from tests.disputes import Courtroom, Dispute
from tests.panels import OPEN_VOTE, Beaconed, Sampling, chain_of, close, draw, next_round, seats_in, settle_in
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


def expected(strategy: str | dict[str, object], claims: int, full: int) -> int:
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


MAX_BATCHES = 256
FULL_NODES = [f"f{i}" for i in range(128)]


SIZES = pytest.mark.parametrize(("full", "claims"), [(8, 8), (128, 128)])
"""Full nodes, all of them members, and claims: a scenario is refused if its blocks hold less than its sizes need."""


def paid_by_all(world: World, claims: int) -> Batch:
    """A batch of so many claims, each of another client."""
    clients = CLIENTS[:claims]
    for who in clients:
        world.deposit(who, OPG)
    vouchers = [world.voucher(who, "node", FEE) for who in clients]
    return world.post("node", world.claims(clients, fee=2 * FEE), vouchers)


def sat(world: World, contract: str, batch: Batch, seats: dict[str, int]) -> Receipt:
    """The members let all claims fall, each silent about another, and it is resolved."""
    claims = len(batch.claims)
    against = pack_votes([False] * claims, [True] * claims)
    said = [against & ~(1 << 128 + i % claims) for i in range(len(seats))]
    calls = [
        Call(world.address(who), contract, "vote", (batch.id, seat, votes), Gas(300_000))
        for (who, seat), votes in zip(seats.items(), said, strict=True)
    ]
    assert all(receipt.ok for receipt in world.mine(calls).receipts)
    world.later(OPEN_VOTE.commit_window_s + 1).tick()
    return world.ok("anyone", f"{contract}.resolve", batch.id, batch.openings(*range(claims)), batch.charges)


@SIZES
def test_the_largest_batch_of_reports_can_be_resolved(full: int, claims: int) -> None:
    """All full nodes report, all wrongly, and up to 32 arbiters let every claim fall."""
    rule, names, arbiters = SeedRule(epoch_s=1_000, report_window_s=100), FULL_NODES[:full], min(32, full)
    world = Seeded(rule, names, Committee(size=arbiters, commit_reveal=False))
    world.ok(FULL_NODES[0], "Beacon.join", (secrets := chain_of("seed"))[0])
    batch = paid_by_all(world, claims)
    world.send_all([world.call(who, "SecretSeed.report", batch.id, 1 << i) for i, who in enumerate(names)])
    world.later(rule.report_window_s + 1).tick()
    next_round(world).ok(FULL_NODES[0], "Beacon.reveal", secrets[1])
    next_round(world).tick()
    drawn = world.ok("anyone", "SecretSeed.arbitrate", batch.id)
    receipt = sat(world, "SecretSeed", batch, seats_in(world, drawn))
    print(f"SecretSeed: arbitrate {drawn.gas_used:,}, resolve {receipt.gas_used:,}")
    assert len(events(receipt, "Slashed")) == 1 + full
    most = expected({"kind": "secret_seed_duty", "arbiters": arbiters}, claims, full)
    assert max(drawn.gas_used, receipt.gas_used) < most < TRANSACTION_GAS_MAX


@pytest.mark.parametrize("full", [8, 128])
def test_an_epoch_of_the_most_batches_can_be_shown_and_paid(full: int) -> None:
    """256 batches, some of them the duty of each full node, all of whom keep it."""
    names = FULL_NODES[:full]
    rule = SeedRule(
        probability=10**9 // 64, epoch_s=6_000, report_window_s=2_000, settle_window_s=3_000, seed_window_s=300
    )
    world = Seeded(rule, names)
    batches = [world.paid_batch("node", ["cleo"], tag=str(i)) for i in range(MAX_BATCHES)]
    for who in names:
        due = [batch for batch in batches if world.has_duty(who, batch)]
        world.send_all([world.call(who, "SecretSeed.report", batch.id, 0) for batch in due])
    world.close(*batches)
    world.show_time().tick()
    shown = [world.ok(who, "SecretSeed.showSeed", 1, world.seed_of(who, 1)) for who in names]
    most = max(receipt.gas_used for receipt in shown)
    world.at(world.read("SecretSeed.shownFrom", 1) + rule.seed_window_s)
    paid = world.ok("anyone", "SecretSeed.payEpoch", 1)
    print(f"SecretSeed: showSeed {most:,}, payEpoch {paid.gas_used:,} to {len(events(paid, 'Rewarded'))}")
    assert len(events(paid, "Rewarded")) > full * 0.8
    assert most < SHOW_GAS
    assert paid.gas_used < paying_gas(full)
    assert (
        max(SHOW_GAS, paying_gas(full))
        <= expected({"kind": "secret_seed_duty", "arbiters": 2}, 1, full)
        < TRANSACTION_GAS_MAX
    )


@SIZES
def test_the_largest_round_of_commitments_can_be_drawn_and_resolved(full: int, claims: int) -> None:
    """All are members, of whom half have another root, and up to 32 arbiters let every claim fall."""
    rule, names, arbiters = (
        IndexedRule(members=full, submit_window_s=200, show_window_s=200),
        FULL_NODES[:full],
        min(32, full),
    )
    world = Indexed(rule, names, Committee(size=arbiters, commit_reveal=False))
    batch = paid_by_all(world, claims)
    drawn = world.draw(batch)
    roots: dict[str, bytes] = {who: ClaimTree(batch.claims).root for who in names}
    roots |= {who: hash_of("another", who) for who in names[: full // 2]}
    world.agree(roots)
    sent = world.conclude(batch)
    receipt = sat(world, "IndexedCommitment", batch, seats_in(world, sent))
    print(f"IndexedCommitment: draw {drawn.gas_used:,}, conclude {sent.gas_used:,}, resolve {receipt.gas_used:,}")
    assert len(events(receipt, "Slashed")) == 1 + full // 2
    strategy = {"kind": "indexed_commitment", "size": full, "arbiters": arbiters, "comparator": "bitwise"}
    assert max(drawn.gas_used, sent.gas_used, receipt.gas_used) < expected(strategy, claims, full) < TRANSACTION_GAS_MAX


@SIZES
def test_the_largest_sample_can_be_drawn_disputed_and_resolved(full: int, claims: int) -> None:
    """All claims are drawn; half of the full nodes accept them as validators, half let them fall as arbiters."""
    half = full // 2
    court = Committee(size=half, commit_reveal=False)
    rule = replace(Sampling(), arbiters=court, validators=half, accept_numerator=2, accept_denominator=3)
    world = Beaconed(rule, FULL_NODES[:full])
    batch = paid_by_all(world, claims)
    drawn = draw(world, batch)
    first = seats_in(world, drawn)
    said = [pack_votes([i % 2 == 0] * claims, [i % 2 == 1] * claims) for i in range(half)]
    calls = [
        Call(world.address(who), "Sampling", "vote", (batch.id, seat, votes), Gas(300_000))
        for (who, seat), votes in zip(first.items(), said, strict=True)
    ]
    assert all(receipt.ok for receipt in world.mine(calls).receipts)
    disputed = close(world, batch)
    receipt = sat(world, "Sampling", batch, seats_in(world, disputed))
    print(f"Sampling: draw {drawn.gas_used:,}, dispute {disputed.gas_used:,}, resolve {receipt.gas_used:,}")
    most = expected({"kind": "posp", "probability": 1.0, "validators": half, "arbiters": half}, claims, full)
    assert max(drawn.gas_used, disputed.gas_used, receipt.gas_used) < most < TRANSACTION_GAS_MAX
