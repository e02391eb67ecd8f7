"""Gas of each call, in the situation a run meets most.

``pytest -s tests/chain/contracts/test_contracts_gas.py`` prints the table.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, chain
from typing import TypeAlias

from eth_hash.auto import keccak

from chain.formats.claims import pack_votes, vote_commitment
from chain.quantities import NO_DEADLINE, OPG
from chain.seam import Receipt
from tests.contracts_world import FULL, PARAMETERS, Batch, Committee, World, event, hash_of
from tests.panels import YES, Beaconed, Sampling, close, draw, seats_in, vote

CEILINGS = {
    "OPG.transfer": 60_000,
    "Staking.stake": 130_000,
    "Staking.unbond": 80_000,
    "Staking.withdraw": 50_000,
    "ModelRegistry.register": 50_000,
    "Settlement.deposit": 73_000,
    "Settlement.requestWithdrawal": 35_000,
    "Settlement.withdraw": 52_000,
    "Settlement.postBatch, no voucher": 110_000,
    "Settlement.postBatch, 20 new vouchers": 900_000,
    "Settlement.postBatch, 20 known vouchers": 560_000,
    "Settlement.proveEquivocation": 150_000,
    "Beacon.join": 85_000,
    "Beacon.reveal, first of a round": 67_000,
    "Committee.draw, 5 of 7": 270_000,
    "Committee.draw, 5 of 40": 530_000,
    "Committee.commit": 78_000,
    "Committee.reveal": 44_000,
    "Committee.resolve, 20 accepted": 320_000,
    "Committee.resolve, 1 of 20 rejected": 340_000,
    "Committee.resolve, 20 void": 320_000,
    "Sampling.draw, none of 20": 133_000,
    "Sampling.draw, none of 128": 169_000,
    "Sampling.draw, some of 128": 225_000,
    "Sampling.vote": 80_000,
    "Sampling.resolve, accepted": 161_000,
    "Sampling.resolve, disputed before 7": 295_000,
    "Sampling.resolve, rejected by 7": 486_000,
}

CLIENTS = [f"c{i}" for i in range(20)]
FULL_NODES = [f"f{i}" for i in range(7)]
SECRETS = list(accumulate(range(8), lambda secret, _: keccak(secret), initial=hash_of("secret")))

Steps: TypeAlias = Iterator[tuple[str, Receipt]]


def measured() -> Steps:
    """Every call of the table, by name."""
    world = World(verifier=Committee(size=5).spec())
    world.stake("node")
    for name in FULL_NODES:
        world.stake(name, FULL)
    for client in CLIENTS:
        world.deposit(client, OPG)
    yield from money(world)
    yield from vouchers(world)
    yield "Beacon.join", world.ok("f0", "Beacon.join", SECRETS[-1])
    yield from judged(world, "Committee.resolve, 20 accepted", wrong=[])
    yield from judged(world, "Committee.resolve, 20 void", wrong=None)
    yield from judged(world, "Committee.resolve, 1 of 20 rejected", wrong=[3])
    world.later(PARAMETERS.jail_period_s).ok("node", "Staking.unjail")
    for i in range(7, 40):
        world.stake(f"f{i}", FULL)
    yield from drawn(world, world.paid_batch("node", CLIENTS, tag="large"), "Committee.draw, 5 of 40")


def money(world: World) -> Steps:
    world.give("new", 10_000 * OPG)
    yield "OPG.transfer", world.ok("deployer", "OPG.transfer", world.address("newer"), OPG)
    for contract in ("Staking", "Settlement"):
        world.ok("new", "OPG.approve", world.chain.address_of(contract), 2**256 - 1)
    yield "Staking.stake", world.ok("new", "Staking.stake", 1, 2_000 * OPG)
    yield "Staking.unbond", world.ok("new", "Staking.unbond", OPG)
    yield "Staking.withdraw", world.later(PARAMETERS.unbonding_s).ok("new", "Staking.withdraw")
    yield "ModelRegistry.register", world.ok("new", "ModelRegistry.register", hash_of("m"), "digits_mlp", 18_944)
    yield "Settlement.deposit", world.ok("new", "Settlement.deposit", OPG)
    yield "Settlement.requestWithdrawal", world.ok("new", "Settlement.requestWithdrawal", OPG // 2)
    yield "Settlement.withdraw", world.later(PARAMETERS.withdrawal_delay_s).ok("new", "Settlement.withdraw")


def vouchers(world: World) -> Steps:
    for name, root, signed in (
        ("no voucher", "a", []),
        ("20 new vouchers", "b", [world.voucher(client, "node", 1) for client in CLIENTS]),
        ("20 known vouchers", "c", [world.voucher(client, "node", 2) for client in CLIENTS]),
    ):
        yield (
            f"Settlement.postBatch, {name}",
            world.ok("node", "Settlement.postBatch", hash_of(root), 20, signed, NO_DEADLINE),
        )
    batch = world.paid_batch("node", CLIENTS, tag="equivocation")
    told = world.answer("node", batch.claims[0], output_hash=hash_of("told"))
    proof = (batch.id, batch.opening(0), *told)
    yield "Settlement.proveEquivocation", world.ok("c0", "Settlement.proveEquivocation", *proof)
    world.later(PARAMETERS.jail_period_s).ok("node", "Staking.unjail")


def judged(world: World, name: str, wrong: list[int] | None) -> Steps:
    """A batch from its post to its end; `wrong` claims are rejected, or everybody abstains."""
    batch = world.paid_batch("node", CLIENTS, tag=name)
    yield from drawn(world, batch, "Committee.draw, 5 of 7")
    names = {world.address(who): who for who in FULL_NODES}
    members = [names[world.read("Committee.seatOf", batch.id, seat)[0]] for seat in range(5)]
    valid = [wrong is not None and i not in wrong for i in range(20)]
    votes = pack_votes(valid, [wrong is not None and i in wrong for i in range(20)])
    for seat, who in enumerate(members):
        commitment = vote_commitment(batch.id, world.address(who), votes, bytes(32))
        commit_by = world.read("Committee.panelOf", batch.id)[0]
        yield "Committee.commit", world.ok(who, "Committee.commit", batch.id, seat, commit_by, commitment)
    for seat, who in enumerate(members):
        yield "Committee.reveal", world.ok(who, "Committee.reveal", batch.id, seat, votes, bytes(32))
    opened = batch.openings(*(wrong or []))
    yield name, world.ok("anyone", "Committee.resolve", batch.id, opened, batch.charges)


def drawn(world: World, batch: Batch, name: str) -> Steps:
    """Reveal a seed and draw the committee."""
    tip = world.read("Beacon.tipOf", world.address("f0"))
    secret = SECRETS[SECRETS.index(tip) - 1]
    world.later(PARAMETERS.beacon_round_s)
    yield "Beacon.reveal, first of a round", world.ok("f0", "Beacon.reveal", secret)
    world.later(PARAMETERS.beacon_round_s).tick()
    yield name, world.ok("anyone", "Committee.draw", batch.id)


def sampled() -> Steps:
    """Batches under Sampling: without a check, with checks that pass, with a dispute."""
    for size in (20, 128):
        world, batch = under_sampling(Sampling(probability=0), size)
        yield f"Sampling.draw, none of {size}", draw(world, batch)
    world, batch = under_sampling(Sampling(probability=10**9 // 25), 128)
    yield "Sampling.draw, some of 128", (receipt := draw(world, batch))
    drawn = event(receipt, "Sampled")["claims"]
    words = " ".join(YES if drawn >> i & 1 else "-" for i in range(128))
    for voted in vote(world, batch, dict.fromkeys(seats_in(world, receipt), words), seats_in(world, receipt)):
        yield "Sampling.vote", voted
    yield "Sampling.resolve, accepted", close(world, batch)
    world, batch = under_sampling(Sampling(), 20)
    seats = seats_in(world, draw(world, batch))
    vote(world, batch, dict.fromkeys(seats, "yes yes yes no" + " yes" * 16), seats)
    yield "Sampling.resolve, disputed before 7", (disputed := close(world, batch))
    vote(world, batch, dict.fromkeys(FULL_NODES, "- - - no"), seats_in(world, disputed))
    yield "Sampling.resolve, rejected by 7", close(world, batch)


def under_sampling(sampling: Sampling, size: int) -> tuple[Beaconed, Batch]:
    """A world with as many full nodes as elsewhere in the table, and a batch of 20 clients'."""
    world = Beaconed(sampling, FULL_NODES)
    for client in CLIENTS:
        world.deposit(client, OPG)
    return world, world.paid_batch("node", [CLIENTS[i % 20] for i in range(size)])


def test_no_call_costs_more_than_it_did() -> None:
    table: dict[str, int] = {}
    for name, receipt in chain(measured(), sampled()):
        table[name] = max(table.get(name, 0), receipt.gas_used)
    print("\n" + "\n".join(f"{name:<45}{gas:>10,}" for name, gas in table.items()))
    assert {name: gas for name, gas in table.items() if gas > CEILINGS[name]} == {}
    assert table.keys() == CEILINGS.keys()
