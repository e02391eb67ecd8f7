"""What accounts got, or lost, by verification, from a run's tables: for tests that hold metrics against it."""

from __future__ import annotations

from typing import NamedTuple

from simnet.log.tables import Row, Tables


class Payment(NamedTuple):
    """OPG that an account got, or lost, for what it had to do with a batch's verification; slashes apart."""

    name: str
    batch: str
    amount: int
    """In wei; negative where it was lost."""


def payments(tables: Tables) -> list[Payment]:
    """Rewards, what challenges won and lost, and what those challenged without reason got for it."""
    names = tables.names

    def of(row: Row, key: str, amount: int) -> Payment:
        return Payment(names.get(row[key]) or str(row[key]), row["batch"], amount)

    found = [of(row, "member", int(row["amount"])) for row in tables.event("Rewarded")]
    found += [of(row, "node", int(row["amount"])) for row in tables.event("Compensated")]
    for row in tables.event("ChallengeDecided"):
        found.append(of(row, "challenger", int(row["reward"]) - int(row["forfeited"])))
    return found
