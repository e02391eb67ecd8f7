"""Beacon: seeds that nobody knows before their round is over."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

import pytest

from nodes.adversaries.full.randomness import mixed
from tests.contracts_world import FULL, INFERENCE, World, event, hash_of
from tests.mutants import MUTANTS
from tests.panels import ROUND, chain_of


@pytest.fixture
def world() -> World:
    world = World()
    for name in ("flo", "fay"):
        world.stake(name, FULL)
        world.ok(name, "Beacon.join", chain_of(name)[0])
    return world


def to_round(world: World, number: int, offset: int = 0) -> World:
    genesis: int = world.read("Beacon.genesis")
    return world.at(genesis + number * ROUND + offset)


def this_round(world: World) -> int:
    number: int = world.read("Beacon.roundAt", world.now)
    return number


def test_rounds_are_counted_from_the_genesis(world: World) -> None:
    genesis = world.read("Beacon.genesis")
    assert [world.read("Beacon.roundAt", genesis + t) for t in (0, ROUND - 1, ROUND)] == [0, 0, 1]
    with pytest.raises(Exception, match="BeforeGenesis"):
        world.read("Beacon.roundAt", genesis - 1)


def test_a_seed_mixes_every_reveal_and_is_known_when_the_round_is_over(world: World) -> None:
    number = this_round(world) + 1
    to_round(world, number).ok("flo", "Beacon.reveal", chain_of("flo")[1])
    alone = event(world.ok("fay", "Beacon.reveal", chain_of("fay")[1]), "SecretRevealed")
    expected = mixed(
        mixed(bytes(32), world.address("flo"), chain_of("flo")[1]), world.address("fay"), chain_of("fay")[1]
    )
    assert (alone["round"], alone["mix"]) == (number, expected)
    to_round(world, number + 1, -1).tick()
    with pytest.raises(Exception, match="SeedNotReady"):
        world.read("Beacon.seedOf", number)
    to_round(world, number + 1).tick()
    assert world.read("Beacon.seedOf", number) == expected


@pytest.mark.parametrize("order", [*permutations(("flo", "fay", "fio"))])
def test_the_order_of_reveals_chooses_no_seed(world: World, order: tuple[str, ...]) -> None:
    world.stake("fio", FULL)
    world.ok("fio", "Beacon.join", chain_of("fio")[0])
    number = this_round(world) + 1
    to_round(world, number).tick()
    for name in order:
        world.ok(name, "Beacon.reveal", chain_of(name)[1])
    to_round(world, number + 1).tick()
    mix = bytes(32)
    for name in ("fay", "fio", "flo"):
        mix = mixed(mix, world.address(name), chain_of(name)[1])
    assert world.read("Beacon.seedOf", number) == mix


@pytest.mark.parametrize(
    ("mutant", "seeds"), [("", {1: 2, 2: 4, 3: 8}), ("order_of_reveals_counts", {1: 2, 2: 5, 3: 16})]
)
def test_the_last_to_reveal_choose_by_silence_alone(
    mutant: str, seeds: dict[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """How many seeds k of them can bring about, in whatever order; without the mend the order chose as well."""
    if mutant:
        MUTANTS[mutant].deploy_instead(monkeypatch)
    world = World()
    cartel = ("fia", "fib", "fic")
    for name in ("flo", *cartel):
        world.stake(name, FULL)
        world.ok(name, "Beacon.join", chain_of(name)[0])
    number = this_round(world) + 1
    to_round(world, number).ok("flo", "Beacon.reveal", chain_of("flo")[1])
    for last, expected in seeds.items():
        assert len(set(reachable(world, number, cartel[:last]))) == expected


def reachable(world: World, number: int, last: tuple[str, ...]) -> Iterator[bytes]:
    """Seeds of a round, for each choice of those who reveal last and each order."""
    for count in range(len(last) + 1):
        for order in permutations(last, count):
            point = world.chain.snapshot()
            for name in order:
                world.ok(name, "Beacon.reveal", chain_of(name)[1])
            to_round(world, number + 1).tick()
            yield world.read("Beacon.seedOf", number)
            world.chain.revert_to(point)


def test_a_copy_of_anothers_chain_does_not_undo_its_reveals(world: World) -> None:
    world.stake("copy", FULL)
    world.ok("copy", "Beacon.join", chain_of("flo")[0])
    number = this_round(world) + 1
    to_round(world, number).ok("flo", "Beacon.reveal", chain_of("flo")[1])
    both = event(world.ok("copy", "Beacon.reveal", chain_of("flo")[1]), "SecretRevealed")["mix"]
    assert both == mixed(
        mixed(bytes(32), world.address("flo"), chain_of("flo")[1]), world.address("copy"), chain_of("flo")[1]
    )
    assert any(both)


def test_a_round_without_reveals_has_no_seed_and_the_next_with_one_serves(world: World) -> None:
    number = this_round(world) + 1
    to_round(world, number + 3).ok("flo", "Beacon.reveal", chain_of("flo")[1])
    with pytest.raises(Exception, match="NoReveals"):
        world.read("Beacon.seedOf", number)
    with pytest.raises(Exception, match="SeedNotReady"):
        world.read("Beacon.seedAfter", number)
    to_round(world, number + 4).tick()
    assert world.read("Beacon.seedAfter", number) == world.read("Beacon.seedOf", number + 3)
    with pytest.raises(Exception, match="SeedNotReady"):
        world.read("Beacon.seedAfter", number + 3)


def test_a_node_reveals_once_a_round(world: World) -> None:
    number = this_round(world) + 1
    to_round(world, number).ok("flo", "Beacon.reveal", chain_of("flo")[1])
    assert world.fails("flo", "Beacon.reveal", chain_of("flo")[2]).error == "AlreadyRevealed"
    to_round(world, number + 1).ok("flo", "Beacon.reveal", chain_of("flo")[2])
    assert world.read("Beacon.tipOf", world.address("flo")) == chain_of("flo")[2]


def test_only_the_preimage_of_the_tip_is_taken(world: World) -> None:
    to_round(world, this_round(world) + 1).tick()
    for wrong in (chain_of("flo")[0], chain_of("flo")[2], hash_of("made up")):
        assert world.fails("flo", "Beacon.reveal", wrong).error == "WrongPreimage"


def test_who_joins_or_changes_its_chain_reveals_from_the_next_round_on(world: World) -> None:
    """Otherwise the last to speak could try chains until it likes the seed."""
    number = this_round(world) + 1
    to_round(world, number).ok("flo", "Beacon.join", chain_of("new")[0])
    assert world.fails("flo", "Beacon.reveal", chain_of("new")[1]).error == "AlreadyRevealed"
    to_round(world, number + 1).ok("flo", "Beacon.reveal", chain_of("new")[1])


def test_only_active_full_nodes_take_part(world: World) -> None:
    world.stake("ina", INFERENCE)
    world.stake("poor", FULL, 1)
    for who in ("ina", "poor", "nobody"):
        assert world.fails(who, "Beacon.join", hash_of("tip")).error == "NotActiveFullNode"
    world.stake("idle", FULL)
    assert world.fails("idle", "Beacon.reveal", hash_of("tip")).error == "NotJoined"
    world.ok("flo", "Staking.unbond", 10**22)
    to_round(world, this_round(world) + 1)
    assert world.fails("flo", "Beacon.reveal", chain_of("flo")[1]).error == "NotActiveFullNode"
