"""The contracts' arithmetic on many paths at once, in NumPy: the same roundings in the same order, to the wei.

`DelegatedStaking`, `Settlement` and `Rewards` are what it follows; a test holds it against them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from chain.economy import ALLOCATIONS, MIN_DELEGATION, REWARDS
from chain.quantities import BASIS_POINTS
from simnet.economy.book import Done, Epoch, Holdings, Jobs, Mask, Stakes
from simnet.economy.course import slash_of
from simnet.economy.paths import Whole, zeros
from simnet.economy.terms import Terms, voted
from simnet.economy.votes import Ballot, Motion, count

EPOCHS = 96
TOTAL = next(one.at_once for one in ALLOCATIONS if one.name == REWARDS)


def scheduled(epoch: int) -> int:
    """Rewards that the schedule has for an epoch, in wei."""
    return 0 if epoch >= EPOCHS else TOTAL * (epoch + 1) // EPOCHS - TOTAL * epoch // EPOCHS


class Model:
    """Accounts of many paths. Shares are held by a validator itself, slot 0, and by each of its delegators."""

    def __init__(self, terms: Terms, paths: int) -> None:
        self._terms = terms
        shape = (paths, terms.validators)
        slots = (*shape, 1 + terms.delegators)
        self._shares = zeros(*slots)
        self._shares[:, :, 0] = terms.bond
        self._shares[:, :, 1:] = terms.stake
        self._total = self._shares.sum(axis=2)
        self._bonded = self._total.copy()
        self._leaving, self._leaving_shares = zeros(*shape), zeros(*shape)
        self._departed = zeros(*slots)  # shares of what unbonds
        self._before = self._shares, self._total  # when the epoch began
        self._wallets = zeros(*slots)
        self._idle = zeros(*slots)  # released, not delegated again; in the wallets
        self._work = zeros(*shape)
        self._epoch = 0
        self._rewards = zeros(paths, 1) + TOTAL
        self._saved, self._burned = zeros(paths, 1), zeros(paths, 1)

    def stakes(self) -> Stakes:
        """As of now."""
        worth = self._shares * self._bonded[:, :, None] // np.maximum(self._total, 1)[:, :, None]
        return Stakes(self._bonded.copy(), self._leaving.copy(), worth[:, :, 0], worth[:, :, 1:])

    def release(self) -> None:
        """Redeem departures, one holder after the other as the contract does."""
        for slot in self._slots():
            shares = self._departed[:, :, slot]
            value = shares * self._leaving // np.maximum(self._leaving_shares, 1)
            self._leaving = self._leaving - value
            self._leaving_shares = self._leaving_shares - shares
            self._wallets[:, :, slot] += value
            self._idle[:, :, slot] += value
        self._departed[:] = 0

    def leave(self, own: Mask, delegated: Mask) -> None:
        """Sell shares of bonds for shares of what unbonds. What is asked for is what they were worth at first."""
        self._before = self._shares.copy(), self._total.copy()
        stakes = self.stakes()
        asked = np.concatenate([stakes.own[:, :, None], stakes.delegated], axis=2)
        asked = np.where(np.concatenate([own[:, :, None], delegated], axis=2), asked, 0)
        for slot in self._slots():
            if asked[:, :, slot].any():
                self._sell(slot, asked[:, :, slot])

    def _sell(self, slot: int, amount: Whole) -> None:
        held = self._shares[:, :, slot]
        worth = held * self._bonded // np.maximum(self._total, 1)
        rounded_up = -(-amount * self._total // np.maximum(self._bonded, 1))
        sold = np.where(amount == 0, 0, np.where(amount == worth, held, rounded_up))
        bought = np.where(
            self._leaving_shares == 0, amount, amount * self._leaving_shares // np.maximum(self._leaving, 1)
        )
        self._shares[:, :, slot] = held - sold
        self._total = self._total - sold
        self._bonded = self._bonded - amount
        self._leaving_shares = self._leaving_shares + bought
        self._leaving = self._leaving + amount
        self._departed[:, :, slot] += bought

    def enter(self, delegated: Mask) -> Mask:
        """Buy shares of bonds, one delegator after the other, where there is a pool and the amount is not too small.

        There is room: validators take delegations up to the whole supply.
        """
        entered = np.zeros_like(delegated)
        for slot in range(delegated.shape[2]):
            if delegated[:, :, slot].any():
                entered[:, :, slot] = self._buy(slot + 1, delegated[:, :, slot])
        return entered

    def _buy(self, slot: int, wanted: Mask) -> Mask:
        amount = self._idle[:, :, slot]
        gone = (self._bonded == 0) | (self._total > self._bonded * 2**64)
        gone |= (self._leaving == 0) & (self._leaving_shares > 0)
        entered: Mask = wanted & (amount >= MIN_DELEGATION) & ~gone
        amount = np.where(entered, amount, 0)
        bought = amount * self._total // np.maximum(self._bonded, 1)
        self._shares[:, :, slot] += bought
        self._total = self._total + bought
        self._bonded = self._bonded + amount
        self._wallets[:, :, slot] -= amount
        self._idle[:, :, slot] -= amount
        return entered

    def vote(self, motion: Motion) -> Ballot:
        """Voters hold the same on every path."""
        ballot = count(motion, self._epoch, self._terms.sold)
        if ballot.passed:
            self._terms = voted(self._terms, motion)
        return ballot

    def work(self, jobs: Jobs) -> Done:
        """Settle: the verifiers have their share of what stands, and a fraud costs a share of all stake alike."""
        fees = (jobs.count - jobs.found.astype(object)) * jobs.price
        verifiers = fees * self._terms.verifier_bps // BASIS_POINTS
        slashable = self._bonded + self._leaving
        slashed = np.where(jobs.found, slash_of(self._terms, slashable), 0)
        from_leaving = slashed * self._leaving // np.maximum(slashable, 1)
        self._leaving = self._leaving - from_leaving
        self._bonded = self._bonded - (slashed - from_leaving)
        self._burned = self._burned + slashed.sum(axis=1, keepdims=True)
        self._work = verifiers
        return Done(fees - verifiers, verifiers, slashed)

    def close(self) -> Epoch:
        """Split the pot by work, and then by the shares that there were when the epoch began."""
        work = self._work.sum(axis=1, keepdims=True)
        due = scheduled(self._epoch)
        pot = np.minimum(due, work * self._terms.cap_bps // BASIS_POINTS)
        shares, total = self._before
        reward = pot * self._work // np.maximum(work, 1)
        commission = np.where(total == 0, 0, reward * self._terms.commission_bps // BASIS_POINTS)
        rest = (reward - commission)[:, :, None] * shares // np.maximum(total, 1)[:, :, None]
        rest[:, :, 0] += commission + np.where(total == 0, reward, 0)
        self._wallets += rest
        self._rewards = self._rewards - rest.sum(axis=(1, 2))[:, None]
        self._saved = self._saved + (due - pot)
        self._epoch += 1
        return Epoch(pot, due - pot, rest[:, :, 0], rest[:, :, 1:])

    def holdings(self) -> Holdings:
        """Rewards are in the wallets already: when they are claimed changes nothing."""
        staking = (self._bonded + self._leaving).sum(axis=1, keepdims=True)
        own, delegators = self._wallets[:, :, 0], self._wallets[:, :, 1:]
        return Holdings(own, delegators, staking, self._rewards, self._saved, self._burned)

    def _slots(self) -> Iterator[int]:
        return iter(range(self._shares.shape[2]))
