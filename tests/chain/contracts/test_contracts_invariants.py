"""What holds after any sequence of transactions: no OPG appears or vanishes, and what is final stays final."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from chain.formats.claims import pack_votes
from chain.quantities import BURN_ADDRESS, OPG, TOTAL_SUPPLY, Wei
from chain.seam import Receipt
from tests.contracts_world import (
    FEE,
    FINAL,
    FULL,
    INFERENCE,
    OPEN,
    PARAMETERS,
    Batch,
    Committee,
    World,
    events,
    hash_of,
    reason,
)
from tests.panels import Sampling, chain_of, next_round

CLIENTS = ("cleo", "carl")
WORKERS = ("ina", "ivo")
JUDGES = ("fa", "fb", "fc")
NODES = WORKERS + JUDGES
CONTRACTS = ("OPG", "Staking", "Settlement", "Beacon", "ModelRegistry")
COMMITTEE = Committee(size=3, commit_reveal=False, wrong_vote_slash_bps=3_000)
COMMITTEE_OF_ALL = replace(COMMITTEE, size=0)

amounts = st.integers(1, 6_000 * OPG)
fees = st.one_of(st.integers(0, 3 * FEE), st.sampled_from([2**128 - 1, 2**90]))


class ProtocolMachine(RuleBasedStateMachine):
    """Clients, nodes and judges who do anything the contracts let them do."""

    verifier = COMMITTEE.spec()
    seats = 3

    def __init__(self) -> None:
        super().__init__()
        self.world = World(replace(PARAMETERS, slash_share_bps=4_000, slash_amount=Wei(OPG)), self.verifier)
        self.batches: list[Batch] = []
        self.finals: dict[bytes, Any] = {}
        self.staked: Counter[str] = Counter()
        self.withdrawn: Counter[str] = Counter()
        self.slashed: Counter[str] = Counter()
        self.pot = 0
        self.held = 0  # bounties, until the batch is final
        for client in CLIENTS:
            self.world.deposit(client, OPG)
        for node in NODES:
            self.stake(node, 3_000 * OPG)

    def stake(self, node: str, amount: int) -> None:
        self.world.stake(node, INFERENCE if node in WORKERS else FULL, amount)
        self.staked[node] += amount

    def note(self, receipt: Receipt) -> None:
        names = {self.world.address(node): node for node in NODES}
        for slash in events(receipt, "Slashed"):
            self.slashed[names[slash["node"]]] += slash["amount"]
            self.credit(slash["bountyTo"], slash["bounty"])
        for paid in events(receipt, "BountyPaid"):
            self.held -= paid["amount"]
            self.credit(paid["to"], paid["amount"])
        for final in events(receipt, "BatchFinal"):
            assert final["batch"] not in self.finals, "a batch became final twice"
            self.pot += final["toVerifier"]
            self.finals[final["batch"]] = self.world.read("Settlement.batchOf", final["batch"])

        self.pot -= sum(reward["amount"] for reward in events(receipt, "Rewarded"))

    def credit(self, to: str, amount: int) -> None:
        """Book a bounty that goes to one of the contracts."""
        if to == self.world.chain.address_of(self.verifier.artifact):
            self.pot += amount
        elif to == self.world.chain.address_of("Settlement"):
            self.held += amount

    def open_batches(self) -> list[Batch]:
        return [batch for batch in self.batches if batch.id not in self.finals]

    @rule(client=st.sampled_from(CLIENTS), amount=st.integers(1, OPG))
    def deposit(self, client: str, amount: int) -> None:
        self.world.deposit(client, amount)

    @rule(client=st.sampled_from(CLIENTS), amount=st.integers(1, 2 * OPG))
    def ask_for_a_withdrawal(self, client: str, amount: int) -> None:
        self.world.send(client, "Settlement.requestWithdrawal", amount)

    @rule(client=st.sampled_from(CLIENTS))
    def withdraw_escrow(self, client: str) -> None:
        self.world.send(client, "Settlement.withdraw")

    @rule(node=st.sampled_from(NODES), amount=amounts)
    def stake_more(self, node: str, amount: int) -> None:
        self.stake(node, amount)

    @rule(node=st.sampled_from(NODES), amount=amounts)
    def unbond(self, node: str, amount: int) -> None:
        self.world.send(node, "Staking.unbond", amount)

    @rule(node=st.sampled_from(NODES))
    def withdraw_stake(self, node: str) -> None:
        for found in events(self.world.send(node, "Staking.withdraw"), "Withdrawn"):
            self.withdrawn[node] += found["amount"]

    @rule(node=st.sampled_from(NODES))
    def leave_jail(self, node: str) -> None:
        self.world.send(node, "Staking.unjail")

    @rule(seconds=st.sampled_from([1, 30, 700, PARAMETERS.expiry_s, PARAMETERS.unbonding_s]))
    def time_passes(self, seconds: int) -> None:
        self.world.later(seconds).tick()

    @rule(
        node=st.sampled_from(WORKERS),
        claims=st.lists(st.tuples(st.sampled_from(CLIENTS), fees), min_size=1, max_size=4),
        vouchers=st.lists(st.tuples(st.sampled_from(CLIENTS), st.integers(0, 2 * OPG)), max_size=3),
    )
    def post(self, node: str, claims: list[tuple[str, int]], vouchers: list[tuple[str, int]]) -> None:
        if not self.world.read("Staking.isActiveAs", self.world.address(node), INFERENCE):
            return
        made = self.world.claims([client for client, _ in claims], tag=str(len(self.batches)))
        made = [replace(claim, fee=Wei(fee)) for claim, (_, fee) in zip(made, claims, strict=True)]
        signed = [self.world.voucher(client, node, amount) for client, amount in vouchers]
        self.batches.append(self.world.post(node, made, signed))

    @precondition(lambda self: self.open_batches())
    @rule(data=st.data())
    def prove_equivocation(self, data: st.DataObject) -> None:
        batch = data.draw(st.sampled_from(self.open_batches()))
        index = data.draw(st.integers(0, len(batch.claims) - 1))
        told = self.world.answer(batch.node, batch.claims[index], output_hash=hash_of("told"))
        prover = data.draw(st.sampled_from(CLIENTS))
        self.note(self.world.send(prover, "Settlement.proveEquivocation", batch.id, batch.opening(index), *told))

    @precondition(lambda self: self.open_batches())
    @rule(data=st.data())
    def judge(self, data: st.DataObject) -> None:
        batch = data.draw(st.sampled_from(self.open_batches()))
        self.draw(batch)
        for seat in range(self.seats):
            words = data.draw(st.lists(st.sampled_from("yn-"), min_size=len(batch.claims), max_size=len(batch.claims)))
            votes = pack_votes([word == "y" for word in words], [word == "n" for word in words])
            for judge in JUDGES:
                self.world.send(judge, f"{self.verifier.artifact}.vote", batch.id, seat, votes)
        if data.draw(st.booleans()):
            self.world.later(30).tick()
        self.resolve(batch)

    def draw(self, batch: Batch) -> None:
        self.world.send("anyone", "Committee.draw", batch.id)

    def resolve(self, batch: Batch) -> None:
        panel = self.verifier.artifact
        if self.world.read(f"{panel}.panelOf", batch.id)[2] == 0:
            return
        _, rejected, voided, resolvable = self.world.read(f"{panel}.tally", batch.id)
        fallen = [i for i in range(len(batch.claims)) if (rejected | voided) >> i & 1]
        receipt = self.world.send("anyone", f"{panel}.resolve", batch.id, batch.openings(*fallen), batch.charges)
        assert reason(receipt) in ((None, "NoFullNodes") if resolvable else ("TooEarly",))
        self.note(receipt)

    @precondition(lambda self: self.open_batches())
    @rule(data=st.data())
    def void(self, data: st.DataObject) -> None:
        batch = data.draw(st.sampled_from(self.open_batches()))
        self.note(self.world.send("anyone", "Settlement.voidBatch", batch.id, batch.charges))

    @invariant()
    def no_opg_appears_or_vanishes(self) -> None:
        holders = [*CLIENTS, *NODES, *CONTRACTS, self.verifier.artifact, "deployer", "anyone", BURN_ADDRESS]
        assert self.world.read("OPG.totalSupply") == TOTAL_SUPPLY
        assert sum(map(self.world.balance, holders)) == TOTAL_SUPPLY

    @invariant()
    def settlement_holds_escrow_and_open_batches_and_nothing_else(self) -> None:
        escrow = sum(self.world.read("Settlement.escrowOf", self.world.address(client)) for client in CLIENTS)
        fees = sum(self.world.read("Settlement.batchOf", batch.id)[6] for batch in self.open_batches())
        assert self.world.balance("Settlement") == escrow + fees + self.held
        assert self.world.balance(self.verifier.artifact) == self.pool()

    def pool(self) -> int:
        """What the verifier keeps: nothing, for a committee burns what it cannot share out."""
        return 0

    @invariant()
    def staking_holds_what_is_slashable_and_nobody_loses_more_than_it_staked(self) -> None:
        total = 0
        for node in NODES:
            left = self.world.read("Staking.slashableOf", self.world.address(node))
            assert left == self.staked[node] - self.withdrawn[node] - self.slashed[node]
            assert self.world.read("Staking.stakeOf", self.world.address(node)) <= left
            total += left
        assert self.world.balance("Staking") == total

    @invariant()
    def what_is_final_stays_as_it_is(self) -> None:
        for batch in self.batches:
            stored = self.world.read("Settlement.batchOf", batch.id)
            if batch.id in self.finals:
                assert stored == self.finals[batch.id]
                assert stored[3:] == (FINAL, bytes(32), bytes(32), 0, 0)
            else:
                assert stored[3] == OPEN


class SamplingMachine(ProtocolMachine):
    """The same under Sampling: half of the claims at least are checked, by two validators, and disputed before all."""

    verifier = Sampling(COMMITTEE_OF_ALL, probability=10**9 // 2, validators=2, streak=3).spec()
    seats = 2 + len(JUDGES)

    def __init__(self) -> None:
        super().__init__()
        self.secrets = {judge: chain_of(judge, 64) for judge in JUDGES}
        for judge, secrets in self.secrets.items():
            self.world.ok(judge, "Beacon.join", secrets.pop(0))

    def draw(self, batch: Batch) -> None:
        next_round(self.world).tick()
        for judge, secrets in self.secrets.items():
            if self.world.send(judge, "Beacon.reveal", secrets[0]).ok:
                secrets.pop(0)
        next_round(self.world).tick()
        proven = self.world.read("Settlement.batchOf", batch.id)[7]
        opened = batch.openings(*(i for i in range(len(batch.claims)) if proven >> i & 1))
        self.note(self.world.send("anyone", "Sampling.draw", batch.id, opened, batch.charges))

    def pool(self) -> int:
        return self.pot


SHORT = settings(max_examples=12, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
LONG = settings(SHORT, max_examples=40)

TestProtocol = ProtocolMachine.TestCase
TestProtocol.settings = SHORT

TestSampling = SamplingMachine.TestCase
TestSampling.settings = SHORT


@pytest.mark.long
@pytest.mark.parametrize("machine", [ProtocolMachine, SamplingMachine])
def test_longer(machine: type[RuleBasedStateMachine]) -> None:
    run_state_machine_as_test(machine, settings=LONG)
