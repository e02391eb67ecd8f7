"""What honest and dishonest acts really paid in a run: means with standard errors, from the log alone (modelled).

An act is one answer of an inference node, or one check of a full node. Its payoff is what it earned on chain, plus
what was paid for it off chain, less its compute at the scenario's price and what was slashed for it. A slash that
falls on several acts together is divided evenly. Acts of one batch end together, so that standard errors are a
little too small where batches are large.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chain.quantities import OPG
from simnet.log.figures import Figures
from simnet.log.tables import Tables
from tests.payments import payments


@dataclass(frozen=True)
class Payoff:
    """Mean payoff of so many acts, in OPG."""

    mean: float | None
    """``None`` of no act."""
    standard_error: float | None
    """``None`` of fewer than two."""
    n: int


@dataclass(frozen=True)
class Payoffs:
    """What acts of one kind paid."""

    honest: Payoff
    dishonest: Payoff


@dataclass(frozen=True)
class Act:
    """One answer or check."""

    node: str
    task: str
    batch: str
    dishonest: bool
    earned: float
    spent: float


@dataclass(frozen=True)
class Penalty:
    """A slash and the batch that it is about."""

    node: str
    batch: str
    amount: float


def answer_payoffs(figures: Figures) -> Payoffs:
    """Payoffs of answers whose claim was decided, voided ones included."""
    return payoffs(figures, list(answers(figures)), guilty=rejected_tasks(figures))


def check_payoffs(figures: Figures) -> Payoffs:
    """Payoffs of checks in batches that became final."""
    acts = list(checks(figures))
    return payoffs(figures, acts, guilty={(act.node, act.task) for act in acts if act.dishonest})


def payoffs(figures: Figures, acts: Sequence[Act], guilty: set[tuple[str, str]]) -> Payoffs:
    """Payoffs of these acts. Penalties fall on those of a batch that are `guilty`, or on all if none of them is."""
    of: dict[tuple[str, str], list[int]] = {}
    for i, act in enumerate(acts):
        of.setdefault((act.node, act.batch), []).append(i)
    found = [act.earned - act.spent + aside for act, aside in zip(acts, paid_aside(figures, acts), strict=True)]
    for penalty in penalties(figures.tables):
        together = of.get((penalty.node, penalty.batch), [])
        blamed = [i for i in together if (acts[i].node, acts[i].task) in guilty] or together
        for i in blamed:
            found[i] -= penalty.amount / len(blamed)
    honest = [value for act, value in zip(acts, found, strict=True) if not act.dishonest]
    return Payoffs(summarise(honest), summarise([v for act, v in zip(acts, found, strict=True) if act.dishonest]))


def summarise(values: Sequence[float]) -> Payoff:
    """Mean and standard error."""
    n = len(values)
    if not n:
        return Payoff(None, None, 0)
    mean = math.fsum(values) / n
    variance = math.fsum((value - mean) ** 2 for value in values) / (n - 1) if n > 1 else None
    return Payoff(mean, None if variance is None else math.sqrt(variance / n), n)


def answers(figures: Figures) -> Iterator[Act]:
    """Every answer whose claim was decided. What a batch paid goes to its accepted claims by their fees."""
    decided = figures.claims[figures.claims["outcome"].notna()]
    accepted = decided[decided["outcome"] == "accepted"].groupby("batch")["fee"].sum().to_dict()
    paid = {row["batch"]: int(row["paid"]) / OPG for row in figures.tables.event("BatchFinal")}
    spent = compute(figures, "answer")
    for index, row in zip(decided.index, decided.to_dict("records"), strict=True):
        task, batch, fees = str(index), row["batch"], accepted.get(row["batch"], 0.0)
        earned = paid.get(batch, 0.0) * row["fee"] / fees if row["outcome"] == "accepted" and fees else 0.0
        cost = spent.get((row["node"], task), 0.0)
        yield Act(row["node"], task, batch, isinstance(row["fraud"], str), earned, cost)


def rejected_tasks(figures: Figures) -> set[tuple[str, str]]:
    """Node and task of every claim that was rejected."""
    rejected = figures.claims[figures.claims["outcome"] == "rejected"]
    return set(zip(rejected["node"], rejected.index, strict=True))


def checks(figures: Figures) -> Iterator[Act]:
    """Every check in a batch that became final. What a batch earned its checker is divided by the claims it checked."""
    tables = figures.tables
    final = {row["batch"]: True for row in tables.event("BatchFinal")}
    made = [row for row in tables.of("claim_checked") if row["batch"] in final]
    count: dict[tuple[str, str], int] = {}
    for row in made:
        count[row["node"], row["batch"]] = count.get((row["node"], row["batch"]), 0) + 1
    rewards: dict[tuple[str, str], float] = {}
    for payment in payments(tables):
        key = (payment.name, payment.batch)
        rewards[key] = rewards.get(key, 0.0) + payment.amount / OPG
    lied = {(row["node"], row["subject"]) for row in tables.of("cheated") if row["act"] == "check"}
    spent = compute(figures, "check")
    for row in made:
        key, act = (row["node"], row["batch"]), (row["node"], row["task"])
        yield Act(*act, row["batch"], act in lied, rewards.get(key, 0.0) / count[key], spent.get(act, 0.0))


def compute(figures: Figures, purpose: str) -> dict[tuple[str, str], float]:
    """Cost in OPG of what each node executed for each task."""
    price = int(figures.tables.started["compute_price_wei"]) / OPG / 1e9
    found: dict[tuple[str, str], float] = {}
    for row in figures.tables.of("executed"):
        if row["purpose"] == purpose:
            key = (row["node"], row["task"])
            found[key] = found.get(key, 0.0) + row["macs"] * price
    return found


def paid_aside(figures: Figures, acts: Sequence[Act]) -> list[float]:
    """What each act gained or cost off chain."""
    net: dict[tuple[str, str], float] = {}
    for row in figures.tables.of("side_payment"):
        for name, sign in ((row["payee"], 1), (row["payer"], -1)):
            net[name, row["subject"]] = net.get((name, row["subject"]), 0.0) + sign * int(row["amount"]) / OPG
    return [net.get((act.node, act.task), 0.0) for act in acts]


def penalties(tables: Tables) -> Iterator[Penalty]:
    """Every slash, with the batch that its transaction is about."""
    names = tables.names
    for row in tables.event("Slashed"):
        yield Penalty(str(names.get(row["node"], row["node"])), row["subject"], int(row["amount"]) / OPG)
