"""What a run shows of a formula's quantity: computed from the event log, ground truth included, and nothing else.

A frequency is tested exactly, a mean by its standard error, an amount to the wei.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from chain.hashing import keccak
from simnet.metrics import WEI, Figures, as_text, wilson
from simnet.tables import Row


@dataclass(frozen=True)
class Frequency:
    """So many of so many."""

    successes: int
    n: int

    @property
    def value(self) -> float:
        """The share; NaN of nothing."""
        return self.successes / self.n if self.n else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """95 %, Wilson."""
        return wilson(self.successes, self.n) if self.n else (0.0, 1.0)


@dataclass(frozen=True)
class Mean:
    """The mean of independent values."""

    value: float
    error: float
    """Its standard error."""
    n: int

    @property
    def interval(self) -> tuple[float, float]:
        """95 %, normal."""
        return self.value - 1.96 * self.error, self.value + 1.96 * self.error


@dataclass(frozen=True)
class Amounts:
    """Amounts that contracts computed, each of which must be the expected one."""

    values: tuple[float, ...]

    @property
    def n(self) -> int:
        """How many."""
        return len(self.values)

    @property
    def value(self) -> float:
        """The one that is furthest from the first, so that a single odd one shows."""
        return max(self.values, key=lambda value: abs(value - self.values[0])) if self.values else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """From the least to the greatest."""
        return (min(self.values), max(self.values)) if self.values else (math.nan, math.nan)


Observation: TypeAlias = Frequency | Mean | Amounts


def mean_of(values: Sequence[float]) -> Mean:
    """The mean of a sample with its standard error."""
    n = len(values)
    if n < 2:
        return Mean(values[0] if values else math.nan, math.inf, n)
    middle = math.fsum(values) / n
    spread = math.fsum((value - middle) ** 2 for value in values) / (n - 1)
    return Mean(middle, math.sqrt(spread / n), n)


# -- detection ---------------------------------------------------------------------------------------------


def decided_frauds(figures: Figures) -> list[bool]:
    """For each fraud that was detected or finalised, in the order of posting, whether it was detected."""
    decided = figures.frauds[figures.frauds["outcome"].isin(["rejected", "accepted"])].sort_values(
        ["posted", "sent"], kind="stable"
    )
    return [bool(outcome == "rejected") for outcome in decided["outcome"]]


def frauds_caught(figures: Figures) -> Frequency:
    """Frauds detected, of those detected or finalised."""
    caught = decided_frauds(figures)
    return Frequency(sum(caught), len(caught))


def frauds_finalised(figures: Figures) -> Frequency:
    """Frauds that became final, of those detected or finalised."""
    caught = decided_frauds(figures)
    return Frequency(len(caught) - sum(caught), len(caught))


def caught_within(figures: Figures, requests: float) -> Frequency:
    """Of successive groups of so many frauds, those in which at least one was detected."""
    size, caught = int(requests), decided_frauds(figures)
    groups = [caught[start : start + size] for start in range(0, len(caught) - size + 1, size)]
    return Frequency(sum(any(group) for group in groups), len(groups))


def frauds_until_caught(figures: Figures) -> Mean:
    """How many frauds it takes until one is detected, counted anew after each detection."""
    gaps, since = [], 0
    for was_caught in decided_frauds(figures):
        since += 1
        if was_caught:
            gaps.append(float(since))
            since = 0
    return mean_of(gaps)


# -- sampling ----------------------------------------------------------------------------------------------


def sampled_tasks(figures: Figures) -> dict[str, bool]:
    """For each task in a batch that was sampled from, whether its claim was drawn."""
    drawn = {row["batch"]: int(row["claims"]) for row in figures.tables.event("Sampled")}
    return {
        task: bool(drawn[built["batch"]] >> index & 1)
        for built in figures.tables.of("batch_built")
        if built["batch"] in drawn
        for index, task in enumerate(built["tasks"])
    }


def claims_sampled(figures: Figures) -> Frequency:
    """Claims drawn for a check, of all claims in batches that were sampled from."""
    drawn = sampled_tasks(figures)
    return Frequency(sum(drawn.values()), len(drawn))


def break_even_probability(figures: Figures) -> Mean:
    """Sampling probability at which fraud would have earned what honesty does, by what happened in the run.

    C / (c (R + S)) with the cost of an honest answer C, the fee R and the slash S as they were, and c the share of
    sampled frauds that were caught; its error is that of c, by the delta method.
    """
    drawn = sampled_tasks(figures)
    decided = figures.frauds[figures.frauds["outcome"].isin(["rejected", "accepted"])]
    sampled = [outcome == "rejected" for task, outcome in decided["outcome"].items() if drawn.get(str(task))]
    caught = Frequency(sum(sampled), len(sampled))
    if not caught.successes:
        return Mean(math.inf, math.inf, caught.n)
    value = honest_cost(figures) / (caught.value * (fee(figures) + slash_of_one(figures)))
    error = value * math.sqrt((1 - caught.value) / (caught.n * caught.value))
    return Mean(value, max(error, 1e-9 * value), caught.n)


def honest_cost(figures: Figures) -> float:
    """What the compute of an honest answer costs on average, in OPG."""
    macs = {row["name"]: row["macs"] for row in figures.tables.of("model_served")}
    price = int(figures.tables.started["compute_price_wei"]) / WEI / 1e9
    return price * float(figures.claims["model"].map(macs).mean())


def fee(figures: Figures) -> float:
    """What an inference costs its client on average, in OPG."""
    return float(figures.claims["fee"].mean())


def slash_of_one(figures: Figures) -> float:
    """What a rejected claim costs its node on average, in OPG."""
    rejected = len(figures.tables.event("ClaimRejected"))
    return sum(int(row["amount"]) for row in frauds_slashed(figures)) / WEI / rejected if rejected else 0.0


def frauds_slashed(figures: Figures) -> list[Row]:
    """Slashes for proven frauds."""
    return [row for row in figures.slashes if as_text(row["reason"]) in ("fraud", "equivocation")]


def payoff_of_fraud(figures: Figures) -> Mean:
    """What a fraud earned, in OPG: its fee if it stood, what was slashed for it, negative, if it did not."""
    gain, loss = fee(figures), slash_of_one(figures)
    return mean_of([-loss if caught else gain for caught in decided_frauds(figures)])


# -- committees --------------------------------------------------------------------------------------------


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


# -- money -------------------------------------------------------------------------------------------------


def slash_amounts(figures: Figures) -> Amounts:
    """What each fraud cost its node, in OPG: every slash over the claims that the same transaction rejected."""
    rejected = [(row["i"], 0) for row in figures.tables.event("ClaimRejected")]
    slashed = [(row["i"], int(row["amount"])) for row in frauds_slashed(figures)]
    values, wrongs = [], 0
    for _, amount in sorted(rejected + slashed):
        if amount and wrongs:
            values.append(amount / wrongs / WEI)
        wrongs = 0 if amount else wrongs + 1
    return Amounts(tuple(values))


OBSERVATIONS: Mapping[str, Callable[..., Observation]] = MappingProxyType(
    {
        observe.__name__: observe
        for observe in (
            break_even_probability,
            caught_within,
            claims_sampled,
            committees_with,
            copies_counted,
            frauds_caught,
            frauds_finalised,
            frauds_until_caught,
            payoff_of_fraud,
            slash_amounts,
            slot_majorities,
        )
    }
)
"""By name."""
