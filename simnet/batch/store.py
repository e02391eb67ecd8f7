"""What finished runs came to, kept in a directory, so that a study that was killed goes on where it was.

Each unit of work has a file of its own, named after its scenario's digest and its seed. A file is written whole or
not at all, carries a checksum, and counts only for the code that made it; anything else is run again. The files are
pickles: open a directory of your own, not one that somebody sent you.
"""

from __future__ import annotations

import hashlib
import os
import pickle
from pathlib import Path
from typing import Any

from simnet.batch.work import FINISHED, RunSummary, Unit
from simnet.run import OutputError

UNITS = "units"
"""Below a study's directory."""

CHECKSUM_BYTES = hashlib.sha256().digest_size


class Store:
    """Summaries of finished runs below a study's directory, made by this version of the code. Raises `OutputError`."""

    def __init__(self, study: Path, code: str) -> None:
        self.directory, self._code = study / UNITS, code
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            (self.directory / ".try").touch()
            (self.directory / ".try").unlink()
        except OSError as error:
            reason = f"cannot write to {study}: {error.strerror}"
            raise OutputError(reason, "choose another place with --out DIR") from None

    def get(self, work: Unit) -> RunSummary[Any] | None:
        """What this unit came to, if that is known and its run directory, should it have one, is still there."""
        try:
            data = self._file(work).read_bytes()
        except FileNotFoundError:
            return None
        checksum, payload = data[:CHECKSUM_BYTES], data[CHECKSUM_BYTES:]
        if hashlib.sha256(payload).digest() != checksum:
            return None
        code, pickled = pickle.loads(payload)
        if code != self._code:  # what other code pickled may not even load
            return None
        summary: RunSummary[Any] = pickle.loads(pickled)
        is_whole = summary.directory is None or (summary.directory / "results.json").exists()
        return summary if is_whole and (not work.keeps or work.out in (None, summary.directory)) else None

    def put(self, work: Unit, summary: RunSummary[Any]) -> None:
        """Keep what a unit came to. One that did not finish is not kept: it is to be run again."""
        if summary.state != FINISHED:
            return
        payload = pickle.dumps((self._code, pickle.dumps(summary)))
        part = self.directory / f".{os.getpid()}.part"
        with part.open("wb") as file:
            file.write(hashlib.sha256(payload).digest() + payload)
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._file(work))

    def clear(self) -> None:
        """Forget everything."""
        for file in self.directory.glob("*.unit"):
            file.unlink()

    def _file(self, work: Unit) -> Path:
        return self.directory / f"{work.key}.unit"
