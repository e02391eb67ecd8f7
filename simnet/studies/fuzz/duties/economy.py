"""What the honest do where holders delegate and vote: stand behind a node, decide, and leave with what is theirs."""

from __future__ import annotations

from chain.quantities import OPG
from simnet.studies.fuzz.arena import PARAMETERS
from simnet.studies.fuzz.books import LOST, ROUNDING_WEI, STUCK
from simnet.studies.fuzz.cast import (
    BALANCES,
    BUILDER,
    DELEGATED,
    DELEGATOR,
    DISHONEST,
    DISHONEST_NODE,
    FULL,
    HONEST_FULL,
    HONEST_NODE,
    INFERENCE,
    SECOND_ACCOUNT,
)
from simnet.studies.fuzz.duties.base import GRACE_S
from simnet.studies.fuzz.duties.panels import CommitteeDuty
from simnet.studies.fuzz.economy_books import EconomyBooks
from simnet.studies.fuzz.governed import DELAY_S, WALLETS
from simnet.studies.fuzz.votes import Proposal

CAPACITY = 20_000 * OPG
ANYBODY = DISHONEST[-1]
ALL_EPOCHS = 10**6
MANY = 400
"""More epochs than a game lasts."""

ACTIVE = 1
"""State of a proposal that is voted on, as OpenZeppelin numbers them."""


class EconomyDuty(CommitteeDuty):
    """Somebody stands behind the honest node, must be able to leave with all of it, and votes with most of all OPG."""

    def begin(self) -> None:
        """The dishonest node has a pool as well, with its other names in it."""
        super().begin()
        for who in (HONEST_NODE, *HONEST_FULL):
            self.machine.honest(who, "Staking.setCapacity", CAPACITY)
        node = self.machine.arena.address(HONEST_NODE)
        self.machine.honest(DELEGATOR, "Staking.delegate", node, DELEGATED)
        self.machine.attempt(DISHONEST_NODE, "Staking.setCapacity", CAPACITY)
        for who in (SECOND_ACCOUNT, BUILDER):
            self.machine.attempt(who, "Staking.delegate", self.machine.arena.address(DISHONEST_NODE), 1_000 * OPG)
        self.machine.honest(DELEGATOR, "OPG.delegate", self.machine.arena.address(DELEGATOR))
        self.done: set[tuple[str, int]] = set()
        """Steps of proposals that were taken."""
        self.misled: set[int] = set()
        """Proposals that the holder of most OPG is made to vote for."""

    def watch(self) -> None:
        super().watch()
        assert self.machine.books.votes is not None
        for proposal in list(self.machine.books.votes.proposals.values()):
            if not proposal.is_over and self.is_past(proposal.starts):
                self.govern(proposal)

    def govern(self, proposal: Proposal) -> None:
        """Vote about a proposal, and carry it out if it was for it; one that it was misled to may be refused."""
        number = proposal.number
        is_own = proposal.proposer == DELEGATOR
        act = self.machine.honest if is_own else self.machine.attempt
        if self.first("vote", number) and self.machine.arena.read("OPGGovernor.state", number) == ACTIVE:
            self.machine.honest(DELEGATOR, "OPGGovernor.castVote", number, int(is_own or number in self.misled))
        if not proposal.has_consent or not self.is_past(
            self.machine.arena.read("OPGGovernor.proposalDeadline", number)
        ):
            return
        if not proposal.queued_at and self.first("queue", number):
            act(DELEGATOR, "OPGGovernor.queue", *proposal.call)
        if proposal.queued_at and self.is_past(proposal.queued_at + DELAY_S) and self.first("execute", number):
            act(DELEGATOR, "OPGGovernor.execute", *proposal.call)

    def first(self, step: str, number: int) -> bool:
        """Whether a step of a proposal was not taken yet; from then on it was."""
        is_first = (step, number) not in self.done
        self.done.add((step, number))
        return is_first

    # ---- the end ----

    def end(self) -> None:
        """Everybody leaves, every epoch is closed and claimed, and nothing is left that belongs to somebody."""
        machine, books = self.machine, self.machine.books
        if not isinstance(books, EconomyBooks):
            return
        machine.wait(PARAMETERS.expiry_s + 4 * GRACE_S)
        books.require(not any(one.is_open for one in books.batches.values()), STUCK, "a batch never ends")
        for node in (*FULL, *INFERENCE):
            machine.attempt(node, "Staking.setCapacity", 0)
        self.release(books)
        for node, who in books.backers:
            if value := machine.arena.read("Staking.valueOf", *map(machine.arena.address, (node, who))):
                machine.attempt(who, "Staking.undelegate", machine.arena.address(node), value)
        self.release(books)
        self.claim_all(books)
        self.empty_escrows()
        for wallet in WALLETS:
            machine.attempt(ANYBODY, f"{wallet}.release(address)", machine.arena.chain.address_of("OPG"))
        self.check(books)

    def release(self, books: EconomyBooks) -> None:
        """Wait until what unbonds is free, and give it out."""
        self.machine.wait(PARAMETERS.unbonding_s + 1)
        for who in dict.fromkeys(who for _, who in books.backers):
            self.machine.attempt(ANYBODY, "Staking.release", self.machine.arena.address(who))

    def claim_all(self, books: EconomyBooks) -> None:
        """Close what is over, and pay everybody."""
        for _ in range(MANY):
            if not self.machine.attempt(ANYBODY, "Rewards.close").ok:
                break
        now = self.machine.arena.now
        for node, who in books.backers:
            addresses = [self.machine.arena.address(name) for name in (node, who)]
            if not self.machine.arena.read("Settlement.workBefore", addresses[0], now):
                continue
            while self.machine.attempt(ANYBODY, "Rewards.claim", *addresses, ALL_EPOCHS).ok:
                pass

    def empty_escrows(self) -> None:
        """Clients take back what they have not spent."""
        for client in self.machine.books.escrow:
            if left := self.machine.arena.read("Settlement.escrowOf", self.machine.arena.address(client)):
                self.machine.attempt(client, "Settlement.requestWithdrawal", left)
        self.machine.wait(self.machine.arena.read("Settlement.withdrawalDelay") + 1)
        for client in list(self.machine.books.escrow):
            self.machine.attempt(client, "Settlement.withdraw")

    def check(self, books: EconomyBooks) -> None:
        """What is left in each contract is what was rounded away, or given to it for nothing."""
        arena = self.machine.arena
        left = {name: arena.chain.balance(arena.address(name)) - books.donated[name] for name in (*WALLETS, "Staking")}
        left["Settlement"] = arena.chain.balance(arena.address("Settlement")) - books.donated["Settlement"]
        left["Rewards"] = books.unclaimed()
        for name, amount in left.items():
            books.require(amount <= ROUNDING_WEI, STUCK, f"{amount} wei are stuck in {name}")
        held = arena.chain.balance(arena.address(DELEGATOR))
        begun = BALANCES[DELEGATOR][0]
        books.require(held >= begun - ROUNDING_WEI, LOST, f"{DELEGATOR}, who is honest, ends with {held} wei")
