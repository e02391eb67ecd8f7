"""The months of an economy: what participants see, what they do about it, and what is noted of it.

Who decides what here is modelled. Whether to commit fraud is a best response: a validator does where the work saved is
worth more than what a fraud costs on average, C > p (1 - r)(R + S). How many frauds go well before one is found is
drawn. Delegators leave for a fall of the price, a yield that is too low, a slash, or with their validator; some buy in
again when the yield is good. Validators leave after months of loss.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chain.quantities import BASIS_POINTS, OPG
from simnet.economy.book import Book, Done, Epoch, Jobs, Mask, Stakes
from simnet.economy.paths import NANO, Paths, Whole, zeros
from simnet.economy.terms import CLIENTS_BUDGET, Terms, voted
from simnet.economy.votes import Ballot


@dataclass(frozen=True)
class Month:
    """What is noted of a month. Arrays are paths × 1 or paths × validators; amounts in wei."""

    number: int
    price: Whole
    fee: Whole
    """Of one inference."""
    asked: Whole
    """Inferences that clients paid for or would have."""
    working: Mask
    cheating: Mask
    jobs: Jobs
    done: Done
    stakes: Stakes
    """While the work is done."""
    epoch: Epoch
    """What the month paid in rewards."""
    delegators: Whole
    """How many are left; paths × 1."""
    terms: Terms
    """As the work is done by."""
    ballot: Ballot | None
    """Where there was a vote."""


def months_of(book: Book, terms: Terms, paths: Paths) -> Iterator[Month]:
    """Live through all months."""
    count, months = paths.price.shape
    people = People(terms, count)
    stakes = book.stakes()
    for number in range(months):
        price = paths.price[:, number : number + 1]
        own, delegated = people.who_leaves(number, paths, stakes)
        book.release()
        book.leave(own, delegated)
        people.welcome(book.enter(people.who_returns(number, paths, stakes)))
        motion = terms.motions.get(number)
        ballot = book.vote(motion) if motion else None
        if motion and ballot and ballot.passed:
            terms = voted(terms, motion)
        stakes = book.stakes()
        fee = terms.fee_nano * OPG // price
        working = people.here & (stakes.bonded >= terms.min_bond)
        asked = share_out(terms, paths.demand[:, number : number + 1], fee, working)
        cheating = cheats(terms, price, stakes, asked)
        jobs = worked(terms, asked, cheating, fee, paths.luck[:, number])
        done = book.work(jobs)
        epoch = book.close()
        people.learn(price, stakes, jobs, done, epoch)
        left = people.staying.sum(axis=(1, 2)).astype(object)[:, None]
        yield Month(number, price, fee, asked, working, cheating, jobs, done, stakes, epoch, left, terms, ballot)
        stakes = book.stakes()


class People:
    """What validators and delegators remember."""

    def __init__(self, terms: Terms, paths: int) -> None:
        self.terms = terms
        self.here = np.ones((paths, terms.validators), dtype=bool)
        self.staying = np.ones((paths, terms.validators, terms.delegators), dtype=bool)
        self._losses = zeros(paths, terms.validators)
        self._slashed = np.zeros((paths, terms.validators), dtype=bool)
        self._due = zeros(paths, terms.validators, terms.delegators)
        self._rewards = zeros(paths, terms.validators)  # of each validator and all behind it
        self._new = np.zeros_like(self.staying)  # came back last month: they had no rewards of it

    def who_leaves(self, number: int, paths: Paths, stakes: Stakes) -> tuple[Mask, Mask]:
        """Validators and delegators who leave at the beginning of a month."""
        terms = self.terms
        own = self.here & (self._losses >= terms.patience)
        self.here &= ~own
        delegated = (self._slashed | ~self.here)[:, :, None] & self.staying
        delegated |= self.staying & self._alarmed(number, paths)
        if number >= terms.warm_up:
            poor = self._due * 12 * NANO < terms.hurdle_ppb * stakes.delegated
            delegated |= self.staying & poor & ~self._new
        self.staying &= ~delegated
        return own, delegated

    def who_returns(self, number: int, paths: Paths, stakes: Stakes) -> Mask:
        """Delegators who would buy in again: last month's yield, less commission, is above their hurdle.

        Only work is rewarded, so that a validator without any has no yield.
        """
        terms = self.terms
        rewards = self._rewards * 12 * NANO * (BASIS_POINTS - terms.commission_bps) // BASIS_POINTS
        good = rewards[:, :, None] > terms.hurdle_ppb * stakes.bonded[:, :, None]
        sound = (self.here & ~self._slashed)[:, :, None]
        wanted: Mask = terms.returning & ~self.staying & good & sound & ~self._alarmed(number, paths)
        return wanted

    def welcome(self, entered: Mask) -> None:
        """Delegators who are back."""
        self.staying |= entered
        self._new = entered

    def _alarmed(self, number: int, paths: Paths) -> Mask:
        """Whose nerve the latest fall of the price is too much for."""
        lookback = self.terms.lookback
        if number < lookback:
            return np.zeros_like(self.staying)
        now, then = (paths.price[:, n, None, None] for n in (number, number - lookback))
        alarmed: Mask = now * NANO < then * (NANO - self.terms.nerve_ppb)
        return alarmed

    def learn(self, price: Whole, stakes: Stakes, jobs: Jobs, done: Done, epoch: Epoch) -> None:
        """Take the month into account."""
        income = (done.paid + epoch.own) * price // OPG
        profit = income - jobs.count * self.terms.compute_nano - self.terms.monthly_nano
        self._losses = np.where(profit < 0, self._losses + 1, 0)
        self._slashed = done.slashed > 0
        self._due = epoch.delegated
        self._rewards = epoch.own + epoch.delegated.sum(axis=2)


def share_out(terms: Terms, demand: Whole, fee: Whole, working: Mask) -> Whole:
    """Inferences of each validator that works, by weight; clients pay no more than their budget."""
    total = np.minimum(demand, CLIENTS_BUDGET // np.maximum(fee, 1))
    weights = np.where(working, terms.weights, 0)
    shares: Whole = total * weights // np.maximum(weights.sum(axis=1, keepdims=True), 1)
    return shares


def cheats(terms: Terms, price: Whole, stakes: Stakes, asked: Whole) -> Mask:
    """Who finds that a fraud saves more than it costs on average."""
    saved = terms.compute_nano * OPG * NANO
    reward = terms.fee_nano * (BASIS_POINTS - terms.verifier_bps) // BASIS_POINTS
    lost = terms.found_ppb * (reward * OPG + slash_of(terms, stakes.bonded + stakes.leaving) * price)
    pays: Mask = (asked > 0) & (saved > lost) & terms.rational
    return pays


def slash_of(terms: Terms, slashable: Whole) -> Whole:
    """What one fraud costs, as `Settlement` has it."""
    found: Whole = np.minimum(slashable * terms.slash_bps // BASIS_POINTS + terms.slash_amount, slashable)
    return found


def worked(terms: Terms, asked: Whole, cheating: Mask, fee: Whole, luck: NDArray[np.float64]) -> Jobs:
    """Who answers how much: a fraud that is found ends a validator's month."""
    frauds = frauds_until_found(terms, luck)
    found = cheating & (frauds <= asked)
    return Jobs(np.where(found, frauds, asked), found, fee)


def frauds_until_found(terms: Terms, luck: NDArray[np.float64]) -> Whole:
    """How many frauds it takes until one is found: geometric, by inversion; very many where none ever is."""
    chance = np.broadcast_to(np.asarray(terms.found_ppb, dtype=np.float64) / NANO, luck.shape)
    with np.errstate(divide="ignore", invalid="ignore"):
        draws = np.floor(np.log1p(-luck) / np.log1p(-chance)) + 1
    draws = np.where(chance >= 1, 1.0, np.where(chance <= 0, np.inf, draws))
    found = np.empty(luck.size, dtype=object)
    found[:] = [int(value) for value in np.minimum(draws, 2.0**62).ravel()]
    return found.reshape(luck.shape)
