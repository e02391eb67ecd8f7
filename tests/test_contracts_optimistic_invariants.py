"""Whatever is challenged, judged and expires in whatever order: no bond appears, vanishes or leaves twice."""

from __future__ import annotations

from collections import Counter

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from chain.quantities import OPG
from chain.seam import Receipt
from tests.contracts_world import Batch, event, events
from tests.disputes import Dispute
from tests.test_contracts_invariants import CLIENTS, COMMITTEE_OF_ALL, JUDGES, WORKERS, ProtocolMachine

DISPUTE = Dispute(COMMITTEE_OF_ALL, challenge_window_s=60, bond=7, winner_share_bps=3_333)


class DisputeMachine(ProtocolMachine):
    """Clients, nodes and judges who also challenge, each with little money for it."""

    verifier = DISPUTE.spec()
    seats = len(JUDGES)
    challengers = (*CLIENTS, *WORKERS, *JUDGES)

    def __init__(self) -> None:
        super().__init__()
        self.bonds: Counter[bytes] = Counter()
        for who in self.challengers:
            self.world.give(who, OPG)
            self.world.ok(who, "OPG.approve", self.world.chain.address_of(self.verifier.artifact), 10**30)

    @property
    def court(self) -> str:
        return self.verifier.artifact

    def note(self, receipt: Receipt) -> None:
        super().note(receipt)
        for decided in events(receipt, "ChallengeDecided"):
            assert decided["won"] & decided["lost"] == 0
            assert decided["forfeited"] == DISPUTE.bond * decided["lost"].bit_count()
            assert decided["reward"] == 0 or decided["won"]
            self.bonds[decided["batch"]] = 0
        for compensated in events(receipt, "Compensated"):
            assert compensated["batch"] in self.finals

    def draw(self, batch: Batch) -> None:
        self.world.later(DISPUTE.window_s + 1)
        self.world.send("anyone", f"{self.court}.arbitrate", batch.id)

    @precondition(lambda self: self.open_batches())
    @rule(data=st.data(), who=st.sampled_from(challengers), claims=st.integers(0, 15))
    def challenge(self, data: st.DataObject, who: str, claims: int) -> None:
        batch = data.draw(st.sampled_from(self.open_batches()))
        receipt = self.world.send(who, f"{self.court}.challenge", batch.id, claims)
        if receipt.ok:
            self.bonds[batch.id] += event(receipt, "Challenged")["bonded"]

    @precondition(lambda self: self.open_batches())
    @rule(data=st.data())
    def finalise(self, data: st.DataObject) -> None:
        batch = data.draw(st.sampled_from(self.open_batches()))
        proven = self.world.read("Settlement.batchOf", batch.id)[7]
        opened = batch.openings(*(i for i in range(len(batch.claims)) if proven >> i & 1))
        receipt = self.world.send("anyone", f"{self.court}.finalise", batch.id, opened, batch.charges)
        assert not (receipt.ok and self.bonds[batch.id]), "a batch in dispute became final"
        self.note(receipt)

    @precondition(lambda self: self.batches)
    @rule(data=st.data())
    def reclaim(self, data: st.DataObject) -> None:
        batch = data.draw(st.sampled_from(self.batches))
        receipt = self.world.send("anyone", f"{self.court}.reclaim", batch.id)
        assert receipt.ok is (batch.id in self.finals and self.bonds[batch.id] > 0)
        self.note(receipt)

    def pool(self) -> int:
        bonded: int = self.world.read(f"{self.court}.bonded")
        return bonded

    @invariant()
    def bonds_are_those_of_the_challenges_that_are_undecided(self) -> None:
        assert self.world.read(f"{self.court}.bonded") == sum(self.bonds.values())
        for batch in self.batches:
            made = self.world.read(f"{self.court}.challengesOf", batch.id)
            assert sum(DISPUTE.bond * claims.bit_count() for _, claims in made) == self.bonds[batch.id]


TestDisputes = DisputeMachine.TestCase
TestDisputes.settings = settings(
    max_examples=30, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
