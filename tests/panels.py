"""Panels in the tests' hands, whichever contract they sit for: the beacon's rounds, seats, votes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from eth_hash.auto import keccak

from chain.deploy import VerifierSpec
from chain.formats.claims import pack_votes
from chain.quantities import OPG
from chain.seam import Receipt
from tests.contracts_world import FULL, PARAMETERS, Batch, Committee, World, event, hash_of

ROUND = PARAMETERS.beacon_round_s
YES, NO = "yes", "no"
STAFF = ("fa", "fb", "fc", "fd", "fe")
OPEN_VOTE = Committee(size=0, commit_reveal=False)


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


@dataclass(frozen=True)
class Sampling:
    """Parameters of the Sampling contract; votes are open unless those of the arbiters say otherwise."""

    arbiters: Committee = OPEN_VOTE
    probability: int = 10**9
    validators: int = 1
    accept_numerator: int = 1
    accept_denominator: int = 1
    streak: int = 0

    def spec(self) -> VerifierSpec:
        own = (self.probability, self.validators, self.accept_numerator, self.accept_denominator, self.streak)
        return VerifierSpec("Sampling", (tuple(vars(self.arbiters).values()), own))


class Beaconed(World):
    """A world under Sampling whose first full node feeds the beacon, round after round."""

    def __init__(self, sampling: Sampling, full: Sequence[str] = STAFF, secret: str = "one") -> None:
        super().__init__(verifier=sampling.spec())
        settle_in(self, full)
        self.feeder = full[0]
        self.secrets = chain_of(secret, 64)
        self.ok(self.feeder, "Beacon.join", self.secrets.pop(0))

    def seed(self) -> None:
        """Let a round pass in which a secret is revealed, and be over."""
        next_round(self).ok(self.feeder, "Beacon.reveal", self.secrets.pop(0))
        next_round(self).tick()


def draw(world: Beaconed, batch: Batch) -> Receipt:
    """Draw a batch's claims and validators as soon as there is a seed."""
    world.seed()
    return world.ok("anyone", "Sampling.draw", batch.id, [], [])


def vote(world: World, batch: Batch, said: Mapping[str, str], seats: Mapping[str, int]) -> list[Receipt]:
    """Openly say these words from these seats."""
    return [world.ok(who, "Sampling.vote", batch.id, seats[who], votes_of(words)) for who, words in said.items()]


def close(world: World, batch: Batch) -> Receipt:
    """Resolve as the tally has it, when everybody's time is over."""
    world.later(OPEN_VOTE.commit_window_s + OPEN_VOTE.reveal_window_s + 1).tick()
    _, rejected, voided, resolvable = world.read("Sampling.tally", batch.id)
    assert resolvable
    arbiters_sit = world.read("Sampling.panelOf", batch.id)[4] > 0
    fallen = [i for i in range(len(batch.claims)) if (rejected | voided) >> i & 1] if arbiters_sit or not voided else []
    return world.ok("anyone", "Sampling.resolve", batch.id, batch.openings(*fallen), batch.charges if fallen else [])
