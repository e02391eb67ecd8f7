"""Whatever is challenged, judged and expires in whatever order: no bond appears, vanishes or leaves twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from chain.formats.claims import vote_commitment
from chain.quantities import OPG
from chain.seam import Receipt
from tests.chain.contracts.test_contracts_invariants import CLIENTS, COMMITTEE_OF_ALL, JUDGES, WORKERS, ProtocolMachine
from tests.contracts_world import Batch, event, events
from tests.disputes import Dispute

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

    def sealed(self) -> int:
        """Bonds of challenges that are sealed."""
        return 0

    @invariant()
    def bonds_are_those_of_the_challenges_that_are_undecided(self) -> None:
        assert self.world.read(f"{self.court}.bonded") == sum(self.bonds.values()) + self.sealed()
        for batch in self.batches:
            made = self.world.read(f"{self.court}.challengesOf", batch.id)
            assert sum(DISPUTE.bond * claims.bit_count() for _, claims in made) == self.bonds[batch.id]


class SealedMachine(DisputeMachine):
    """The same with challenges that are sealed, opened or not, and forfeited."""

    verifier = replace(DISPUTE, open_window_s=60).spec()

    def __init__(self) -> None:
        super().__init__()
        self.seals: dict[tuple[bytes, str], int] = {}

    def draw(self, batch: Batch) -> None:
        self.world.later(2 * DISPUTE.window_s + 1)
        self.world.send("anyone", f"{self.court}.arbitrate", batch.id)

    @precondition(lambda self: self.open_batches())
    @rule(data=st.data(), who=st.sampled_from(DisputeMachine.challengers), claims=st.integers(1, 15))
    def seal(self, data: st.DataObject, who: str, claims: int) -> None:
        batch = data.draw(st.sampled_from(self.open_batches()))
        commitment = vote_commitment(batch.id, self.world.address(who), claims, bytes(32))
        sealing = (batch.id, commitment, claims.bit_count())
        if self.world.send(who, f"{self.court}.sealChallenge", *sealing).ok:
            assert (batch.id, who) not in self.seals
            self.seals[batch.id, who] = claims

    @precondition(lambda self: self.seals)
    @rule(data=st.data(), wait=st.sampled_from([0, DISPUTE.window_s]))
    def unseal(self, data: st.DataObject, wait: int) -> None:
        batch, who = data.draw(st.sampled_from(sorted(self.seals)))
        claims = self.seals[batch, who]
        self.world.later(wait + 1)
        receipt = self.world.send(who, f"{self.court}.openChallenge", batch, claims, bytes(32))
        if receipt.ok:
            del self.seals[batch, who]
            self.bonds[batch] += event(receipt, "Challenged")["bonded"]

    @precondition(lambda self: self.seals)
    @rule(data=st.data())
    def forfeit(self, data: st.DataObject) -> None:
        batch, who = data.draw(st.sampled_from(sorted(self.seals)))
        receipt = self.world.send("anyone", f"{self.court}.forfeit", batch, self.world.address(who))
        if receipt.ok:
            assert event(receipt, "BondForfeited")["amount"] == DISPUTE.bond * self.seals.pop((batch, who)).bit_count()

    def sealed(self) -> int:
        return sum(DISPUTE.bond * claims.bit_count() for claims in self.seals.values())


SHORT = settings(max_examples=8, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
LONG = settings(SHORT, max_examples=25)

TestDisputes = DisputeMachine.TestCase
TestDisputes.settings = SHORT

TestSealed = SealedMachine.TestCase
TestSealed.settings = SHORT


@pytest.mark.long
@pytest.mark.parametrize("machine", [DisputeMachine, SealedMachine])
def test_longer(machine: type[RuleBasedStateMachine]) -> None:
    run_state_machine_as_test(machine, settings=LONG)
