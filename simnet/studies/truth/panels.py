"""Who sat on the panels of a run, by ground truth, and what their votes came to."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence

from chain.hashing import keccak
from simnet.log.figures import Figures
from simnet.studies.truth.values import Frequency


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


def verdicts_by_stake(figures: Figures, numerator: float, denominator: float) -> Frequency:
    """Verdicts of panels that are what their members' votes and stakes come to, counted again from the log.

    A claim needs that share of the whole panel's stake to be accepted or to be rejected, and is void without.
    """
    tables = figures.tables
    votes = {
        (row["batch"], row["member"]): int(row["votes"]) for row in tables.event("Revealed") + tables.event("Voted")
    }
    panels = {row["batch"]: row for row in tables.event("CommitteeDrawn")}
    agree = 0
    for row in tables.event("Resolved"):
        panel = panels[row["batch"]]
        votes_of = [votes.get((row["batch"], member), 0) for member in panel["members"]]
        seats = list(zip(map(int, panel["weights"]), votes_of, strict=True))
        said = tuple(int(row[key]) for key in ("accepted", "rejected", "voided"))
        agree += said == counted(seats, int(panel["ballot"]), int(numerator), int(denominator))
    return Frequency(agree, len(tables.event("Resolved")))


def counted(seats: Sequence[tuple[int, int]], ballot: int, numerator: int, denominator: int) -> tuple[int, int, int]:
    """Claims accepted, rejected and void (bits), by stakes and votes, as in `Panel.sol`."""
    needed = sum(stake for stake, _ in seats) * numerator
    accepted = rejected = 0
    for index in range(ballot.bit_length()):
        valid = sum(stake for stake, votes in seats if votes >> index & 1)
        invalid = sum(stake for stake, votes in seats if votes >> (128 + index) & 1)
        accepted |= (valid * denominator >= needed) << index
        rejected |= (invalid * denominator >= needed) << index
    return accepted & ballot, rejected & ballot, ballot & ~(accepted | rejected)
