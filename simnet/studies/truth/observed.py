"""A run as the observations of truth cases read it: claims with what became of them, and OPG that really moved."""

from __future__ import annotations

from functools import cached_property

import pandas as pd

from chain.quantities import OPG
from simnet.log.tables import Row, Tables, claims
from simnet.measure.rows import as_text

FRAUD = ("fraud", "equivocation")
"""Reasons of slashes for proven frauds."""


class Observed:
    """A run's log. Amounts are in OPG, and are those of the token's own transfers wherever a contract pays."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.claims: pd.DataFrame = claims(tables)
        self.decided: pd.DataFrame = self.claims[self.claims["outcome"].isin(["rejected", "accepted"])]
        """Claims that were accepted or rejected, in the order of posting."""
        self.decided = self.decided.sort_values(["posted", "sent"], kind="stable")
        wrong = self.decided["fraud"].notna()
        self.frauds, self.honest = self.decided[wrong], self.decided[~wrong]

    @cached_property
    def mac_price(self) -> float:
        """What a multiply-accumulate costs, in OPG (the scenario's price, modelled)."""
        return int(self.tables.started["compute_price_wei"]) / OPG / 1e9

    def work(self, purpose: str) -> dict[tuple[str, str], float]:
        """What each node's executions for each task cost, in OPG, as they were logged."""
        found: dict[tuple[str, str], float] = {}
        for row in self.tables.of("executed"):
            if row["purpose"] == purpose:
                key = row["node"], row["task"]
                found[key] = found.get(key, 0.0) + row["macs"] * self.mac_price
        return found

    @cached_property
    def _transfers(self) -> dict[int, Row]:
        return {row["i"]: row for row in self.tables.event("Transfer")}

    def payout(self, event: Row, account: str) -> float:
        """What an account was transferred right after an event, in OPG: a contract says what it pays, then pays."""
        paid, number = 0, event["i"] + 1
        while (row := self._transfers.get(number)) is not None:
            paid += int(row["value"]) * (row["to"] == account)
            number += 1
        return paid / OPG

    @cached_property
    def given(self) -> dict[tuple[int, str], float]:
        """What each account transferred in each transaction, in OPG."""
        found: dict[tuple[int, str], float] = {}
        for row in self.tables.event("Transfer"):
            key = row["transaction"], row["from"]
            found[key] = found.get(key, 0.0) + int(row["value"]) / OPG
        return found

    @cached_property
    def paid(self) -> dict[str, float]:
        """What the node of each final batch was paid for it, in OPG."""
        return {row["batch"]: self.payout(row, row["node"]) for row in self.tables.event("BatchFinal")}

    @cached_property
    def slashed(self) -> dict[int, float]:
        """What was slashed for fraud, in OPG, by transaction."""
        found: dict[int, float] = {}
        for row in self.tables.event("Slashed"):
            if as_text(row["reason"]) in FRAUD:
                number = row["transaction"]
                found[number] = found.get(number, 0.0) + int(row["amount"]) / OPG
        return found

    @cached_property
    def built(self) -> dict[str, list[str]]:
        """Tasks of each posted batch, in the order of its claims."""
        posted = {row["batch"] for row in self.tables.event("BatchPosted")}
        return {row["batch"]: row["tasks"] for row in self.tables.of("batch_built") if row["batch"] in posted}


def bits(word: int | str) -> list[int]:
    """Numbers of the bits that are set, from the lowest."""
    value = int(word)
    return [number for number in range(value.bit_length()) if value >> number & 1]
