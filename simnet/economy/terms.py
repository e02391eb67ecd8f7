"""A scenario in the whole numbers that contracts count in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chain.deploy import ProtocolParameters
from chain.economy import ALLOCATIONS, EconomyParameters
from chain.quantities import BASIS_POINTS, OPG, Wei
from simnet.economy.paths import NANO, Whole
from simnet.economy.scenario import CLIENTS_BUY_FROM, STAKE_FROM, EconomyScenario, Vote
from simnet.economy.votes import Motion
from simnet.kernel.streams import Streams

CLIENTS_BUDGET = 10_000_000 * OPG
"""Most that clients pay in a month: who earns fees sells them back only every third one (assumption)."""

IN_TERMS = {"slash_share_bps": "slash_bps", "verifier_share_bps": "verifier_bps"}
"""What `Terms` calls parameters of the settlement, where it is not the same."""


@dataclass(frozen=True)
class Terms:
    """Amounts in wei, dollars in billionths, shares in basis points or billionths."""

    validators: int
    delegators: int
    """Behind each of them."""
    bond: int
    min_bond: int
    stake: int
    """Of a delegator."""
    commission_bps: int
    fee_nano: int
    compute_nano: int
    monthly_nano: int
    found_ppb: int
    """Probability that a fraud is found: it is checked, by somebody who does not look away."""
    slash_bps: int
    slash_amount: int
    verifier_bps: int
    cap_bps: int
    patience: int
    lookback: int
    warm_up: int
    weights: Whole
    """Of the work of each validator."""
    rational: NDArray[np.bool_]
    """Validators that commit fraud where that pays."""
    hurdle_ppb: Whole
    """Least yearly yield of each delegator; validators × delegators."""
    nerve_ppb: Whole
    """Fall of the price at which it leaves."""
    returning: NDArray[np.bool_]
    """Which of them buy in again."""
    sold: Mapping[str, int]
    """By holders of the genesis before it all begins: to validators, delegators and clients."""
    motions: Mapping[int, Motion]
    """What is put to the vote, by months."""


def terms_of(scenario: EconomyScenario) -> Terms:
    """The terms of a scenario; what differs from participant to participant is drawn from its seed."""
    v, d, q = scenario.validators, scenario.delegators, scenario.verification
    streams = Streams(scenario.seed)
    shape = (v.count, d.per_validator)
    ranks = np.arange(1, v.count + 1, dtype=np.float64)
    order = streams.generator("rational").permutation(v.count)
    return Terms(
        validators=v.count,
        delegators=d.per_validator,
        bond=v.bond,
        min_bond=v.min_bond,
        stake=d.stake,
        commission_bps=bps(v.commission),
        fee_nano=round(scenario.work.fee_usd * NANO),
        compute_nano=round(scenario.work.compute_usd * NANO),
        monthly_nano=round(v.monthly_usd * NANO),
        found_ppb=round(q.probability * (1 - q.colluding) * NANO),
        slash_bps=bps(q.slash_share),
        slash_amount=q.slash_amount,
        verifier_bps=bps(q.verifier_share),
        cap_bps=bps(scenario.rewards.cap),
        patience=v.patience,
        lookback=d.lookback,
        warm_up=d.warm_up,
        weights=_exact(1e6 * ranks**-v.skew),
        rational=order < round(v.rational * v.count),
        hurdle_ppb=_between(d.hurdle, shape, streams.generator("hurdle")),
        nerve_ppb=_between(d.nerve, shape, streams.generator("nerve")),
        returning=streams.generator("returning").random(shape) < d.returning,
        sold=sold_by(v.count * (v.bond + d.per_validator * d.stake)),
        motions={vote.month: motion_of(vote) for vote in scenario.votes},
    )


def sold_by(stakes: int) -> dict[str, int]:
    """What each holder sells of its allocation: all of one for fees, and `stakes` from others, one after the other."""
    found = {}
    for one in ALLOCATIONS:
        if one.name == CLIENTS_BUY_FROM:
            found[one.name] = int(one.at_once)
        elif one.name in STAKE_FROM:
            found[one.name] = min(stakes, one.at_once)
            stakes -= found[one.name]
    return found


def motion_of(vote: Vote) -> Motion:
    """A vote in whole numbers."""
    shares = {"slash_share_bps": vote.slash_share, "verifier_share_bps": vote.verifier_share}
    changes = {name: bps(share) for name, share in shares.items() if share is not None}
    if vote.slash_amount is not None:
        changes["slash_amount"] = vote.slash_amount
    return Motion(changes, vote.for_, vote.against)


def voted(terms: Terms, motion: Motion) -> Terms:
    """The terms after a motion has passed."""
    changes: dict[str, Any] = {IN_TERMS.get(name, name): value for name, value in motion.changes.items()}
    return replace(terms, **changes)


def contracts_of(scenario: EconomyScenario, terms: Terms) -> tuple[ProtocolParameters, EconomyParameters]:
    """What the contracts of a scenario are deployed with. All that is slashed is burned: nobody denounces itself."""
    q = scenario.verification
    protocol = ProtocolParameters(
        min_stake_inference=Wei(scenario.validators.min_bond),
        min_stake_full=Wei(scenario.validators.min_bond),
        unbonding_s=int(q.unbonding),
        slash_share_bps=bps(q.slash_share),
        slash_amount=Wei(q.slash_amount),
        bounty_share_bps=0,
        verifier_share_bps=bps(q.verifier_share),
        jail_period_s=0,
        finality_delay_s=0,
        expiry_s=int(q.window),
    )
    cap = bps(scenario.rewards.cap)
    bounds = EconomyParameters(
        reward_cap_bps=cap, max_reward_cap_bps=cap, min_slash_share_bps=0, min_verifier_share_bps=0
    )
    return protocol, bounds


def bps(share: float) -> int:
    """A share in basis points."""
    return round(share * BASIS_POINTS)


def _exact(values: NDArray[np.float64]) -> Whole:
    found = np.empty(values.shape, dtype=object)
    found.ravel()[:] = [max(1, round(value)) for value in values.ravel().tolist()]
    return found


def _between(span: tuple[float, float], shape: tuple[int, int], generator: np.random.Generator) -> Whole:
    low, high = (round(end * NANO) for end in span)
    draws = generator.random(shape)
    found = np.empty(shape, dtype=object)
    found.ravel()[:] = [low + int(draw * (high - low)) for draw in draws.ravel().tolist()]
    return found
