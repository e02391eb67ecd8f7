"""A small economy for an attack to happen in: named accounts, transactions one by one, votes from end to end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from chain.deploy import ProtocolParameters
from chain.economy import ALLOCATIONS, ECOSYSTEM, MONTH, REWARDS, EconomyParameters, deploy_economy
from chain.errors import CallReverted
from chain.evm import abi
from chain.formats.claims import Claim, ClaimTree, batch_id, opening
from chain.formats.signing import Domain, Key, voucher_digest
from chain.hashing import keccak
from chain.quantities import NO_DEADLINE, OPG, ZERO_HASH, Address, Gas, Timestamp, Wei
from chain.seam import Call, Chain, Receipt

GAS = Gas(3_000_000)
INFERENCE = 1
FOR = 1
WORDS = "a proposal"
ANYTHING = 2**255
HOLDERS = tuple(one.name for one in ALLOCATIONS if one.name not in (ECOSYSTEM, REWARDS))
ARTIFACT = {"Staking": "DelegatedStaking", "Settlement": "GovernedSettlement"}

Action = tuple[str, str, tuple[Any, ...]]
"""Contract, function and arguments of what a proposal does."""


@dataclass(frozen=True)
class Given:
    """What an attack turns on beside the parameters of the contracts."""

    stake: int
    """Wei that the attacker holds or borrows."""
    validators: int = 1
    """That a delegator spreads its stake over."""
    rerun_every: int = 0
    """One in so many answers of enclaves is run again; 0 is none."""
    forced: float = 0.0
    """Share of claims that are forced errors, whose finder has a jackpot."""


class Stage:
    """The economy, as it is deployed."""

    def __init__(self, chain: Chain, protocol: ProtocolParameters, economy: EconomyParameters) -> None:
        self.chain, self.protocol, self.economy = chain, protocol, economy
        self._keys: dict[str, Key] = {}
        holders = {name: self.address(name) for name in HOLDERS}
        auditor = self.address("auditor")
        self.genesis = deploy_economy(chain, self.address("deployer"), protocol, economy, auditor, holders)
        self._domain = Domain(chain.chain_id, chain.address_of("Settlement"))
        self.wait_until(self.genesis)

    def key(self, name: str) -> Key:
        """The key of a named account, which has what its transactions cost."""
        if name not in self._keys:
            self._keys[name] = Key(f"attack/{name}".encode())
            self.chain.fund(self._keys[name].address)
        return self._keys[name]

    def address(self, name: str) -> Address:
        """Of a named account."""
        return self.key(name).address

    @property
    def now(self) -> int:
        """Timestamp of the last block."""
        return self.chain.head[1]

    def wait_until(self, time: int) -> None:
        """Let it be so late."""
        if time > self.now:
            self.chain.mine([], Timestamp(time))

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.wait_until(self.now + int(seconds))

    def send(self, who: str, target: str, *args: Any) -> Receipt:
        """A transaction, in a block of its own, whatever becomes of it."""
        contract, function = target.split(".")
        call = Call(self.address(who), contract, function, args, GAS)
        return self.chain.mine([call], Timestamp(self.now + 1)).receipts[0]

    def must(self, who: str, target: str, *args: Any) -> Receipt:
        """A transaction that takes effect. Raises `CallReverted`."""
        contract, function = target.split(".")
        return self.take(Call(self.address(who), contract, function, args, GAS))

    def take(self, call: Call) -> Receipt:
        """The same, of a call with gas of its own."""
        receipt = self.chain.mine([call], Timestamp(self.now + 1)).receipts[0]
        if receipt.revert is not None:
            raise CallReverted(receipt.call.contract, receipt.call.function, receipt.revert)
        return receipt

    def balance(self, who: str) -> int:
        """OPG of a named account or of a contract, in wei."""
        return self.chain.balance(self.chain.address_of(who) if who[0].isupper() else self.address(who))

    def give(self, who: str, amount: int, giver: str = "liquidity") -> None:
        """OPG of an allocation's holder for an account."""
        self.must(giver, "OPG.transfer", self.address(who), amount)

    def allow(self, who: str, contract: str) -> None:
        """Let a contract take an account's OPG."""
        self.must(who, "OPG.approve", self.chain.address_of(contract), ANYTHING)

    def validator(self, who: str, bond: int) -> None:
        """A node, with room for delegations."""
        self.give(who, bond)
        self.allow(who, "Staking")
        self.must(who, "Staking.stake", INFERENCE, bond)
        self.must(who, "Staking.setCapacity", 10**9 * OPG)

    def delegate(self, who: str, node: str, amount: int) -> None:
        """OPG of an account behind a node."""
        self.give(who, amount)
        self.allow(who, "Staking")
        self.must(who, "Staking.delegate", self.address(node), amount)

    def escrow(self, who: str, amount: int) -> None:
        """Pay in what vouchers can draw on."""
        self.allow(who, "Settlement")
        self.must(who, "Settlement.deposit", amount)

    def post(self, node: str, client: str, fee: int, number: int = 0) -> Posted:
        """A batch of one claim that a client has paid for."""
        payer = self.key(client)
        owed = Wei(self.chain.read("Settlement", "redeemedOf", payer.address, self.address(node)) + fee)
        digest = voucher_digest(self._domain, payer.address, self.address(node), owed, Wei(fee))
        task = keccak(f"{node}/{client}/{number}".encode())
        claim = Claim(0, task, task, task, task, ZERO_HASH, payer.address, Wei(fee), self.now)
        tree = ClaimTree([claim])
        vouchers = [(payer.address, owed, fee, payer.sign(digest))]
        self.must(node, "Settlement.postBatch", tree.root, 1, vouchers, NO_DEADLINE)
        opened = opening(claim, tree.proof(0))
        return Posted(batch_id(self.address(node), tree.root), opened, [(payer.address, fee)])

    def judge(self, posted: Posted, *, wrong: bool, who: str = "auditor") -> Receipt:
        """The verdict of whoever is the verifier."""
        opened = [posted.opening] if wrong else []
        return self.send(who, "Settlement.settle", posted.id, int(wrong), 0, opened, posted.charges)

    def next_month(self) -> None:
        """Let the month end, and close its epoch."""
        number = self.chain.read("Rewards", "closed")
        self.wait_until(self.genesis + (number + 1) * MONTH)
        self.must("anyone", "Rewards.close")

    # ---- votes ----

    def vote(self, voter: str, actions: Sequence[Action]) -> bool:
        """Propose and vote; whether it passes and is queued."""
        return self.pass_vote(self.propose(voter, actions), [voter], actions)

    def propose(self, who: str, actions: Sequence[Action], meanwhile: Callable[[], None] = lambda: None) -> int:
        """Propose, and wait until votes can be cast; the proposal's number. `meanwhile` is done before that."""
        receipt = self.must(who, "OPGGovernor.propose", *self._calls(actions), WORDS)
        number = int(next(log.args["proposalId"] for log in receipt.logs if log.event == "ProposalCreated"))
        meanwhile()
        self.wait_until(self.chain.read("OPGGovernor", "proposalSnapshot", number) + 1)
        return number

    def pass_vote(self, number: int, voters: Sequence[str], actions: Sequence[Action]) -> bool:
        """Vote, wait for the end, and queue; whether that is done."""
        for voter in voters:
            self.must(voter, "OPGGovernor.castVote", number, FOR)
        self.wait_until(self.chain.read("OPGGovernor", "proposalDeadline", number) + 1)
        return self.send(voters[0], "OPGGovernor.queue", *self._calls(actions), keccak(WORDS.encode())).ok

    def execute(self, actions: Sequence[Action]) -> bool:
        """Carry out what was queued, once its delay is over; whether the contracts took it."""
        self.wait(self.economy.rules.timelock_s)
        done = self.send("anyone", "OPGGovernor.execute", *self._calls(actions), keccak(WORDS.encode()))
        return done.ok

    def _calls(self, actions: Sequence[Action]) -> tuple[list[Address], list[int], list[bytes]]:
        targets = [self.chain.address_of(contract) for contract, _, _ in actions]
        data = [abi.load(ARTIFACT.get(c, c)).calldata(function, args) for c, function, args in actions]
        return targets, [0] * len(actions), data


Attack: TypeAlias = Callable[[Stage, Given], int]
"""Carries an attack out, and says what others lost by it, in wei."""


class Posted:
    """A batch on chain, and what it takes to reject its claim."""

    def __init__(self, batch: bytes, opened: tuple[Any, ...], charges: list[tuple[Address, int]]) -> None:
        self.id, self.opening, self.charges = batch, opened, charges
