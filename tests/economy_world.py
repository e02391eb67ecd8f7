"""A small economy for tests of its contracts: OPG as published, delegation, rewards, governance, and one auditor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from chain.deploy import SLASHER_ROLE
from chain.economy import ALLOCATIONS, MONTH, EconomyParameters, GovernanceRules, deploy_economy, vesting_name
from chain.evm import abi
from chain.formats.signing import Domain
from chain.hashing import keccak
from chain.quantities import BURN_ADDRESS, OPG, ZERO_HASH, Address, Wei
from tests.contracts_world import CHAIN_ID, INFERENCE, PARAMETERS, Batch, World, in_process

UNBONDING = 21 * 86_400
PROTOCOL = replace(PARAMETERS, unbonding_s=UNBONDING, jail_period_s=0, slash_share_bps=1_000, bounty_share_bps=0)
QUICK = GovernanceRules(
    voting_delay_s=1, voting_period_s=2, threshold=Wei(0), quorum_percent=4, late_quorum_s=1, timelock_s=0
)
ECONOMY = EconomyParameters(rules=QUICK)
"""Votes take seconds, so that tests of other things need not wait for them."""

HOLDERS = ("foundation", "core_contributors", "investors", "liquidity", "airdrop")
CONTRACTS = ("Staking", "Settlement", "Rewards", "Timelock", "OPGGovernor")

Action = tuple[str, str, tuple[Any, ...]]
"""Contract, function and arguments of one part of a proposal."""


class EconomyWorld(World):
    """The economy, ready to use: `auditor` judges claims, and each allocation's holder has an account of its name."""

    def __init__(self, economy: EconomyParameters = ECONOMY, protocol: Any = PROTOCOL) -> None:
        self.chain = in_process()
        self.parameters = protocol
        self._keys = {}
        self._next = None
        self.rules = economy.rules
        self.description = ""
        holders = {name: self.address(name) for name in HOLDERS}
        auditor = self.address("auditor")
        self.genesis = deploy_economy(self.chain, self.address("deployer"), protocol, economy, auditor, holders)
        self.domain = Domain(CHAIN_ID, self.chain.address_of("Settlement"))
        self.at(self.genesis).tick()

    def decree(self, target: str, *args: Any) -> None:
        """Have governance do something: the holder of the liquidity votes for it, and has votes enough."""
        self.ok("liquidity", "OPG.delegate", self.address("liquidity"))
        contract, function = target.split(".")
        actions = [(contract, function, args)]
        self.vote_in("liquidity", actions, f"decree at {self.now}")
        self.carry_out(actions, self.description)

    def give(self, who: str, amount: int) -> None:
        self.ok("liquidity", "OPG.transfer", self.address(who), amount)

    def allow(self, who: str, spender: str = "Staking") -> None:
        self.ok(who, "OPG.approve", self.chain.address_of(spender), 2**255)

    def node(self, who: str, amount: int = 10_000 * OPG, capacity: int = 10**9 * OPG) -> None:
        """A node with a bond of its own and room for others'."""
        self.stake(who, INFERENCE, amount)
        self.ok(who, "Staking.setCapacity", capacity)

    def delegate(self, who: str, node: str, amount: int) -> None:
        self.give(who, amount)
        self.allow(who)
        self.ok(who, "Staking.delegate", self.address(node), amount)

    def slash(self, node: str, amount: int) -> int:
        """Slash by way of an account that the timelock made a slasher; what was taken."""
        if not self.read("Staking.hasRole", SLASHER_ROLE, self.address("slasher")):
            self.decree("Staking.grantRole", SLASHER_ROLE, self.address("slasher"))
        before = self.balance(BURN_ADDRESS)
        self.send("slasher", "Staking.slash", self.address(node), amount, "0x" + "00" * 20, 0, ZERO_HASH)
        return self.balance(BURN_ADDRESS) - before

    def value(self, node: str, who: str) -> int:
        return int(self.read("Staking.valueOf", self.address(node), self.address(who)))

    def work(self, node: str, fees: int, tag: str, client: str = "payer") -> Batch:
        """Post one claim that is paid `fees`, and have it accepted."""
        batch = self.post_one(node, fees, tag, client)
        self.ok("auditor", "Settlement.settle", batch.id, 0, 0, [], [])
        return batch

    def post_one(self, node: str, fees: int, tag: str, client: str = "payer") -> Batch:
        if self.read("Settlement.escrowOf", self.address(client)) < fees:
            self.deposit(client, fees)
        redeemed = self.read("Settlement.redeemedOf", self.address(client), self.address(node))
        claims = self.claims([client], fee=fees, tag=tag)
        return self.post(node, claims, [self.voucher(client, node, redeemed + fees, price=fees)])

    def deposit(self, who: str, amount: int) -> None:
        self.give(who, amount)
        self.allow(who, "Settlement")
        self.ok(who, "Settlement.deposit", amount)

    def next_epoch(self) -> int:
        """Let the epoch end, and close it; its number."""
        epoch = int(self.read("Rewards.closed"))
        self.at(max(self.now + 1, self.genesis + (epoch + 1) * MONTH)).ok("anyone", "Rewards.close")
        return epoch

    def holdings(self, people: Sequence[str]) -> int:
        """OPG of all contracts, wallets, people and nobody, together."""
        vesting = [vesting_name(one) for one in ALLOCATIONS if one.vesting]
        return sum(map(self.balance, ["deployer", *HOLDERS, *CONTRACTS, *vesting, *people, BURN_ADDRESS]))

    # ---- governance ----

    def calldatas(self, actions: Sequence[Action]) -> tuple[list[Address], list[int], list[bytes]]:
        targets = [self.chain.address_of(contract) for contract, _, _ in actions]
        return targets, [0] * len(actions), [abi.load(_artifact(c)).calldata(f, args) for c, f, args in actions]

    def vote_in(self, proposer: str, actions: Sequence[Action], description: str = "a change") -> int:
        """Propose, wait for the vote, vote for it, wait for its end and queue it; the proposal's number."""
        self.description = description
        governor, calls = "OPGGovernor", self.calldatas(actions)
        number = self.propose(proposer, actions, description)
        self.at(self.read(f"{governor}.proposalSnapshot", number) + 1).ok(proposer, f"{governor}.castVote", number, 1)
        self.at(self.read(f"{governor}.proposalDeadline", number) + 1)
        self.ok(proposer, f"{governor}.queue", *calls, keccak(description.encode()))
        return number

    def propose(self, proposer: str, actions: Sequence[Action], description: str = "a change") -> int:
        receipt = self.ok(proposer, "OPGGovernor.propose", *self.calldatas(actions), description)
        return int(next(log.args["proposalId"] for log in receipt.logs if log.event == "ProposalCreated"))

    def carry_out(self, actions: Sequence[Action], description: str = "a change") -> None:
        """Execute what was queued, once its time has come."""
        self.later(max(1, self.rules.timelock_s))
        self.ok("anyone", "OPGGovernor.execute", *self.calldatas(actions), keccak(description.encode()))


def _artifact(contract: str) -> str:
    return {"Staking": "DelegatedStaking", "Settlement": "GovernedSettlement"}.get(contract, contract)
