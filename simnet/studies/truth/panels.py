"""Who sat on the panels of a run, by ground truth, and what their votes came to."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from chain.hashing import keccak
from simnet.studies.truth.observed import Observed
from simnet.studies.truth.values import Frequency, Shares


def committees_with(run: Observed, at_least: float, at_most: float = math.inf) -> Frequency:
    """Committees drawn with so many members, by ground truth, who are dishonest."""
    tables = run.tables
    corrupt = {row["address"] for row in tables.of("participant_joined") if row["dishonest"]}
    counts = [sum(member in corrupt for member in row["members"]) for row in tables.event("CommitteeDrawn")]
    return Frequency(sum(at_least <= count <= at_most for count in counts), len(counts))


def seats_by_member(run: Observed) -> Shares:
    """Share of all panels drawn first that each full node was seated on."""
    tables = run.tables
    panels = [set(row["members"]) for row in tables.event("CommitteeDrawn") if not row["firstSeat"]]
    full = [row["address"] for row in tables.of("participant_joined") if row["role"] == "full"]
    return Shares(tuple(Frequency(sum(node in panel for panel in panels), len(panels)) for node in full))


def slot_majorities(run: Observed, slots: float, at_least: float) -> Frequency:
    """Committees of slots, dealt by stake from each state of the beacon, with so many dishonest slots.

    Gonka deals validation slots by stake, with replacement; no contract here does, so the dealing is this function's:
    slot j goes to the node whose stake the hash of (state, j) falls on. A round's seed is the beacon's state after
    its last reveal, and would have been that after any other, had it been the last.
    """
    tables = run.tables
    full = [row for row in tables.of("participant_joined") if row["role"] == "full"]
    ends = list(accumulate(int(row["stake"]) for row in full))
    corrupt = [bool(row["dishonest"]) for row in full]
    seeds = [bytes.fromhex(row["mix"][2:]) for row in tables.event("SecretRevealed")]
    captured = 0
    for seed in seeds:
        lots = (int.from_bytes(keccak(seed + j.to_bytes(8, "big")), "big") % ends[-1] for j in range(int(slots)))
        captured += sum(corrupt[bisect_right(ends, lot)] for lot in lots) >= at_least
    return Frequency(captured, len(seeds))


def copies_counted(run: Observed) -> Frequency:
    """Votes that a copycat tried to copy and that were counted on chain."""
    tables = run.tables
    tried = {(row["node"], row["subject"]) for row in tables.of("cheated") if row["act"] == "vote"}
    votes = [row for row in tables.event("Voted") + tables.event("Revealed") if "member" in row]
    counted = {(tables.names[row["member"]], row["batch"]) for row in votes}
    return Frequency(len(tried & counted), len(tried))


def verdicts_by_stake(run: Observed, numerator: float, denominator: float) -> Frequency:
    """Verdicts of panels that are what their members' votes and stakes come to, counted again from the log.

    A claim needs that share of the whole panel's stake to be accepted or to be rejected, and is void without.
    """
    tables = run.tables
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
