"""A log as a line in time: read once from front to back, then seen at any point of it.

While it is read, the state is kept every so many rows (a keyframe); a jump starts from the keyframe before.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Iterator
from pathlib import Path

import orjson

from simnet.log.events import ELSEWHERE, LOG_FORMAT
from simnet.log.file import NO_ROW, LogError, LogFile, parse_row
from simnet.log.index import Index, Reorg
from simnet.measure.catalogue import new_state
from simnet.measure.fold import apply
from simnet.measure.rows import Row
from simnet.measure.state import State
from simnet.verdict.so_far import Promises

KEYFRAME_EVERY = 4096
"""Rows between keyframes at first: about 25 ms of folding."""

KEYFRAMES_MAX = 128
"""When there are more, every second one goes."""


class Timeline:
    """One log, as far as it has been read."""

    def __init__(self, path: Path, promises: Promises) -> None:
        self.log = LogFile(path)
        self.promises = promises
        self.index = Index()
        self.head = new_state()
        """The state after the last row that was read. Not to be changed."""
        self._keyframes: dict[int, bytes] = {0: pickle.dumps(self.head)}
        self._spacing = KEYFRAME_EVERY
        self._failing: list[str] = []

    def __len__(self) -> int:
        return len(self.index)

    # -- reading -------------------------------------------------------------------------------------------

    def read(self, seconds: float) -> bool:
        """Take in what is new, for about so long. Returns whether there is more. Raises `LogError`."""
        until = time.monotonic() + seconds
        while self.log.behind:
            read = 0
            for offset, line in self.log.read():
                self._take_in(offset, line)
                read += 1
            if not read:
                return False
            if time.monotonic() > until:
                return True
        return False

    def _take_in(self, offset: int, line: bytes) -> None:
        number = len(self.index)
        try:
            row = parse_row(line)
            if not number and row.get("format", LOG_FORMAT) != LOG_FORMAT:
                raise LogError(f"{self.log.path} is of format {row['format']}; this version reads {LOG_FORMAT}")
            self.index.add(row, offset + len(line) + 1)
            apply(self.head, row)
        except NO_ROW as error:
            raise LogError(
                f"{self.log.path}:{number + 1}: this is no line of an event log: {error!r}",
                "only events.jsonl of a run can be watched",
            ) from None
        kind = row["kind"]
        if kind == "chain_reorged":
            self.head = self.state_at(number + 1)
        elif kind in ("block_mined", "run_ended"):
            failing = self.promises.failing(self.head)
            if begun := [text for text in failing if text not in self._failing]:
                self.index.add_failure(number, begun)
            self._failing = failing
        if (number + 1) % self._spacing == 0:
            self._keep(number + 1)

    def _keep(self, number: int) -> None:
        """Make a keyframe of the head."""
        self._keyframes[number] = pickle.dumps(self.head)
        if len(self._keyframes) > KEYFRAMES_MAX:
            self._spacing *= 2
            self._keyframes = {at: frame for at, frame in self._keyframes.items() if at % self._spacing == 0}

    @property
    def lasting_failures(self) -> list[int]:
        """Rows at which an expectation began to fail that fails at the newest row: the last such row of each."""
        last = {text: row for row, texts in self.index.broken.items() for text in texts}
        return sorted({row for text, row in last.items() if text in self._failing})

    # -- looking -------------------------------------------------------------------------------------------

    def state_at(self, number: int, near: State | None = None) -> State:
        """The state after the first `number` rows. `near` is a state to go on from if that is shorter; it changes."""
        reorgs = self.index.reorgs_before(number)
        start = max(at for at in self._keyframes if at <= number and may_start(at, reorgs))
        if near is not None and start < near.number <= number and may_start(near.number, reorgs):
            state = near
        else:
            state = pickle.loads(self._keyframes[start])
        for at, row in self.rows(state.number, number):
            if reorgs and was_undone(at, row, reorgs):
                state.number, state.time = at + 1, row["t"]
            else:
                apply(state, row)
        return state

    def rows(self, start: int, end: int) -> Iterator[tuple[int, Row]]:
        """Rows from number `start` up to but not `end`, with their numbers."""
        lines = self.log.line(self.index.offsets[start], self.index.offsets[end]).splitlines()
        yield from enumerate(map(orjson.loads, lines), start)

    def row(self, number: int) -> Row:
        """One row of the log."""
        offsets = self.index.offsets
        row: Row = orjson.loads(self.log.line(offsets[number], offsets[number + 1]))
        return row


def may_start(number: int, reorgs: list[Reorg]) -> bool:
    """Whether a state after `number` rows can be gone on from: no later reorg reaches back before it."""
    return all(reorg.reach >= number for reorg in reorgs if reorg.number >= number)


def was_undone(number: int, row: Row, reorgs: list[Reorg]) -> bool:
    """Whether a row is of a block that one of these reorgs replaced."""
    if row["kind"] in ELSEWHERE:
        return False
    block = row["number"] if row["kind"] == "block_mined" else row.get("block")
    return block is not None and any(
        reorg.reach <= number < reorg.number and block >= reorg.first_block for reorg in reorgs
    )
