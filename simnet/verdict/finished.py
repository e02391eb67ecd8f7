"""What a verdict rests on: a run's log, read once it is finished.

A reorg is known before the rows that it undid are read again, so that no fold has to be taken back; and nothing of this
takes room while the run goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from simnet.log.events import ChainReorged, read_log
from simnet.log.file import parse_row
from simnet.measure.catalogue import new_state
from simnet.measure.fold import apply
from simnet.measure.rows import Row, Undone
from simnet.verdict.invariant import Finding
from simnet.verdict.invariants import Checks

TELLS_OF_A_REORG = f'"kind":"{ChainReorged.kind}"'.encode()
"""In the lines of the log that do."""


class FinishedLog:
    """What a finished log amounts to, and what invariants find in it."""

    def __init__(self, log: Path) -> None:
        """`log` is looked through for reorgs; its rows are given to `on`."""
        self.state = new_state(exact=True)
        self._undone = Undone(reorgs_in(log))
        self._checks = Checks()

    def on(self, row: Row) -> None:
        """Take in the next row. Raises one of `NO_ROW` for what is none."""
        if row not in self._undone:
            apply(self.state, row)
            self._checks.on(row)

    def findings(self) -> list[Finding]:
        """The log is over: what invariants found."""
        return self._checks.findings()


def read_finished(log: Path) -> FinishedLog:
    """All of a log that a run has finished."""
    finished = FinishedLog(log)
    for row in read_log(log):
        finished.on(row)
    return finished


def reorgs_in(log: Path) -> Iterator[Row]:
    """The rows of a log that tell of a reorg; what is damaged is left to whoever takes in the rows."""
    with log.open("rb") as file:
        for line in file:
            if TELLS_OF_A_REORG in line:
                row = parsed(line)
                if all(type(row.get(name)) is int for name in ("i", "first", "depth")):
                    yield row


def parsed(line: bytes) -> Row:
    """The row in a line; an empty one if it holds none."""
    try:
        return parse_row(line)
    except ValueError:
        return {}
