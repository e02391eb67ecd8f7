"""The economy as a whole, under whatever its participants think of: OPG is conserved, and nobody gets more than is due.

The machine keeps books of its own, from what each transaction says, and holds the contracts against them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from chain.economy import MONTH
from chain.hashing import keccak
from chain.quantities import OPG, TOTAL_SUPPLY
from chain.seam import Receipt
from tests.contracts_world import Batch, events, reason
from tests.economy_world import PROTOCOL, UNBONDING, EconomyWorld

NODES = ("ann", "bob")
DELEGATORS = ("del", "eve")
HOLDERS = NODES + DELEGATORS
PEOPLE = (*HOLDERS, "payer", "auditor", "alias")
DAY = 86_400
RULES = replace(PROTOCOL, slash_share_bps=3_000, bounty_share_bps=5_000)
ROUNDED = 60
"""Wei: more than can be rounded away in a test of this length."""

nodes = st.sampled_from(NODES)
holders = st.sampled_from(HOLDERS)
amounts = st.one_of(st.integers(100 * OPG, 9_000 * OPG), st.integers(1, 10**6))


class EconomyMachine(RuleBasedStateMachine):
    """Nodes, delegators, a client, an auditor and voters who do anything that the contracts let them do."""

    def __init__(self) -> None:
        super().__init__()
        self.world = EconomyWorld(protocol=RULES)
        self.batches: list[Batch] = []
        self.put_in: Counter[str] = Counter()
        self.taken_out: Counter[str] = Counter()
        self.slashed = self.claimed = self.saved_spent = self.verdicts = self.slashes = 0
        self.pots: list[int] = []
        self.claims: Counter[tuple[str, str]] = Counter()
        for node in NODES:
            self.world.node(node, 3_000 * OPG)
            self.put_in[node] += 3_000 * OPG
            self.world.allow(node)
        for who in DELEGATORS:
            self.world.give(who, 10**6 * OPG)
            self.world.allow(who)
        for who in NODES:
            self.world.give(who, 10**6 * OPG)
        self.world.ok("liquidity", "OPG.delegate", self.world.address("liquidity"))

    def send(self, who: str, target: str, *args: Any) -> Receipt:
        receipt = self.world.send(who, target, *args)
        known = {self.world.address(name): name for name in HOLDERS}
        for found in events(receipt, "Delegated"):
            self.put_in[known[found["delegator"]]] += found["amount"]
        for found in events(receipt, "Arrived"):
            self.put_in[known[found["delegator"]]] -= found["amount"]  # it was in before
        for found in events(receipt, "Staked"):
            self.put_in[known[found["node"]]] += found["amount"]
        if target in ("Staking.withdraw", "Staking.release"):
            for found in events(receipt, "Withdrawn"):
                self.taken_out[known[found["node"]]] += found["amount"]
        for found in events(receipt, "Slashed"):
            self.slashed += found["amount"]
            self.slashes += 1
        return receipt

    @rule(node=nodes, amount=amounts)
    def stake(self, node: str, amount: int) -> None:
        self.send(node, "Staking.stake", 1, amount)

    @rule(who=holders, node=nodes, amount=amounts)
    def delegate(self, who: str, node: str, amount: int) -> None:
        self.send(who, "Staking.delegate", self.world.address(node), amount)

    @rule(who=holders, node=nodes, part=st.sampled_from([1, 3, 10**9]), to=st.sampled_from([None, *NODES]))
    def leave(self, who: str, node: str, part: int, to: str | None) -> None:
        amount = max(1, self.world.value(node, who) // part)
        if to is None:
            self.send(who, "Staking.undelegate", self.world.address(node), amount)
        else:
            self.send(who, "Staking.redelegate", self.world.address(node), self.world.address(to), amount)

    @rule(who=holders)
    def release(self, who: str) -> None:
        self.send("anyone", "Staking.release", self.world.address(who))

    @rule(node=nodes, bps=st.sampled_from([0, 1_000, 5_000, 5_001]), capacity=st.sampled_from([0, 10**5 * OPG]))
    def set_terms(self, node: str, bps: int, capacity: int) -> None:
        self.send(node, "Staking.setCommission", bps)
        self.send(node, "Staking.setCapacity", capacity)

    @rule(seconds=st.sampled_from([1, DAY, UNBONDING]))
    def time_passes(self, seconds: int) -> None:
        self.world.later(seconds).tick()

    @rule(node=nodes, fees=st.sampled_from([1, OPG, 10_000 * OPG]))
    def post(self, node: str, fees: int) -> None:
        if self.world.read("Staking.isActiveAs", self.world.address(node), 1):
            self.batches.append(self.world.post_one(node, fees, str(len(self.batches))))

    @precondition(lambda self: self.batches)
    @rule(data=st.data())
    def denounce_oneself(self, data: st.DataObject) -> None:
        """A node proves its own fraud under another name; it never has more afterwards."""
        batch = self.batches.pop(data.draw(st.integers(0, len(self.batches) - 1)))
        told = self.world.answer(batch.node, batch.claims[0], output_hash=bytes(32))
        before = self.world.value(batch.node, batch.node) + self.world.balance("alias")
        self.verdicts += 1
        opened = batch.openings(0)
        assert self.send("alias", "Settlement.proveEquivocation", batch.id, batch.opening(0), *told).ok
        assert self.send("auditor", "Settlement.settle", batch.id, 0, 0, opened, batch.charges).ok
        assert self.world.value(batch.node, batch.node) + self.world.balance("alias") <= before

    @precondition(lambda self: self.batches)
    @rule(wrong=st.booleans(), data=st.data())
    def judge(self, wrong: bool, data: st.DataObject) -> None:
        batch = self.batches.pop(data.draw(st.integers(0, len(self.batches) - 1)))
        opened = batch.openings(0) if wrong else []
        self.verdicts += wrong
        receipt = self.send("auditor", "Settlement.settle", batch.id, int(wrong), 0, opened, batch.charges)
        assert receipt.ok
        again = self.send("auditor", "Settlement.settle", batch.id, int(wrong), 0, opened, batch.charges)
        assert reason(again) == "BatchNotOpen"

    @rule()
    def close(self) -> None:
        begin = self.world.genesis + len(self.pots) * MONTH
        if self.world.now < begin + MONTH:
            self.world.at(begin + MONTH).tick()
        for found in events(self.send("anyone", "Rewards.close"), "EpochClosed"):
            self.pots.append(found["pot"])

    @rule(node=nodes, who=holders, upto=st.integers(0, 9))
    def claim(self, node: str, who: str, upto: int) -> None:
        receipt = self.send("anyone", "Rewards.claim", self.world.address(node), self.world.address(who), upto)
        for found in events(receipt, "Claimed"):
            assert found["upTo"] > self.claims[node, who], "an epoch was paid twice"
            self.claims[node, who] = found["upTo"]
            self.claimed += found["amount"]

    @rule(share=st.sampled_from([0, 100, 3_000]))
    def change_the_slash_share(self, share: int) -> None:
        done = self.decide("Settlement", "setParameters", replace(RULES, slash_share_bps=share).settlement)
        assert reason(done) == ("OutOfBounds" if share == 0 else None)

    @rule(amount=st.sampled_from([1, OPG, 10**7 * OPG]))
    def spend_what_was_saved(self, amount: int) -> None:
        saved = self.world.read("Rewards.saved")
        done = self.decide("Rewards", "spendSaved", self.world.address("eve"), amount)
        assert reason(done) == ("NotSaved" if amount > saved else None)
        self.saved_spent += amount if done.ok else 0

    def decide(self, contract: str, function: str, *args: Any) -> Receipt:
        """Vote, and execute."""
        words, actions = f"at {self.world.now}", [(contract, function, args)]
        self.world.vote_in("liquidity", actions, words)
        calls = self.world.calldatas(actions)
        return self.world.later(1).send("anyone", "OPGGovernor.execute", *calls, keccak(words.encode()))

    @invariant()
    def opg_is_conserved(self) -> None:
        assert self.world.read("OPG.totalSupply") == TOTAL_SUPPLY
        assert self.world.holdings(PEOPLE) == TOTAL_SUPPLY

    @invariant()
    def staking_holds_what_stands_behind_nodes_and_no_less(self) -> None:
        held = sum(self.world.read("Staking.slashableOf", self.world.address(node)) for node in NODES)
        assert self.world.balance("Staking") == held
        assert held == self.put_in.total() - self.taken_out.total() - self.slashed
        worth = sum(self.world.value(node, who) for node in NODES for who in HOLDERS)
        leaving = sum(
            amount for who in HOLDERS for amount, _ in self.world.read("Staking.unbondingsOf", self.world.address(who))
        )
        assert held - ROUNDED <= worth + leaving <= held, "shares are worth what there is, but for roundings"

    @invariant()
    def a_share_is_never_worth_more_than_a_wei(self) -> None:
        self.world.tick()
        for node in NODES:
            address = self.world.address(node)
            shares = self.world.read("Staking.totalSharesBefore", address, self.world.now)
            assert self.world.read("Staking.stakeOf", address) <= shares
            _, leaving, leaving_shares = self.world.read("Staking.poolOf", address)
            assert leaving <= leaving_shares

    @invariant()
    def rewards_pay_no_more_than_the_pots(self) -> None:
        assert self.claimed <= sum(self.pots)
        held = self.world.balance("Rewards")
        assert held == 100_000_000 * OPG - self.claimed - self.saved_spent
        owed = self.world.read("Rewards.saved") + sum(self.pots) - self.claimed
        future = sum(self.world.read("Rewards.scheduled", epoch) for epoch in range(len(self.pots), 96))
        assert held == owed + future

    @invariant()
    def nobody_is_slashed_without_a_verdict(self) -> None:
        assert self.slashes <= self.verdicts

    def teardown(self) -> None:
        """No stuck funds: everybody can leave, and what is left is what was rounded away."""
        for node in NODES:
            for who in HOLDERS:
                self.world.later(UNBONDING).send("anyone", "Staking.release", self.world.address(who))
                if value := self.world.value(node, who):
                    self.world.ok(who, "Staking.undelegate", self.world.address(node), value)
        self.world.later(UNBONDING).tick()
        for who in HOLDERS:
            self.world.send("anyone", "Staking.release", self.world.address(who))
            assert not self.world.read("Staking.departuresOf", self.world.address(who))
        assert self.world.balance("Staking") <= ROUNDED


SHORT = settings(max_examples=5, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])

TestEconomy = EconomyMachine.TestCase
TestEconomy.settings = SHORT


@pytest.mark.long
def test_longer() -> None:
    run_state_machine_as_test(EconomyMachine, settings=settings(SHORT, max_examples=15))
