"""Where in the log everything is: by number, by time, by kind of event and by what it is about.

The index only grows, and holds no rows: a few dozen bytes for each.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dashboards.state import Row

GROUPS = (
    "run",
    "tasks",
    "messages",
    "work",
    "blocks",
    "batches",
    "votes",
    "money",
    "fraud",
    "shirking",
    "penalties",
    "faults",
)
"""What the feed can be filtered by."""

GROUP_OF: dict[str, str] = {
    "task_sent": "tasks",
    "task_answered": "tasks",
    "task_failed": "tasks",
    "claim_made": "tasks",
    "message_sent": "messages",
    "executed": "work",
    "claim_checked": "work",
    "perturbed": "work",
    "block_mined": "blocks",
    "transaction_mined": "blocks",
    "batch_built": "batches",
    "BatchPosted": "batches",
    "Pledged": "batches",
    "ClaimProven": "batches",
    "BatchFinal": "batches",
    "stake_read": "money",
    "supply_read": "money",
    "side_payment": "money",
    "decided": "tasks",
    "evidence_checked": "work",
    "sealed": "work",
    "terms_set": "tasks",
    "circuit_answered": "work",
    "proving": "work",
    "extra_task": "tasks",
    "error_forced": "fraud",
    "Transfer": "money",
    "Deposited": "money",
    "Rewarded": "money",
    "Staked": "money",
    "Withdrawn": "money",
    "Unbonding": "money",
    "Compensated": "money",
    "cheated": "fraud",
    "Slashed": "penalties",
    "Jailed": "penalties",
    "Unjailed": "penalties",
    "ClaimRejected": "penalties",
    "ClaimVoided": "penalties",
    "Equivocation": "penalties",
    "Disputed": "penalties",
    "Challenged": "penalties",
    "ChallengeDecided": "penalties",
    "Inattentive": "penalties",
    "fault_injected": "faults",
    "fault_ended": "faults",
    "chain_reorged": "faults",
    "duty_failed": "faults",
    "touched": "faults",
}
"""Group of each kind of row and of each contract event; other contract events are votes, other rows are the run's."""

SHIRKING = GROUPS.index("shirking")
"""Dishonest checks. There are many of them, and little to see in each."""

SUBJECT_KEYS: dict[str, tuple[str, ...]] = {
    "task_sent": ("client", "node", "task"),
    "task_answered": ("client", "node", "task"),
    "task_failed": ("client", "node", "task"),
    "claim_made": ("node", "task"),
    "message_sent": ("sender", "receiver"),
    "executed": ("node", "task"),
    "claim_checked": ("node", "task", "batch"),
    "perturbed": ("node", "task"),
    "duty_failed": ("node", "batch"),
    "cheated": ("node", "subject"),
    "side_payment": ("payer", "payee", "subject"),
    "decided": ("node", "subject"),
    "evidence_checked": ("node", "task", "batch"),
    "sealed": ("node", "task"),
    "terms_set": ("client", "task"),
    "circuit_answered": ("node", "task"),
    "proving": ("node", "task"),
    "extra_task": ("client", "task"),
    "error_forced": ("node", "task", "batch"),
    "participant_joined": ("name",),
    "block_mined": ("producer",),
    "stake_read": ("node",),
    "batch_built": ("node", "batch"),
    "transaction_mined": ("subject",),
}
"""Which fields of a row say what it is about."""

ADDRESS_KEYS = ("node", "member", "bountyTo", "prover", "challenger", "accuser", "from", "to")
"""Arguments of contract events that are participants' addresses."""


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
        """Position in `GROUPS` of each row's group."""
        self.blocks = array("L")
        """Rows of blocks."""
        self.slashes = array("L")
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
        self._group_codes = {kind: GROUPS.index(group) for kind, group in GROUP_OF.items()}

    def __len__(self) -> int:
        return len(self.times)

    def add(self, row: Row, end: int) -> None:
        """Take in the next row, which ends at byte `end`."""
        number, kind = len(self.times), row["kind"]
        self.offsets.append(end)
        self.times.append(row["t"])
        if kind == "contract_event":
            self.groups.append(self._group_codes.get(row["event"], GROUPS.index("votes")))
            if row["event"] == "Slashed":
                self.slashes.append(number)
        else:
            shirks = kind == "cheated" and row["act"] == "check"
            self.groups.append(SHIRKING if shirks else self._group_codes.get(kind, 0))
            if kind == "block_mined":
                self.blocks.append(number)
                self._block_rows[row["number"]] = number
            elif kind == "participant_joined":
                self._names[row["address"]] = row["name"]
            elif kind == "batch_built":
                self.batches[row["batch"]] = number
                self.batch_of.update(dict.fromkeys(row["tasks"], row["batch"]))
            elif kind == "chain_reorged":
                reach = self._block_rows.get(row["first"], number)
                self.reorgs.append(Reorg(number, reach, row["first"]))
        subjects = self._subjects
        for subject in self._subjects_of(row, kind):
            if subject in subjects:
                subjects[subject].append(number)
            elif subject:
                subjects[subject] = array("L", (number,))

    def add_failure(self, number: int, expectations: list[str]) -> None:
        """Mark a row as the one at which these expectations began to fail."""
        self.failures.append(number)
        self.broken[number] = expectations

    def _subjects_of(self, row: Row, kind: str) -> list[str]:
        """Participants by name, tasks and batches by id."""
        found = [row[key] for key in SUBJECT_KEYS.get(kind, ())]
        if kind == "contract_event":
            args = row["args"]
            found += [args[key] for key in ("batch", "task") if key in args]
            found += dict.fromkeys(self._names.get(args[key], "") for key in ADDRESS_KEYS if key in args)
        elif kind == "transaction_mined":
            found.append(self._names.get(row["sender"], ""))
        elif kind in ("fault_injected", "fault_ended"):
            found += dict.fromkeys(row["targets"])
        return found

    def reorgs_before(self, number: int) -> list[Reorg]:
        """Reorgs among the first `number` rows."""
        return [reorg for reorg in self.reorgs if reorg.number < number]

    def about(self, subject: str, before: int, without: str = "") -> list[int]:
        """Rows about a participant, task or batch, among the first `before` rows; one group may be left out."""
        rows = self._subjects.get(subject, array("L"))
        code = GROUPS.index(without) if without else -1
        return [number for number in rows[: bisect_left(rows, before)] if self.groups[number] != code]

    def subjects(self, prefix: str) -> Iterator[str]:
        """Participants, tasks and batches whose name or id begins like this."""
        return (subject for subject in self._subjects if subject.startswith(prefix))

    def knows(self, subject: str) -> bool:
        """Whether anything in the log is about it."""
        return subject in self._subjects

    def matching(self, groups: Iterable[str], subject: str, start: int = 0) -> list[int]:
        """Rows from `start` on that are of these groups, and about a subject unless that is empty."""
        codes = frozenset(GROUPS.index(group) for group in groups)
        if subject:
            return [n for n in self._subjects.get(subject, ()) if n >= start and self.groups[n] in codes]
        return [n for n, code in enumerate(self.groups[start:], start) if code in codes]

    def count_groups(self) -> dict[str, int]:
        """How many rows each group has."""
        return {group: self.groups.count(code) for code, group in enumerate(GROUPS)}

    def at_time(self, time_s: float) -> int:
        """How many rows there are up to a time."""
        return bisect_right(self.times, time_s)


def after(rows: array[int], number: int) -> int | None:
    """The first of these rows that is still to come once `number` rows are applied."""
    i = bisect_left(rows, number)
    return rows[i] if i < len(rows) else None


def before(rows: array[int], number: int) -> int | None:
    """The last of these rows before the one that was applied last."""
    i = bisect_left(rows, number - 1)
    return rows[i - 1] if i else None
