"""What must hold in every run, whatever the scenario: checked from the log, apart from the code it checks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chain.quantities import OPG, TOTAL_SUPPLY
from simnet.log.tables import Row, Tables


@dataclass(frozen=True)
class Finding:
    """What an invariant's check found."""

    name: str
    held: bool
    detail: str


def supply_is_constant(tables: Tables) -> tuple[bool, str]:
    """There are 10^27 wei of OPG, and every one of them is accounted for."""
    read = tables.of("supply_read")
    if not read:
        return False, "the token's books were never read"
    total, accounted = int(read[-1]["total"]), int(read[-1]["accounted"])
    return total == accounted == TOTAL_SUPPLY, f"total {total}, accounted for {accounted}, expected {TOTAL_SUPPLY}"


def log_agrees_with_stake(tables: Tables) -> tuple[bool, str]:
    """Each node's stake on chain is what the log says of what it put up, bonded, unbonded and lost."""
    books = {name: Bond(int(row["stake"])) for name, row in tables.participants.items()}
    for row in stake_events(tables):
        name = tables.names.get(row["node"])
        if name is not None:
            books[name].move(row["event"], int(row["amount"]))
    for row in tables.of("stake_read"):
        expected = books[row["node"]].bonded
        if int(row["stake"]) != expected:
            return False, f"{row['node']} has {int(row['stake']) / OPG} OPG on chain, {expected / OPG} by the log"
    return True, f"{sum(bond.slashed for bond in books.values()) / OPG:g} OPG slashed in the log and on chain"


@dataclass
class Bond:
    """One node's stake, as events tell of it, in wei."""

    bonded: int
    leaving: int = 0
    slashed: int = 0

    def move(self, event: str, amount: int) -> None:
        """Book one event of the Staking contract. A slash takes what is bonded first, then what is unbonding."""
        if event == "Slashed":
            self.slashed += amount
            self.leaving -= max(0, amount - self.bonded)
            self.bonded -= min(amount, self.bonded)
        elif event == "Withdrawn":
            self.leaving -= amount
        else:
            self.bonded += amount if event == "Staked" else -amount
            self.leaving += amount if event == "Unbonding" else 0


def stake_events(tables: Tables) -> list[Row]:
    """Events of the Staking contract that move stake, in order."""
    kinds = ("Staked", "Unbonding", "Withdrawn", "Slashed")
    rows = [row for kind in kinds for row in tables.event(kind) if row["contract"] == "Staking"]
    return sorted(rows, key=lambda row: row["i"])


def burned_is_slashed(tables: Tables) -> tuple[bool, str]:
    """What the burn address holds is at least what slashes burned."""
    burned = sum(int(row["burned"]) for row in tables.event("Slashed"))
    read = tables.of("supply_read")
    held = int(read[-1]["burned"]) if read else 0
    return held >= burned, f"{held / OPG:g} OPG burned, of which {burned / OPG:g} by slashes"


def final_is_final(tables: Tables) -> tuple[bool, str]:
    """No batch becomes final twice, and no claim of a final batch is rejected."""
    final: dict[str, float] = {}
    for row in tables.event("BatchFinal"):
        if row["batch"] in final:
            return False, f"batch {row['batch'][:10]} became final twice"
        final[row["batch"]] = row["t"]
    for row in tables.event("ClaimRejected"):
        if row["t"] > final.get(row["batch"], float("inf")):
            return False, f"claim {row['index']} of batch {row['batch'][:10]} was rejected after finality"
    return True, f"{len(final)} batches final"


def time_never_runs_back(tables: Tables) -> tuple[bool, str]:
    """Block numbers grow by one (but for reorgs), and timestamps with them."""
    head, clock = None, -1
    events = sorted(tables.of("block_mined") + tables.of("chain_reorged"), key=lambda row: row["i"])
    for row in events:
        if row["kind"] == "chain_reorged":
            continue
        if row["timestamp"] <= clock or (head is not None and row["number"] != head + 1):
            return False, f"block {row['number']} at {row['timestamp']} after block {head} at {clock}"
        head, clock = row["number"], row["timestamp"]
    return True, f"{len(events)} blocks"


def no_task_twice(tables: Tables) -> tuple[bool, str]:
    """No task is answered to its client twice, or rejected in two batches."""
    answered = [row["task"] for row in tables.of("task_answered")]
    twice = len(answered) - len(dict.fromkeys(answered))
    return twice == 0, f"{twice} of {len(answered)} tasks answered twice"


Invariant = Callable[[Tables], tuple[bool, str]]

ALWAYS: tuple[Invariant, ...] = (log_agrees_with_stake, final_is_final, time_never_runs_back, no_task_twice)
"""Invariants of every log, however short."""

AT_THE_END: tuple[Invariant, ...] = (supply_is_constant, burned_is_slashed)
"""Invariants that need the token's books, which are read when a run is over and its chain still there."""


def check_invariants(tables: Tables) -> list[Finding]:
    """The findings of all invariants that the log can be held to."""
    cut_short = tables.ended.get("reason") != "completed" and not tables.of("supply_read")
    chosen = ALWAYS if cut_short else (*AT_THE_END, *ALWAYS)
    return [Finding(invariant.__name__, *invariant(tables)) for invariant in chosen]
