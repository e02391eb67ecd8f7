"""The smallest stake at which a fraud does not pay, from what a run measured (modelled).

A fraud that stands gains `g`: the fee that the node keeps, and the compute it saved. One that is detected gains
nothing and costs the share `s` of the stake S. With detection rate `d` it gains (1 - d) g - d s S on average, and
nothing at

    S* = g (1 - d) / (d s)

which is the break-even penalty of Pocket's probabilistic proofs, S = R (1 - p) / p, for a penalty that is a share
of the stake (pokt-network/poktroll, docs/protocol/primitives/probabilistic_proofs.md). It is the stricter of two
readings: a node that could have earned the same fee honestly loses it too when detected, and needs less. What the
fraud is worth to others (a bribe) is not counted, nor are bonds that are not stake. A penalty of fixed size counts as
the share of the stake that it was: whether S* is above the stake is then right, how far above is not. The interval of
S* is that of d alone (Wilson); g and s are taken as they were measured.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from chain.quantities import OPG
from simnet.measure.metric import Value, metric, wilson
from simnet.measure.payoffs import SOURCE
from simnet.measure.state import State

Interval = tuple[float, float]


@dataclass(frozen=True)
class StakeTerms:
    """Sums that the stake is computed from; those of several runs add up."""

    decided: int = 0
    """Frauds that were detected or became final."""
    detected: int = 0
    gain_opg: float = 0.0
    """What all frauds decided would have gained if they had been finalised."""
    slashed_shares: float = 0.0
    """Shares of their stake that cheating inference nodes lost, added up over slashes."""


def total(terms: Iterable[StakeTerms]) -> StakeTerms:
    """The terms of several runs together."""
    rows = list(terms)
    return StakeTerms(
        decided=sum(one.decided for one in rows),
        detected=sum(one.detected for one in rows),
        gain_opg=math.fsum(one.gain_opg for one in rows),
        slashed_shares=math.fsum(one.slashed_shares for one in rows),
    )


def honesty_stake(terms: StakeTerms) -> tuple[float | None, Interval | None]:
    """S* in OPG with its interval; infinite if no fraud was ever punished, undefined if none was decided."""
    if not terms.decided:
        return None, None
    if not terms.detected or not terms.slashed_shares:
        return math.inf, None
    gain, share = terms.gain_opg / terms.decided, terms.slashed_shares / terms.detected

    def at(rate: float) -> float:
        return gain * (1 - rate) / (rate * share)

    low, high = wilson(terms.detected, terms.decided)
    return at(terms.detected / terms.decided), (at(high), at(low))


def stake_terms(state: State) -> StakeTerms:
    """The terms of one run."""
    frauds, chain = state.frauds, state.chain
    fees = chain.fees + chain.fees_to_verifiers
    kept = chain.fees / fees if fees else 1.0  # all of it where no fee was ever split
    return StakeTerms(
        decided=frauds.detected + frauds.finalised,
        detected=frauds.detected,
        gain_opg=state.punished.fees / OPG * kept + state.punished.saved * state.mac_price,
        slashed_shares=math.fsum(node.shares_slashed for node in state.nodes.values()),
    )


@metric("honesty_stake_opg", "OPG", kind="modelled", better="lower", source=SOURCE, compared=True)
def honesty_stake_opg(state: State) -> Value:
    """Smallest stake at which a fraud gains nothing on average; infinite if no fraud was punished."""
    terms = stake_terms(state)
    stake, interval = honesty_stake(terms)
    return Value(stake, terms.decided, interval)
