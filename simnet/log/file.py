"""A log file that may still be growing: new lines as they come, and any line again by its place."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from weakref import finalize

import orjson

from chain.errors import SimnetError
from simnet.log.events import Row

CHUNK_BYTES = 1 << 18
"""Read at a time: some 1,200 lines, which take about 10 ms to take in."""


class LogError(SimnetError):
    """A log cannot be read, or says something that no log says."""

    exit_code = 2


MAX_DEPTH = 16
"""Levels of lists and mappings in a row. The deepest that simnet writes are arguments of contract events."""

NO_ROW = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What taking in a row may raise if it is none that simnet wrote."""


def parse_row(line: bytes) -> Row:
    """The row in a line of a log. Raises `ValueError` if it holds none."""
    row = orjson.loads(line)
    if not isinstance(row, dict):
        raise ValueError("a row is a JSON object")
    brackets = line.count(b"[") + line.count(b"{")
    if brackets > MAX_DEPTH and is_deeper(row, MAX_DEPTH):
        raise ValueError(f"more than {MAX_DEPTH} levels of lists and objects")
    return row


def is_deeper(value: object, levels: int) -> bool:
    """Whether lists and mappings are in one another to more than so many levels."""
    if not isinstance(value, dict | list):
        return False
    return not levels or any(
        is_deeper(part, levels - 1) for part in (value.values() if isinstance(value, dict) else value)
    )


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

    @property
    def read_share(self) -> float:
        """How much of what is written has been read."""
        return self._read_to / max(1, os.fstat(self._file).st_size)

    @property
    def changed_at(self) -> float:
        """When something was last written, in seconds of the machine's clock."""
        return os.fstat(self._file).st_mtime

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
