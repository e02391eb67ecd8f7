"""What a month comes to, in figures that people compare: an array of paths × months for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from chain.economy import ALLOCATIONS, MONTH, REWARDS
from chain.quantities import BASIS_POINTS, OPG
from simnet.economy.course import Month
from simnet.economy.paths import NANO, Whole
from simnet.economy.scenario import EconomyScenario

Floats: TypeAlias = NDArray[np.float64]
Figures: TypeAlias = Mapping[str, Floats]

THIRD = 1 / 3
"""Share of the stake that can stop or split a vote among the rest, as in Byzantine agreement."""


@dataclass(frozen=True)
class Figure:
    """What a column means."""

    unit: str
    meaning: str


COLUMNS = {
    "price_usd": Figure("$", "one OPG"),
    "vested_opg": Figure("OPG", "what is free of the genesis: all but rewards and what has not vested"),
    "fees_opg": Figure("OPG", "fees of what was answered, verifiers' share included"),
    "income_usd": Figure("$", "of validators: fees and rewards"),
    "cost_usd": Figure("$", "of validators: computing, and fixed costs of those who work"),
    "verifiers_usd": Figure("$", "verifiers' share of the fees"),
    "rewards_opg": Figure("OPG", "rewards paid"),
    "held_opg": Figure("OPG", "scheduled rewards that the cap held back"),
    "bonded_opg": Figure("OPG", "stake"),
    "working": Figure("", "validators that work"),
    "cheating": Figure("", "validators that find fraud worth while"),
    "found": Figure("", "frauds that were found"),
    "slashed_opg": Figure("OPG", "burned"),
    "delegators": Figure("", "delegators that are left"),
    "slash_share": Figure("", "of stake, for a fraud found"),
    "slash_amount_opg": Figure("OPG", "on top of that share"),
    "verifier_share": Figure("", "of the fees, to who checks"),
    "corruption_cost_usd": Figure("$", "a third of the stake"),
    "corruption_profit_usd": Figure("$", "value of the answers of one window, as clients rely on them"),
    "gini": Figure("", "of stake among validators; 0 is equal"),
    "nakamoto": Figure("", "fewest validators with more than a third of the stake"),
}


def figures_of(months: Iterable[Month], scenario: EconomyScenario) -> Figures:
    """All columns of all months."""
    rows = [figures_of_month(month, scenario) for month in months]
    return {name: np.stack([row[name] for row in rows], axis=1) for name in COLUMNS}


def figures_of_month(month: Month, scenario: EconomyScenario) -> Figures:
    """An array of a value for each path."""
    price = month.price[:, 0]
    bonded = np.where(month.working, month.stakes.bonded, 0)
    stake = bonded.sum(axis=1)
    done, epoch = month.done, month.epoch
    verifiers = done.verifiers.sum(axis=1)
    fees = done.paid.sum(axis=1) + verifiers
    answered = month.jobs.count.sum(axis=1)
    income = done.paid.sum(axis=1) + epoch.own.sum(axis=1)
    work, window = scenario.work, scenario.verification.window
    return {
        "price_usd": _float(price, NANO),
        "vested_opg": np.full(len(price), vested(month.number) / OPG),
        "fees_opg": _float(fees, OPG),
        "income_usd": _float(income * price, OPG * NANO),
        "cost_usd": _float(answered) * work.compute_usd + month.working.sum(axis=1) * scenario.validators.monthly_usd,
        "verifiers_usd": _float(verifiers * price, OPG * NANO),
        "rewards_opg": _float(epoch.pot[:, 0], OPG),
        "held_opg": _float(epoch.held[:, 0], OPG),
        "bonded_opg": _float(stake, OPG),
        "working": month.working.sum(axis=1).astype(np.float64),
        "cheating": month.cheating.sum(axis=1).astype(np.float64),
        "found": month.jobs.found.sum(axis=1).astype(np.float64),
        "slashed_opg": _float(done.slashed.sum(axis=1), OPG),
        "delegators": _float(month.delegators[:, 0]),
        "slash_share": np.full(len(price), month.terms.slash_bps / BASIS_POINTS),
        "slash_amount_opg": np.full(len(price), month.terms.slash_amount / OPG),
        "verifier_share": np.full(len(price), month.terms.verifier_bps / BASIS_POINTS),
        "corruption_cost_usd": THIRD * _float(stake * price, OPG * NANO),
        "corruption_profit_usd": _float(month.asked.sum(axis=1)) * work.value_usd * min(1.0, window / MONTH),
        "gini": gini(bonded),
        "nakamoto": nakamoto(bonded),
    }


def vested(month: int) -> int:
    """Wei of the genesis that are free when a month begins."""
    return sum(one.vested(month * MONTH) for one in ALLOCATIONS if one.name != REWARDS)


def gini(stakes: Whole) -> Floats:
    """Gini coefficient of each row; 0 where there is nothing."""
    ordered = np.sort(stakes.astype(np.float64), axis=1)
    count = ordered.shape[1]
    ranks = np.arange(1, count + 1)
    total = ordered.sum(axis=1)
    spread = 2 * (ordered * ranks).sum(axis=1) / np.maximum(total, 1) / count - (count + 1) / count
    return np.where(total > 0, spread, 0.0)


def nakamoto(stakes: Whole) -> Floats:
    """Fewest of each row that together have more than a third; 0 where there is nothing."""
    largest_first = -np.sort(-stakes.astype(np.float64), axis=1)
    total = largest_first.sum(axis=1, keepdims=True)
    enough = np.cumsum(largest_first, axis=1) > total * THIRD
    return np.where(total[:, 0] > 0, enough.argmax(axis=1) + 1.0, 0.0)


def _float(values: Whole, unit: int = 1) -> Floats:
    """Exact amounts in a unit that people read."""
    return np.array([value / unit for value in values.tolist()], dtype=np.float64)
