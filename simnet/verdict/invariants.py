"""What must hold in every run, whatever the scenario: checked from the log, apart from the code it checks.

Events of blocks that a reorg replaced are left out. Together the invariants balance the books: the ledger is held
against the balances that were read from the chain, and what batches, claims and fees do against what they were when
they were posted.
"""

from __future__ import annotations

from collections.abc import Sequence

from simnet.log.events import ChainReorged, ContractEvent
from simnet.measure.ledger import Ledger
from simnet.measure.rows import Row, Undone
from simnet.verdict.invariant import Finding, Invariant
from simnet.verdict.liveness import EveryBatchEnds
from simnet.verdict.money import FeesAreAccountedFor, LedgerAgreesWithChain, NothingIsPaidFromNothing, SupplyIsConstant
from simnet.verdict.safety import FinalIsFinal, FinalWasPosted, NoClaimPaidTwice, NoTaskTwice, TimeNeverRunsBack

ALWAYS: tuple[type[Invariant], ...] = (
    LedgerAgreesWithChain,
    NothingIsPaidFromNothing,
    FeesAreAccountedFor,
    FinalIsFinal,
    FinalWasPosted,
    EveryBatchEnds,
    NoClaimPaidTwice,
    TimeNeverRunsBack,
    NoTaskTwice,
)
"""Invariants of every log, however short."""

AT_THE_END: tuple[type[Invariant], ...] = (SupplyIsConstant,)
"""Invariants that need a reading of balances after the last block, if the chain was still there."""


class Checks:
    """All of them, as one fold of a log without reorgs."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self._all = [kind(self.ledger) for kind in (*AT_THE_END, *ALWAYS)]
        self._of_kind: dict[str, list[Invariant]] = {}
        for invariant in self._all:
            for key in (*invariant.kinds, *invariant.events):
                self._of_kind.setdefault(key, []).append(invariant)
        self._ended = ""

    def on(self, row: Row) -> None:
        """Take the next row of the log."""
        self.ledger.on(row)
        kind = row["kind"]
        if kind == "run_ended":
            self._ended = row["reason"]
        for invariant in self._of_kind.get(key_of(row), ()):
            invariant.on(row)

    def findings(self) -> list[Finding]:
        """The log is over: what was found by all that it can be held to."""
        complete = self._ended == "completed" or self.ledger.complete
        chosen = [one for one in self._all if complete or not isinstance(one, AT_THE_END)]
        return [Finding(one.name, *one.finding()) for one in chosen]


def check_invariants(rows: Sequence[Row]) -> list[Finding]:
    """The findings of all invariants that a log can be held to."""
    undone = Undone(row for row in rows if row["kind"] == ChainReorged.kind)
    checks = Checks()
    for row in rows:
        if row not in undone:
            checks.on(row)
    return checks.findings()


def key_of(row: Row) -> str:
    """What a row is to those who wait for it: a contract event's name, or its kind."""
    return str(row["event"] if row["kind"] == ContractEvent.kind else row["kind"])
