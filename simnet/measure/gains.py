"""What adversaries got out of a run that honest conduct would not have got them, and what they got away with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simnet.measure.payoffs import WEI, penalties

if TYPE_CHECKING:
    from simnet.log.tables import Tables
    from simnet.measure.metrics import Figures


def unslashed_frauds(figures: Figures) -> int:
    """Frauds that were rejected on chain and cost their node no stake."""
    punished = {(penalty.node, penalty.batch) for penalty in penalties(figures.tables)}
    rejected = figures.frauds[figures.frauds["outcome"] == "rejected"]
    return sum((node, batch) not in punished for node, batch in zip(rejected["node"], rejected["batch"], strict=True))


def side_payments(tables: Tables) -> float:
    """OPG that changed hands off chain, or reached somebody from outside the network."""
    return sum(int(row["amount"]) for row in tables.of("side_payment")) / WEI


def net_side_payments(tables: Tables) -> dict[str, float]:
    """OPG that each participant got off chain, less what it paid there."""
    net: dict[str, float] = {}
    for row in tables.of("side_payment"):
        for name, sign in ((row["payee"], 1), (row["payer"], -1)):
            net[name] = net.get(name, 0.0) + sign * int(row["amount"]) / WEI
    return net


def rewards(tables: Tables) -> tuple[float, float]:
    """OPG paid for checking to participants whom the scenario makes adversaries, and to everybody."""
    adversaries = {row["address"]: True for row in tables.of("participant_joined") if row["dishonest"]}
    paid = [(row["member"], int(row["amount"]) / WEI) for row in tables.event("Rewarded")]
    return sum(amount for member, amount in paid if member in adversaries), sum(amount for _, amount in paid)


def stolen_rewards(tables: Tables) -> tuple[float, int]:
    """OPG of bounties that went to who had copied the proof, and how many proofs were copied."""
    thefts = [row["node"] for row in tables.of("cheated") if row["act"] == "front_run"]
    if not thefts:
        return 0.0, 0
    names = tables.names
    stolen = [int(row["bounty"]) for row in tables.event("Slashed") if names.get(row["bountyTo"]) in thefts]
    return sum(stolen) / WEI, len(thefts)


def washed_tasks(tables: Tables) -> int:
    """Tasks that a client sent to a node of its own."""
    return sum(row["act"] == "wash" for row in tables.of("cheated"))
