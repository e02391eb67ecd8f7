"""One process for each directory that is written to."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chain.errors import SimnetError


class DirectoryTaken(SimnetError):
    """A directory belongs to another run, which would be lost."""

    exit_code = 2


@contextmanager
def alone_in(directory: Path) -> Iterator[None]:
    """While inside, no other simnet writes there. Raises `DirectoryTaken` if one does already.

    The lock is the kernel's, on the directory itself: it leaves no file, and goes with the process that holds it.
    """
    held = os.open(directory, os.O_RDONLY)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DirectoryTaken(
                f"another simnet is writing to {directory}", "wait for it, or choose another place with --out DIR"
            ) from None
        except OSError:  # a file system without locks
            pass
        yield
    finally:
        os.close(held)
