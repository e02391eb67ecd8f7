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

import pandas as pd

from nodes.identity import Role
from simnet.measure.metrics import WEI, Figures, wilson

Interval = tuple[float, float]


@dataclass(frozen=True)
class StakeTerms:
    """Sums that the stake is computed from; those of several runs add up."""

    decided: int = 0
    """Frauds that were detected or became final."""
    detected: int = 0
    gain_opg: float = 0.0
    """What all frauds decided would have gained if they had stood."""
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


def stake_terms(figures: Figures) -> StakeTerms:
    """The terms of one run."""
    frauds = figures.frauds[figures.frauds["outcome"].isin(["accepted", "rejected"])]
    price = int(figures.tables.started["compute_price_wei"]) / WEI / 1e9
    gain = frauds["fee"].sum() * kept_share(figures) + saved_macs(figures, frauds) * price
    return StakeTerms(
        decided=len(frauds),
        detected=int((frauds["outcome"] == "rejected").sum()),
        gain_opg=float(gain),
        slashed_shares=slashed_shares(figures),
    )


def kept_share(figures: Figures) -> float:
    """Share of the fees that went to the nodes that answered; all of it where no fee was ever split."""
    finals = figures.tables.event("BatchFinal")
    paid, to_verifiers = (sum(int(row[key]) for row in finals) for key in ("paid", "toVerifier"))
    return paid / (paid + to_verifiers) if paid + to_verifiers else 1.0


def saved_macs(figures: Figures, frauds: pd.DataFrame) -> float:
    """Multiply-accumulates that fraudulent answers did not spend, against the reference model."""
    reference = {row["name"]: row["macs"] for row in figures.tables.of("model_served")}
    answers = figures.executed[figures.executed["purpose"] == "answer"]
    spent = answers.groupby("task")["macs"].sum().reindex(frauds.index).fillna(0.0)
    return float((frauds["model"].map(reference).astype(float) - spent).clip(lower=0.0).sum())


def slashed_shares(figures: Figures) -> float:
    """Shares of their stake that dishonest inference nodes lost, each of what was at stake at that time."""
    people, names = figures.tables.participants, figures.tables.names
    stakes = {name: int(row["stake"]) for name, row in people.items()}
    moves = [row for event in ("Slashed", "Staked", "Withdrawn") for row in figures.tables.event(event)]
    found = 0.0
    for row in sorted(moves, key=lambda row: row["i"]):
        name = names.get(row.get("node", ""))
        if name is None or row["contract"] != "Staking":
            continue
        amount = int(row["amount"])
        if row["event"] == "Slashed" and people[name]["role"] == Role.INFERENCE and figures.dishonest(name, row["t"]):
            found += amount / stakes[name]
        stakes[name] += amount if row["event"] == "Staked" else -amount
    return found
