"""Rows of an event log, what takes them in, and how a fold takes back what a reorg undid."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import fields
from itertools import chain
from typing import Generic, Protocol, TypeVar

import orjson

from chain.seam import REORG_DEPTH_MAX
from nodes.records import Record
from simnet.log.events import ELSEWHERE, TIME_DIGITS, BlockMined, ChainReorged
from simnet.log.events import Row as Row
from simnet.measure.snapshot import Snapshot

ROWS_TOGETHER = 4096
"""How many rows are compressed at a time."""


class Fold(Protocol):
    """Whatever takes in a log row by row. It must be picklable."""

    def on(self, row: Row) -> None:
        """Take in the next row."""


AnyFold = TypeVar("AnyFold", bound=Fold)


class Rewinding(Generic[AnyFold]):
    """Feeds a fold with a log so that it ends as if what reorgs undid had never been in it.

    It keeps the fold as it was between one and two times `REORG_DEPTH_MAX` blocks ago, and the rows since. When a reorg
    undoes blocks, the fold starts again from there without them; a reorg that reaches further back is refused.
    """

    def __init__(self, fold: AnyFold) -> None:
        self.fold = fold
        self._before = self._since = Snapshot(fold)
        self._rows_before = Kept()
        """Rows from the older of the two states to the newer one."""
        self._rows_since = Kept()
        self._first_block = self._kept_at = 0

    def on(self, row: Row) -> None:
        """Take in the next row."""
        if row["kind"] == BlockMined.kind and row["number"] - self._kept_at >= REORG_DEPTH_MAX:
            self._keep(row["number"])
        if row["kind"] == ChainReorged.kind:
            self._undo(row["first"], row["first"] + row["depth"])
        self._rows_since.append(row)
        self.fold.on(row)

    def _keep(self, block: int) -> None:
        """Let go of the older state."""
        self._before, self._since = self._since, Snapshot(self.fold)
        self._rows_before, self._rows_since = self._rows_since, Kept()
        self._first_block, self._kept_at = self._kept_at, block

    def _undo(self, first: int, end: int) -> None:
        """Start again without blocks `first` up to but not `end`."""
        if first < self._first_block:
            raise ValueError(
                f"a reorg undoes block {first}, further back than the {REORG_DEPTH_MAX} blocks that are kept"
            )
        rows = chain(self._rows_before, self._rows_since)
        self.fold = self._before.restore()
        self._since, self._rows_before, self._rows_since = self._before, Kept(), Kept()
        self._kept_at = self._first_block
        for row in rows:
            if not first <= block_of(row) < end:
                self._rows_since.append(row)
                self.fold.on(row)


class Kept:
    """Rows in the order in which they came, compressed to a twentieth of what they take as objects.

    A large run writes a million in the blocks that a reorg may undo, and hardly ever needs them again.
    """

    def __init__(self) -> None:
        self._compressed: list[bytes] = []
        self._latest: list[Row] = []

    def append(self, row: Row) -> None:
        """Keep one more."""
        self._latest.append(row)
        if len(self._latest) == ROWS_TOGETHER:
            self._compressed.append(zlib.compress(orjson.dumps(self._latest), level=1))
            self._latest = []

    def __iter__(self) -> Iterator[Row]:
        for rows in self._compressed:
            yield from orjson.loads(zlib.decompress(rows))
        yield from self._latest


class Undone:
    """The rows of a finished log that reorgs took back; nobody who knows them ever has to go back."""

    def __init__(self, reorgs: Iterable[Row]) -> None:
        """`reorgs` are the rows of the log that tell of one."""
        self._reorgs = [(row["i"], range(row["first"], row["first"] + row["depth"])) for row in reorgs]

    def __contains__(self, row: Row) -> bool:
        if not self._reorgs:
            return False
        block = block_of(row)
        return any(row["i"] < number and block in blocks for number, blocks in self._reorgs)


class Listening:
    """Shows a fold a log row by row while it is written: `hear` is a listener for `EventLog.listen`."""

    def __init__(self, fold: Fold) -> None:
        self._fold = fold
        self._number = 0

    def hear(self, time_s: float, record: Record) -> None:
        """Take in the record that was appended."""
        self._fold.on(row_of(self._number, time_s, record))
        self._number += 1


def block_of(row: Row) -> int:
    """The block that a row is of; -1 for one that no reorg undoes."""
    if row["kind"] in ELSEWHERE:
        return -1
    number = row["number"] if row["kind"] == BlockMined.kind else row.get("block", -1)
    return int(number)


def row_of(number: int, time_s: float, record: Record) -> Row:
    """A record as the log's reader sees it."""
    row: Row = {"i": number, "t": round(time_s, TIME_DIGITS), "kind": record.kind}
    for name in field_names(type(record)):
        row[name] = getattr(record, name)
    return row


def field_names(record: type[Record]) -> tuple[str, ...]:
    """The fields of a kind of record."""
    found = _FIELDS.get(record)
    if found is None:
        found = _FIELDS[record] = tuple(field.name for field in fields(record))  # type: ignore[arg-type]
    return found


_FIELDS: dict[type[Record], tuple[str, ...]] = {}


def as_text(word: str) -> str:
    """A bytes32 that a contract wrote as text."""
    return bytes.fromhex(word.removeprefix("0x")).rstrip(b"\0").decode(errors="replace")
