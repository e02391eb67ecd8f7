"""The months of an economy: what participants see, what they do about it, and what is noted of it.

Who decides what here is modelled. Whether to commit fraud is a best response: a validator does where the work saved is
worth more than what a fraud costs on average, C > p (1 - r)(R + S). How many frauds go well before one is found is
drawn. Delegators leave for a fall of the price, a yield that is too low, a slash, or with their validator; validators
leave after months of loss.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chain.quantities import BASIS_POINTS, OPG
from simnet.economy.book import Book, Done, Epoch, Jobs, Mask, Stakes
from simnet.economy.paths import NANO, Paths, Whole, zeros
from simnet.economy.terms import CLIENTS_BUDGET, Terms


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
        yield Month(number, price, fee, asked, working, cheating, jobs, done, stakes, epoch, left)
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

    def who_leaves(self, number: int, paths: Paths, stakes: Stakes) -> tuple[Mask, Mask]:
        """Validators and delegators who leave at the beginning of a month, and do not come back."""
        terms = self.terms
        own = self.here & (self._losses >= terms.patience)
        self.here &= ~own
        delegated = (self._slashed | ~self.here)[:, :, None] & self.staying
        if number >= terms.lookback:
            now, then = (paths.price[:, n, None, None] for n in (number, number - terms.lookback))
            delegated |= self.staying & (now * NANO < then * (NANO - terms.nerve_ppb))
        if number >= terms.warm_up:
            delegated |= self.staying & (self._due * 12 * NANO < terms.hurdle_ppb * stakes.delegated)
        self.staying &= ~delegated
        return own, delegated

    def learn(self, price: Whole, stakes: Stakes, jobs: Jobs, done: Done, epoch: Epoch) -> None:
        """Take the month into account."""
        income = (done.paid + epoch.own) * price // OPG
        profit = income - jobs.count * self.terms.compute_nano - self.terms.monthly_nano
        self._losses = np.where(profit < 0, self._losses + 1, 0)
        self._slashed = done.slashed > 0
        self._due = epoch.delegated


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
