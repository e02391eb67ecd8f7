"""Disputes in the tests' hands: who challenges, what the arbiters say, who got what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chain.deploy import ProtocolParameters, VerifierSpec
from chain.quantities import BURN_ADDRESS, OPG
from chain.seam import Receipt
from tests.contracts_world import PARAMETERS, Batch, Committee, World, bits
from tests.panels import OPEN_VOTE, STAFF, seats_in, settle_in, votes_of

ARBITERS = STAFF[:3]
CROWD = ("ann", "bob", "cat")
WALLET = 10_000 * OPG


@dataclass(frozen=True)
class Dispute:
    """Parameters of the Optimistic contract; votes are open and all full nodes arbitrate unless told otherwise."""

    arbiters: Committee = OPEN_VOTE
    challenge_window_s: int = 30
    open_window_s: int = 0
    evidence_window_s: int = 0
    bond: int = 5 * OPG
    winner_share_bps: int = 5_000

    @property
    def rule(self) -> tuple[int, ...]:
        return self.challenge_window_s, self.open_window_s, self.evidence_window_s, self.bond, self.winner_share_bps

    @property
    def window_s(self) -> int:
        """From the post until something follows."""
        return self.challenge_window_s + self.open_window_s + self.evidence_window_s

    def spec(self) -> VerifierSpec:
        return VerifierSpec("Optimistic", (tuple(vars(self.arbiters).values()), self.rule))


class Courtroom(World):
    """A world with an inference node, a client, three full nodes, and a crowd with money for bonds."""

    def __init__(
        self,
        dispute: Dispute | None = None,
        verifier: VerifierSpec | None = None,
        full: Sequence[str] = ARBITERS,
        parameters: ProtocolParameters = PARAMETERS,
    ) -> None:
        self.dispute = dispute or Dispute()
        self.spec = verifier or self.dispute.spec()
        super().__init__(parameters, verifier=self.spec)
        settle_in(self, full)
        for who in CROWD:
            self.enrich(who)

    @property
    def court(self) -> str:
        """The verifying contract."""
        return self.spec.artifact

    def enrich(self, who: str, amount: int = WALLET) -> None:
        """Give somebody money for bonds."""
        self.give(who, amount)
        self.ok(who, "OPG.approve", self.chain.address_of(self.court), amount)

    def batch(self, claims: int = 1, tag: str = "") -> Batch:
        """A batch whose claims are all paid for."""
        return self.paid_batch("node", ["cleo"] * claims, tag=tag)

    def challenge(self, batch: Batch, who: str, *claims: int) -> Receipt:
        return self.ok(who, f"{self.court}.challenge", batch.id, bits(*claims))

    def window_over(self, batch: Batch) -> World:
        """Let the next block be the first in which the batch can be closed, if that isn't past."""
        closes: int = self.read("Settlement.batchOf", batch.id)[1] + self.dispute.window_s
        return self.at(max(closes, self.now) + 1)

    def finalise(self, batch: Batch, *proven: int) -> Receipt:
        charges = batch.charges if proven else []
        return self.ok("anyone", f"{self.court}.finalise", batch.id, batch.openings(*proven), charges)

    def arbitrate(self, batch: Batch, said: Mapping[str, str]) -> Receipt:
        """Call the arbiters, have them say this of all claims in the batch, and resolve."""
        seats = seats_in(self, self.window_over(batch).ok("anyone", f"{self.court}.arbitrate", batch.id))
        for who, words in said.items():
            self.ok(who, f"{self.court}.vote", batch.id, seats[who], votes_of(words))
        return self.resolve(batch)

    def resolve(self, batch: Batch) -> Receipt:
        self.later(self.dispute.arbiters.commit_window_s + 1).tick()
        _, rejected, voided, _ = self.read(f"{self.court}.tally", batch.id)
        fallen = [i for i in range(len(batch.claims)) if (rejected | voided) >> i & 1]
        return self.ok("anyone", f"{self.court}.resolve", batch.id, batch.openings(*fallen), batch.charges)

    def wallets(self, *names: str) -> Counter[str]:
        """What these hold, and what is burned and bonded."""
        held = Counter({name: self.balance(name) for name in names})
        held["burned"] = self.balance(BURN_ADDRESS)
        held["court"] = self.balance(self.court)
        return held


def gains(before: Counter[str], after: Counter[str]) -> dict[str, int]:
    """Who has more or less than before, and by how much."""
    return {name: after[name] - before[name] for name in after if after[name] != before[name]}


def everybody(words: str, who: Sequence[str] = ARBITERS) -> dict[str, str]:
    return dict.fromkeys(who, words)
