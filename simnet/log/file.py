"""A log file that may still be growing: new lines as they come, and any line again by its place."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from weakref import finalize

from chain.errors import SimnetError

CHUNK_BYTES = 1 << 18
"""Read at a time: some 1,200 lines, which take about 10 ms to take in."""


class LogError(SimnetError):
    """A log cannot be read, or says something that no log says."""

    exit_code = 2


class LogReplaced(Exception):
    """Another run has begun to write the same file."""


class LogFile:
    """An open log. Survives the renaming of its directory, as a finished run does it."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()  # what a link points to may change
        try:
            self._file = os.open(path, os.O_RDONLY)
        except OSError as error:
            raise LogError(f"cannot read {path}: {error.strerror}") from None
        self._read_to = 0
        self.close = finalize(self, os.close, self._file)
        """Let go of the file; also done when nobody needs it any more."""

    @property
    def directory(self) -> Path:
        """Where the log is now: a finished run's directory gets another name."""
        here = os.fstat(self._file)
        for directory in (self.path.parent, *self.path.parent.parent.glob("*/")):
            try:
                if os.path.samestat((directory / self.path.name).stat(), here):
                    return directory
            except OSError:
                continue
        return self.path.parent

    @property
    def behind(self) -> int:
        """Bytes written and not read yet. Raises `LogReplaced`."""
        opened = os.fstat(self._file)
        with suppress(FileNotFoundError):
            if not os.path.samestat(self.path.stat(), opened):
                raise LogReplaced
        if opened.st_size < self._read_to:
            raise LogReplaced
        return opened.st_size - self._read_to

    def read(self) -> Iterator[tuple[int, bytes]]:
        """The next complete lines, each with its offset; none if there are none yet."""
        wanted = CHUNK_BYTES
        while True:
            chunk = os.pread(self._file, wanted, self._read_to)
            end = chunk.rfind(b"\n") + 1
            if end or len(chunk) < wanted:
                break
            wanted *= 2
        for line in chunk[:end].splitlines():
            yield self._read_to, line
            self._read_to += len(line) + 1

    def line(self, offset: int, end: int) -> bytes:
        """The bytes between two offsets."""
        return os.pread(self._file, end - offset, offset)
