"""Where in the log everything is: by number, by time, by kind of event and by what it is about.

The index only grows, and holds no rows: a few dozen bytes for each.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from nodes.records import GROUPS
from simnet.log.descriptions import described, group_of
from simnet.log.events import ContractEvent, Row

CODES = {group: code for code, group in enumerate(GROUPS)}
"""A byte for each group."""


ADDRESS_LENGTH = 42


@dataclass(frozen=True, slots=True)
class Reorg:
    """A reorg's place in the log, and the first row that it undid."""

    number: int
    reach: int
    first_block: int


class Index:
    """Finds rows. A row's number is its position in the log, from 0."""

    def __init__(self) -> None:
        self.offsets = array("Q", [0])
        """Where each row begins, and after the last one where the next will."""
        self.times = array("d")
        self.groups = bytearray()
        """Position among `nodes.records.GROUPS` of each row's group."""
        self.blocks = array("L")
        """Rows of blocks."""
        self.slashes = array("L")
        self.frauds = array("L")
        """Rows in which a behaviour made an answer wrong."""
        self.disturbances = array("L")
        """Rows in which a fault, a reorg or an injection by hand began."""
        self.faults: dict[int, tuple[float, float]] = {}
        """From when to when each fault lasts; for ever unless it was undone."""
        self.failures = array("L")
        """Rows at which an expectation began to fail."""
        self.broken: dict[int, list[str]] = {}
        """The expectations that began to fail at each of these rows."""
        self.reorgs: list[Reorg] = []
        self.batches: dict[str, int] = {}
        """The row in which each batch was built."""
        self.batch_of: dict[str, str] = {}
        """The batch that a task's claim went into, the last one if several."""
        self._subjects: dict[str, array[int]] = {}
        self._names: dict[str, str] = {}
        self._block_rows: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self.times)

    def add(self, row: Row, end: int) -> None:
        """Take in the next row, which ends at byte `end`."""
        number, kind = len(self.times), row["kind"]
        self.offsets.append(end)
        self.times.append(row["t"])
        self.groups.append(CODES[group_of(row)])
        if kind == "contract_event":
            if row["event"] == "Slashed":
                self.slashes.append(number)
        elif kind == "block_mined":
            self.blocks.append(number)
            self._block_rows[row["number"]] = number
        elif kind in ("participant_joined", "service_joined"):
            self._names[row["address"]] = row["name"]
        elif kind == "batch_built":
            self.batches[row["batch"]] = number
            self.batch_of.update(dict.fromkeys(row["tasks"], row["batch"]))
        elif kind == "fault_injected":
            self.disturbances.append(number)
            if row["lasts"]:
                self.faults[row["fault"]] = (row["t"], math.inf)
        elif kind == "fault_ended":
            if row["whole"] and row["fault"] in self.faults:
                self.faults[row["fault"]] = (self.faults[row["fault"]][0], row["t"])
        elif kind == "intervention":
            self.disturbances.append(number)
        elif kind == "cheated":
            if row["act"] == "answer":
                self.frauds.append(number)
        elif kind == "chain_reorged":
            self.disturbances.append(number)
            reach = self._block_rows.get(row["first"], number)
            self.reorgs.append(Reorg(number, reach, row["first"]))
        for subject in dict.fromkeys(self._subjects_of(row)):
            if subject in self._subjects:
                self._subjects[subject].append(number)
            elif subject:
                self._subjects[subject] = array("L", (number,))

    def add_failure(self, number: int, expectations: list[str]) -> None:
        """Mark a row as the one at which these expectations began to fail."""
        self.failures.append(number)
        self.broken[number] = expectations

    def is_disturbed(self, time_s: float) -> bool:
        """Whether a fault lasts at that time."""
        return any(start <= time_s < end for start, end in self.faults.values())

    def _subjects_of(self, row: Row) -> Iterator[str]:
        """Participants by name, tasks and batches by id."""
        found = described(row)
        for value in flat(found.about()) if found else ():
            yield self._names.get(value, "" if is_address(value) else value)
        if row["kind"] == ContractEvent.kind:
            yield row["subject"]
            yield from (self._names[value] for value in flat(row["args"].values()) if value in self._names)

    def reorgs_before(self, number: int) -> list[Reorg]:
        """Reorgs among the first `number` rows."""
        return [reorg for reorg in self.reorgs if reorg.number < number]

    def about(self, subject: str, before: int, without: str = "") -> list[int]:
        """Rows about a participant, task or batch, among the first `before` rows; one group may be left out."""
        rows = self._subjects.get(subject, array("L"))
        code = CODES[without] if without else -1
        return [number for number in rows[: bisect_left(rows, before)] if self.groups[number] != code]

    def subjects(self, prefix: str) -> Iterator[str]:
        """Participants, tasks and batches whose name or id begins like this."""
        return (subject for subject in self._subjects if subject.startswith(prefix))

    def knows(self, subject: str) -> bool:
        """Whether anything in the log is about it."""
        return subject in self._subjects

    def matching(self, groups: Iterable[str], subject: str, start: int = 0) -> list[int]:
        """Rows from `start` on that are of these groups, and about a subject unless that is empty."""
        codes = frozenset(CODES[group] for group in groups)
        if subject:
            return [n for n in self._subjects.get(subject, ()) if n >= start and self.groups[n] in codes]
        return [n for n, code in enumerate(self.groups[start:], start) if code in codes]

    def count_groups(self) -> dict[str, int]:
        """How many rows each group has."""
        return {group: self.groups.count(code) for group, code in CODES.items()}

    def at_time(self, time_s: float) -> int:
        """How many rows there are up to a time."""
        return bisect_right(self.times, time_s)


def is_address(value: str) -> bool:
    """Whether this is an account and no id, which is longer."""
    return len(value) == ADDRESS_LENGTH and value.startswith("0x")


def flat(values: Iterable[Any]) -> Iterator[str]:
    """The strings among values and in lists among them."""
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from (part for part in value if isinstance(part, str))


def after(rows: array[int], number: int) -> int | None:
    """The first of these rows that is still to come once `number` rows are applied."""
    i = bisect_left(rows, number)
    return rows[i] if i < len(rows) else None


def before(rows: array[int], number: int) -> int | None:
    """The last of these rows before the one that was applied last."""
    i = bisect_left(rows, number - 1)
    return rows[i - 1] if i else None
