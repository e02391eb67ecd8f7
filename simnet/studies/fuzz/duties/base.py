"""What honest participants do under each verification contract, as soon as it is due, and what they bring about.

They know nothing but what they would know: they execute claims themselves, see the trees that are posted, and read
events. `attend` is called after everything that happens; it says when it wants to be called again by asking whether
a time is past.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from chain.formats.claims import MAX_CLAIMS, Claim
from chain.hashing import keccak
from chain.quantities import OPG, Hash32, Wei
from simnet.studies.fuzz.arena import PARAMETERS, digest
from simnet.studies.fuzz.cast import WATCHER
from simnet.studies.fuzz.posted import Batch
from simnet.studies.fuzz.table import Table

GRACE_S = 30
"""How long keepers wait, so that others can come first."""

SALT = bytes(31) + b"s"
LINKS = 20_000
FEE = Wei(OPG // 50)


@cache
def chain_of(name: str) -> list[bytes]:
    """A hash chain: the tip, then the preimage of each link after it."""
    links = [digest("secret", name)]
    for _ in range(LINKS):
        links.append(keccak(links[-1]))
    return links[::-1]


class Unverified:
    """Batches become final by themselves. Base of all: points out malformed trees, and sees to it that batches end."""

    needs_seeds = False
    """Whether somebody must feed the beacon all the time."""

    def __init__(self, machine: Table) -> None:
        self.machine = machine
        self.verifier = machine.arena.setting.verifier_name
        self.fed = 0
        """Links of its chain that the watcher has revealed."""
        self.fed_rounds: dict[int, None] = {}

    def begin(self) -> None:
        """Do what comes before anything else."""
        self.machine.honest(WATCHER, "Beacon.join", chain_of(WATCHER)[0])
        self.joined = self.round_at(self.machine.arena.now)

    # ---- claims ----

    def right(self, claim: Claim, node: str) -> tuple[Claim, bytes]:
        """A claim as it is if its node executed the model, and its result."""
        return replace(claim, output_hash=Hash32(digest("output", claim.model, claim.input_hash))), b""

    def wrong(self, claim: Claim, node: str, salt: object) -> tuple[Claim, bytes]:
        """One whose output is made up, and a made-up result."""
        return replace(self.right(claim, node)[0], output_hash=Hash32(digest("made up", salt))), b""

    def is_right(self, claim: Claim, node: str) -> bool:
        """Whether a claim is what an honest node would have made of its task."""
        return claim.output_hash == digest("output", claim.model, claim.input_hash)

    def room(self, node: str) -> int:
        """How many right claims a node can still make."""
        return MAX_CLAIMS

    def promised(self, batch: Batch) -> int:
        """Claims of a batch that must fall before it is final, as bits."""
        return 0

    def pays(self, batch: Batch) -> bool:
        """Whether a batch may be paid for, if it holds claims that are not to be had."""
        return True

    # ---- duties ----

    def attend(self, batch: Batch) -> None:
        """Do what is due about an open batch."""
        if batch.malformed is not None and batch.once("malformed"):
            position = batch.malformed
            self.send(WATCHER, "Settlement.proveMalformed", batch, batch.opening(position), position, batch.charges)
        if self.is_past(batch.posted_at + PARAMETERS.expiry_s + GRACE_S) and batch.once("void"):
            self.send(WATCHER, "Settlement.voidBatch", batch, batch.charges)
        self.verify(batch)

    def verify(self, batch: Batch) -> None:
        """Do what is due about a batch, also one whose tree nobody was allowed to call malformed."""
        if self.is_past(batch.posted_at + PARAMETERS.finality_delay_s + GRACE_S):
            self.conclude(batch, "Settlement.finalise", batch.proven)

    def end(self) -> None:
        """Do what is left to do when nothing more happens."""

    def watch(self) -> None:
        """Do what is due about no batch in particular."""
        if self.needs_seeds:
            self.feed()

    def feed(self) -> None:
        """Reveal a secret of the beacon in the present round."""
        now = self.machine.arena.now + 1
        current = self.round_at(now)
        if current <= self.joined or current in self.fed_rounds:
            return
        self.fed_rounds[current] = None
        self.fed += 1
        self.machine.honest(WATCHER, "Beacon.reveal", chain_of(WATCHER)[self.fed])

    def round_at(self, timestamp: int) -> int:
        """Round of the beacon."""
        return (timestamp - self.machine.beacon_genesis) // PARAMETERS.beacon_round_s

    def seed_ready(self, batch: Batch) -> bool:
        """Whether there is a seed that nobody knew when the batch was posted; sees to it that there will be one."""
        genesis, length = self.machine.beacon_genesis, PARAMETERS.beacon_round_s
        first = self.round_at(batch.posted_at) + 1
        if not self.is_past(genesis + first * length):
            return False
        if not any(number in self.fed_rounds for number in range(first, self.round_at(self.machine.arena.now) + 1)):
            self.feed()
        fed = next(number for number in self.fed_rounds if number >= first)
        return self.is_past(genesis + (fed + 1) * length)

    # ---- helpers ----

    def is_past(self, timestamp: int) -> bool:
        """Whether a time is past; if not, `attend` is called again just after it."""
        if self.machine.arena.now > timestamp:
            return True
        self.machine.alarms.add(timestamp + 1)
        return False

    def send(self, who: str, target: str, batch: Batch, *args: Any) -> bool:
        """An honest participant calls something about a batch, unless it is final; whether it was accepted."""
        return batch.is_open and self.machine.honest(who, target, batch.id, *args)

    def conclude(self, batch: Batch, target: str, fallen: int) -> None:
        """Call what makes a batch final, with the claims that fell, if they can be opened or all are void."""
        openable = not fallen & ~batch.in_place or fallen == batch.everything
        if openable and not batch.is_neglected and batch.once("conclude", target, fallen):
            self.send(WATCHER, target, batch, batch.openings(fallen), batch.charges)
