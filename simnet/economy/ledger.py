"""The real contracts on revm, jumping from month to month: one path.

A month's inferences of a validator are settled in one batch. One claim stands for all that are in order; a fraud that
was found has a claim of its own. That an auditor found it is drawn; the slash is the contract's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from chain.blocks import fitting
from chain.economy import ALLOCATIONS, MONTH, deploy_economy, vesting_name
from chain.errors import CallReverted, ToolMissing
from chain.formats.claims import Claim, ClaimTree, batch_id, opening
from chain.formats.signing import Domain, Key, voucher_digest
from chain.hashing import keccak
from chain.quantities import BURN_ADDRESS, NO_DEADLINE, TOTAL_SUPPLY, ZERO_HASH, Address, Gas, Timestamp, Wei
from chain.seam import Block, Call, Chain, Receipt
from simnet.economy.book import Done, Epoch, Holdings, Jobs, Mask, Stakes
from simnet.economy.governing import Governing
from simnet.economy.paths import zeros
from simnet.economy.scenario import CLIENTS_BUY_FROM, STAKE_FROM, EconomyScenario
from simnet.economy.terms import contracts_of, terms_of
from simnet.economy.votes import HOLDERS, VOTED_AT, Ballot, Motion

DAY = 86_400
DECIDED_AT, WORKED_AT = DAY, 10 * DAY
"""When in a month stake leaves, and when work is posted."""

CLAIM_EVERY, SELL_EVERY = 12, 3
"""Months between claims of rewards, and between sales of fees to clients."""

INFERENCE = 1
GAS = Gas(5_000_000)
REFUSED = ("NotANode", "DelegationTooSmall", "PoolIsGone")
"""Why the contract may not take a delegation."""

BLOCK_GAS = Gas(1_000 * GAS)
ANYTHING = 2**255
MODEL = keccak(b"model")


@dataclass(frozen=True)
class Batch:
    """A month's batch of one validator."""

    number: int
    fees: int
    posting: Call
    verdict: tuple[Any, ...]
    """What the auditor says of it: the arguments of `settle`."""


def in_process(block_gas_limit: Gas = BLOCK_GAS) -> Chain:
    """A fresh chain. Raises `ToolMissing` where pyrevm is not to be had."""
    if find_spec("pyrevm") is None:
        raise ToolMissing(
            "years of an economy run in process, by pyrevm, which is not installed", "use Python 3.11 or 3.12"
        )
    from chain.backends.revm import RevmChain

    return RevmChain(block_gas_limit=block_gas_limit)


class Ledger:
    """The contracts, and accounts of everybody in them."""

    def __init__(self, scenario: EconomyScenario) -> None:
        self._terms = terms_of(scenario)
        protocol, bounds = contracts_of(scenario, self._terms)
        self.chain = in_process()
        self._keys = {name: Key(f"economy/{name}".encode()) for name in ("deployer", "auditor", "clients", *HOLDERS)}
        owners = {name: self._keys[name].address for name in HOLDERS}
        auditor = self._keys["auditor"].address
        self.genesis = deploy_economy(self.chain, self._keys["deployer"].address, protocol, bounds, auditor, owners)
        self._governing = Governing(self.chain, self._mine, self._call, owners, protocol)
        self._domain = Domain(self.chain.chain_id, self.chain.address_of("Settlement"))
        self._nodes = [Key(f"economy/validator/{i}".encode()).address for i in range(self._terms.validators)]
        self._behind = [
            [Key(f"economy/delegator/{i}/{j}".encode()).address for j in range(self._terms.delegators)]
            for i in range(self._terms.validators)
        ]
        self._owed = [0] * self._terms.validators  # by clients, all told
        self._income = [0] * self._terms.validators  # not sold yet
        self._idle = dict.fromkeys((who for behind in self._behind for who in behind), 0)  # released, not delegated
        self._verifiers = 0
        self._month = 0
        self.transactions = 0
        self.gas = 0
        self._settle_in()

    # ---- what the driver asks for ----

    def stakes(self) -> Stakes:
        """As of now."""
        bonded, leaving, own = zeros(1, len(self._nodes)), zeros(1, len(self._nodes)), zeros(1, len(self._nodes))
        delegated = zeros(1, len(self._nodes), self._terms.delegators)
        for i, node in enumerate(self._nodes):
            bonded[0, i] = self.chain.read("Staking", "stakeOf", node)
            leaving[0, i] = self.chain.read("Staking", "poolOf", node)[1]
            own[0, i] = self.chain.read("Staking", "valueOf", node, node)
            for j, who in enumerate(self._behind[i]):
                delegated[0, i, j] = self.chain.read("Staking", "valueOf", node, who)
        return Stakes(bonded, leaving, own, delegated)

    def release(self) -> None:
        """Have everybody's departures that are due released, by anyone."""
        due = [
            self._call(self._keys["auditor"].address, "Staking", "release", who)
            for i, node in enumerate(self._nodes)
            for who in (node, *self._behind[i])
            if self.chain.read("Staking", "departuresOf", who)
        ]
        for receipt in self._mine(due, self._at(DECIDED_AT)):
            (amount,) = (log.args["amount"] for log in receipt.logs if log.event == "Withdrawn")
            who = receipt.call.args[0]
            if who in self._idle:
                self._idle[who] += amount

    def leave(self, own: Mask, delegated: Mask) -> None:
        """Unbond what is theirs, as they see it before anybody has left."""
        calls = []
        for i, node in enumerate(self._nodes):
            leavers = [node] if own[0, i] else []
            leavers += [who for who, leaves in zip(self._behind[i], delegated[0, i], strict=True) if leaves]
            for who in leavers:
                if amount := self.chain.read("Staking", "valueOf", node, who):
                    calls.append(self._call(who, "Staking", "undelegate", node, amount))
        self._mine(calls, self._at(DECIDED_AT) + 60)

    def enter(self, delegated: Mask) -> Mask:
        """Delegate what was released. Whom the contract refuses stays outside."""
        wanted = {self._behind[i][j]: (i, j) for _, i, j in np.argwhere(delegated)}
        calls = [
            self._call(who, "Staking", "delegate", self._nodes[i], self._idle[who])
            for who, (i, _) in wanted.items()
            if self._idle[who]
        ]
        entered = np.zeros_like(delegated)
        for receipt in self._mine(calls, self._at(DECIDED_AT) + 120, *REFUSED):
            if receipt.revert is None:
                self._idle[receipt.call.sender] = 0
                entered[0][wanted[receipt.call.sender]] = True
        return entered

    def vote(self, motion: Motion) -> Ballot:
        """Have the governor decide, and carry it out."""
        return self._governing.vote(motion, self._month, self._at(VOTED_AT))

    def work(self, jobs: Jobs) -> Done:
        """Clients pay in; each validator posts its batch, and the auditor settles it."""
        price = int(jobs.price[0, 0])
        batches = [
            self._batch(i, int(jobs.count[0, i]), bool(jobs.found[0, i]), price) for i in range(len(self._nodes))
        ]
        fees = sum(batch.fees for batch in batches if batch)
        clients, auditor = self._keys["clients"].address, self._keys["auditor"].address
        if fees:
            self._mine([self._call(clients, "Settlement", "deposit", fees)], self._at(WORKED_AT))
        there = [batch for batch in batches if batch]
        self._mine([batch.posting for batch in there], self._at(WORKED_AT) + 60)
        receipts = self._mine(
            [self._call(auditor, "Settlement", "settle", *batch.verdict) for batch in there], self._at(WORKED_AT) + 120
        )
        done = Done(*(zeros(1, len(self._nodes)) for _ in range(3)))
        for batch, receipt in zip(there, receipts, strict=True):
            for log in receipt.logs:
                if log.event == "BatchFinal":
                    done.paid[0, batch.number] = log.args["paid"]
                    done.verifiers[0, batch.number] = log.args["toVerifier"]
                elif log.event == "Slashed":
                    done.slashed[0, batch.number] = log.args["amount"]
        self._income = [had + int(more) for had, more in zip(self._income, done.paid[0], strict=True)]
        self._verifiers += int(done.verifiers.sum())
        return done

    def close(self) -> Epoch:
        """Close the epoch when it is over; now and then sell fees and claim rewards."""
        self._month += 1
        anyone = self._keys["auditor"].address
        (receipt,) = self._mine([self._call(anyone, "Rewards", "close")], self._at(0) + 1)
        (closed,) = (log.args for log in receipt.logs if log.event == "EpochClosed")
        own, delegated = zeros(1, len(self._nodes)), zeros(1, len(self._nodes), self._terms.delegators)
        for i, node in enumerate(self._nodes):
            own[0, i] = self.chain.read("Rewards", "dueFor", self._month - 1, node, node)
            for j, who in enumerate(self._behind[i]):
                delegated[0, i, j] = self.chain.read("Rewards", "dueFor", self._month - 1, node, who)
        if self._month % SELL_EVERY == 0:
            self._sell()
        if self._month % CLAIM_EVERY == 0:
            self._claim()
        pot, held = np.array([[closed["pot"]]], dtype=object), np.array([[closed["held"]]], dtype=object)
        return Epoch(pot, held, own, delegated)

    def holdings(self) -> Holdings:
        """After everybody has claimed what is due, and fees are sold."""
        self._sell()
        self._claim()
        wallets = np.array([[self.chain.balance(node) for node in self._nodes]], dtype=object)
        delegators = zeros(1, len(self._nodes), self._terms.delegators)
        for i, behind in enumerate(self._behind):
            for j, who in enumerate(behind):
                delegators[0, i, j] = self.chain.balance(who)
        staking, rewards, burned = (
            np.array([[self.chain.balance(account)]], dtype=object)
            for account in (self.chain.address_of("Staking"), self.chain.address_of("Rewards"), BURN_ADDRESS)
        )
        saved = np.array([[self.chain.read("Rewards", "saved")]], dtype=object)
        return Holdings(wallets, delegators, staking, rewards, saved, burned)

    def supply(self) -> int:
        """OPG of everybody that there is, in wei: it must be all there ever was."""
        people = [key.address for key in self._keys.values()] + self._nodes + [who for b in self._behind for who in b]
        names = ["Staking", "Settlement", "Rewards", "Timelock"]
        names += [vesting_name(one) for one in ALLOCATIONS if one.vesting]
        accounts = [*people, *map(self.chain.address_of, names), BURN_ADDRESS]
        assert self.chain.read("OPG", "totalSupply") == TOTAL_SUPPLY
        return sum(map(self.chain.balance, accounts))

    # ---- inside ----

    def _settle_in(self) -> None:
        """Before the first epoch: buy OPG, stake it, and delegate."""
        terms, chain = self._terms, self.chain
        staking, clients = chain.address_of("Staking"), self._keys["clients"].address
        sellers = [self._keys[name].address for name in STAKE_FROM]
        needed = {node: int(terms.bond) for node in self._nodes}
        needed |= {who: int(terms.stake) for behind in self._behind for who in behind}
        buying, left = [], {seller: chain.balance(seller) for seller in sellers}
        for who, amount in needed.items():
            for seller in sellers:
                part = min(amount, left[seller])
                if part:
                    buying.append(self._call(seller, "OPG", "transfer", who, part))
                    left[seller] = Wei(left[seller] - part)
                    amount -= part
        foundation = self._keys[CLIENTS_BUY_FROM].address
        buying.append(self._call(foundation, "OPG", "transfer", clients, chain.balance(foundation)))
        approvals = [self._call(who, "OPG", "approve", staking, ANYTHING) for who in needed]
        approvals.append(self._call(clients, "OPG", "approve", chain.address_of("Settlement"), ANYTHING))
        stakes = [self._call(node, "Staking", "stake", INFERENCE, terms.bond) for node in self._nodes]
        opened = [self._call(node, "Staking", "setCapacity", TOTAL_SUPPLY) for node in self._nodes]
        opened += [self._call(node, "Staking", "setCommission", terms.commission_bps) for node in self._nodes]
        joins = [
            self._call(who, "Staking", "delegate", node, terms.stake)
            for node, behind in zip(self._nodes, self._behind, strict=True)
            for who in behind
        ]
        for calls in (buying, approvals, stakes, opened, joins):
            self._mine(calls, chain.head[1] + 1)

    def _batch(self, number: int, count: int, found: bool, price: int) -> Batch | None:
        if count == 0 or price == 0:
            return None
        node, clients = self._nodes[number], self._keys["clients"]
        amounts = [price] if found and count == 1 else [(count - 1) * price, price] if found else [count * price]
        claims = [
            Claim(
                index=k,
                task=keccak(b"%d/%d/%d" % (self._month, number, k)),
                model=MODEL,
                input_hash=MODEL,
                output_hash=MODEL,
                evidence_hash=ZERO_HASH,
                client=clients.address,
                fee=Wei(amount),
                answered_at=self.chain.head[1],
            )
            for k, amount in enumerate(amounts)
        ]
        tree, fees = ClaimTree(claims), sum(amounts)
        self._owed[number] += fees
        owed = Wei(self._owed[number])
        signature = clients.sign(voucher_digest(self._domain, clients.address, node, owed, Wei(price)))
        vouchers = [(clients.address, owed, price, signature)]
        posting = self._call(node, "Settlement", "postBatch", tree.root, len(claims), vouchers, NO_DEADLINE)
        last = len(claims) - 1
        opened = [opening(claims[last], tree.proof(last))] if found else []
        charges = [(clients.address, fees)] if found else []
        verdict = (batch_id(node, tree.root), 1 << last if found else 0, 0, opened, charges)
        return Batch(number, fees, posting, verdict)

    def _sell(self) -> None:
        clients = self._keys["clients"].address
        calls = [
            self._call(node, "OPG", "transfer", clients, income)
            for node, income in zip(self._nodes, self._income, strict=True)
            if income
        ]
        if self._verifiers:
            calls.append(self._call(self._keys["auditor"].address, "OPG", "transfer", clients, self._verifiers))
        self._income, self._verifiers = [0] * len(self._nodes), 0
        self._mine(calls, self.chain.head[1] + 1)

    def _claim(self) -> None:
        anyone = self._keys["auditor"].address
        self._mine(
            [
                self._call(anyone, "Rewards", "claim", node, who, self._month)
                for i, node in enumerate(self._nodes)
                for who in (node, *self._behind[i])
            ],
            self.chain.head[1] + 1,
            "NothingToClaim",
        )

    def _at(self, seconds: int) -> int:
        return self.genesis + self._month * MONTH + seconds

    def _call(self, sender: Address, contract: str, function: str, *args: Any) -> Call:
        return Call(sender, contract, function, args, GAS)

    def _mine(self, calls: Sequence[Call], timestamp: int, *may_fail: str) -> list[Receipt]:
        """Mine calls, in as many blocks as they need. Raises `CallReverted` where one may not fail as it does."""
        receipts: list[Receipt] = []
        while left := calls[len(receipts) :]:
            at = max(timestamp, self.chain.head[1] + 1)
            block: Block = self.chain.mine(fitting(left, BLOCK_GAS), Timestamp(at))
            receipts += block.receipts
            self.gas += block.gas_used
        self.transactions += len(receipts)
        for receipt in receipts:
            if receipt.revert is not None and receipt.revert.error not in may_fail:
                raise CallReverted(receipt.call.contract, receipt.call.function, receipt.revert)
        return receipts
