"""Who sat on the panels of a run, by ground truth, and what their votes came to."""

from __future__ import annotations

import math
from bisect import bisect_right

from chain.hashing import keccak
from simnet.metrics import Figures
from simnet.truth.values import Frequency


def committees_with(figures: Figures, at_least: float, at_most: float = math.inf) -> Frequency:
    """Committees drawn with so many members, by ground truth, who are dishonest."""
    tables = figures.tables
    corrupt = {row["address"] for row in tables.of("participant_joined") if row["dishonest"]}
    counts = [sum(member in corrupt for member in row["members"]) for row in tables.event("CommitteeDrawn")]
    return Frequency(sum(at_least <= count <= at_most for count in counts), len(counts))


def slot_majorities(figures: Figures, slots: float, at_least: float, committees: float) -> Frequency:
    """Committees of slots, dealt out by stake from the run's own beacon seeds, with so many dishonest slots.

    Gonka deals validation slots by stake, with replacement; no contract here does, so the dealing is this
    function's: slot j of committee c goes to whoever's stake the hash of (seed, c, j) falls on.
    """
    tables = figures.tables
    full = [row for row in tables.of("participant_joined") if row["role"] == "full"]
    seeds = [bytes.fromhex(row["mix"][2:]) for row in tables.event("SecretRevealed")]
    ends, corrupt = [], []
    total = 0
    for row in full:
        total += int(row["stake"])
        ends.append(total)
        corrupt.append(bool(row["dishonest"]))
    captured = 0
    for number in range(int(committees)):
        seed = seeds[number % len(seeds)] + number.to_bytes(8, "big")
        lots = (int.from_bytes(keccak(seed + j.to_bytes(8, "big")), "big") % total for j in range(int(slots)))
        captured += sum(corrupt[bisect_right(ends, lot)] for lot in lots) >= at_least
    return Frequency(captured, int(committees))


def copies_counted(figures: Figures) -> Frequency:
    """Votes that a copycat tried to copy and that were counted on chain."""
    tables = figures.tables
    tried = {(row["node"], row["subject"]) for row in tables.of("cheated") if row["act"] == "vote"}
    votes = [row for row in tables.event("Voted") + tables.event("Revealed") if "member" in row]
    counted = {(tables.names[row["member"]], row["batch"]) for row in votes}
    return Frequency(len(tried & counted), len(tried))
