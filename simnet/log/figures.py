"""Frames of a run's log that plots and checks of published formulas share."""

from __future__ import annotations

import math

from simnet.log.tables import Tables, claims


class Figures:
    """Tables, and what is derived from them once."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.claims = claims(tables)
        self.asked = self.claims[~self.claims["extra"]]
        """Those that clients had a use for, not those asked for only to verify."""
        self.frauds = self.claims[self.claims["fraud"].notna() & self.claims["posted"].notna()]
        self.first_lie: dict[str, float] = {}
        for row in tables.of("cheated"):
            self.first_lie.setdefault(row["node"], row["t"])
        names = tables.names
        self.slashes = [{**row, "name": names.get(row["node"], row["node"])} for row in tables.event("Slashed")]
        self.executed = tables.frame("executed", ("node", "task", "model", "purpose", "macs"))

    def dishonest(self, name: str, at: float = math.inf) -> bool:
        """Whether a participant had done anything dishonest up to a time."""
        return name in self.first_lie and self.first_lie[name] <= at
