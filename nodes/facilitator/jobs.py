"""The facilitator's jobs, kept in SQLite: what was taken on is carried out, whatever happens in between."""

from __future__ import annotations

import json
import sqlite3
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any

QUEUED, PROCESSING, SUCCEEDED, FAILED = "queued", "processing", "succeeded", "failed"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, queue TEXT NOT NULL, status TEXT NOT NULL,
    created REAL NOT NULL, updated REAL NOT NULL, data TEXT NOT NULL, result TEXT NOT NULL
)
"""


@dataclass(frozen=True, slots=True)
class Job:
    """Something that the facilitator has taken on. Times are Unix seconds."""

    id: str
    queue: str
    status: str
    created: float
    updated: float
    data: dict[str, Any]
    result: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """As the facilitator's HTTP interface has it: times in milliseconds."""
        return {
            "jobId": self.id,
            "queue": self.queue,
            "status": self.status,
            "createdAt": round(self.created * 1000),
            "updatedAt": round(self.updated * 1000),
            **self.result,
        }


class Jobs:
    """Jobs in a file; in memory if none is named, and then they are gone with the process.

    They outlive the process however it ends, as all that `simnet up` keeps. The disk is not waited for, so a machine
    that loses its power may lose the last ones: waiting takes 5 to 20 ms for each answer that a gateway gives.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._connection = sqlite3.connect(path or ":memory:", isolation_level=None)
        weakref.finalize(self, self._connection.close)  # at the latest: Python 3.13 warns of those that are left open
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute(_SCHEMA)

    def add(self, id: str, queue: str, data: dict[str, Any], now: float) -> Job:
        """Take a job on."""
        row = (id, queue, QUEUED, now, now, json.dumps(data), "{}")
        self._connection.execute(
            "INSERT INTO jobs (id, queue, status, created, updated, data, result) VALUES (?, ?, ?, ?, ?, ?, ?)", row
        )
        return Job(id, queue, QUEUED, now, now, data, {})

    def move(self, id: str, status: str, now: float, result: dict[str, Any] | None = None) -> None:
        """Have a job be in another status."""
        change = (status, now, json.dumps(result or {}), id)
        self._connection.execute("UPDATE jobs SET status = ?, updated = ?, result = ? WHERE id = ?", change)

    def of(self, id: str) -> Job | None:
        """The job of that id, if there is one."""
        found = self._select("id = ?", (id,))
        return found[0] if found else None

    def open(self, queue: str) -> list[Job]:
        """Those of a queue that have not ended, oldest first."""
        return self._select("queue = ? AND status IN (?, ?)", (queue, QUEUED, PROCESSING))

    @property
    def count(self) -> int:
        """How many there have been."""
        found: int = self._connection.execute("SELECT COUNT(*) FROM jobs").fetchone()[0]
        return found

    def lose(self) -> None:
        """Lose all of them, as a disk may."""
        self._connection.execute("DELETE FROM jobs")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _select(self, where: str, values: tuple[str, ...]) -> list[Job]:
        columns = "id, queue, status, created, updated, data, result"
        rows = self._connection.execute(f"SELECT {columns} FROM jobs WHERE {where} ORDER BY number", values)
        return [
            Job(id, queue, status, created, updated, json.loads(data), json.loads(result))
            for id, queue, status, created, updated, data, result in rows
        ]
