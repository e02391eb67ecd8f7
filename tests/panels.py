"""Panels in the tests' hands, whichever contract they sit for: the beacon's rounds, seats, votes."""

from __future__ import annotations

from collections.abc import Sequence

from eth_hash.auto import keccak

from chain.claims import pack_votes
from chain.quantities import OPG
from chain.seam import Receipt
from tests.contracts_world import FULL, PARAMETERS, World, event, hash_of

ROUND = PARAMETERS.beacon_round_s
YES, NO = "yes", "no"


def chain_of(name: str, length: int = 8) -> list[bytes]:
    """A hash chain, tip first: each element is the hash of the next."""
    links = [hash_of("beacon", name)]
    for _ in range(length):
        links.append(keccak(links[-1]))
    return links[::-1]


def settle_in(world: World, full: Sequence[str]) -> None:
    """Give the world an inference node, a client, and full nodes of equal stake."""
    world.stake("node")
    world.deposit("cleo", 100 * OPG)
    for name in full:
        world.stake(name, FULL)


def next_round(world: World, rounds: int = 1) -> World:
    """Let the next block be the first of a later round."""
    genesis = world.read("Beacon.genesis")
    return world.at(genesis + (world.read("Beacon.roundAt", world.now) + rounds) * ROUND)


def votes_of(said: str) -> int:
    """Votes on one claim for each word: yes, no, or anything else to abstain."""
    words = said.split()
    return pack_votes([word == YES for word in words], [word == NO for word in words])


def seats_in(world: World, receipt: Receipt) -> dict[str, int]:
    """Each member's seat by name, from the transaction that drew them."""
    drawn = event(receipt, "CommitteeDrawn")
    names = {world.address(name): name for name in list(world._keys)}
    return {names[address]: drawn["firstSeat"] + i for i, address in enumerate(drawn["members"])}
