"""A child process that cannot outlive its parent.

Between the two sits a small shell that holds the reading end of a pipe. The parent alone holds the writing
end: when the parent goes, however it goes, the kernel closes the pipe, and the shell kills the child and removes
the directory the child wrote to. The child has a session of its own, so that Ctrl-C reaches the parent alone.

Should the shell go as well, the kernel kills the child (where there is ``setpriv``, which Linux has), and the next
guarded process removes the directory: each is locked by the parent as long as it lives.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import IO

STOP_TIMEOUT_S = 2.0

ORPHAN_AGE_S = 60.0
"""A directory that nobody has locked by then is nobody's."""

# $0 is the directory to remove, "$@" the command.
_GUARD = """
exec 3<&0
"$@" </dev/null 3<&- &
child=$!
{ read -r _ <&3; kill -KILL "$child"; rm -rf -- "$0"; } 2>/dev/null &
watcher=$!
wait "$child"
status=$?
kill "$watcher" 2>/dev/null
rm -rf -- "$0" 2>/dev/null
exit "$status"
"""

_ours: set[int] = set()
"""Writing ends of pipes, and locked directories: what tells others that this process lives."""


def _close_ours_in_child() -> None:
    """A forked worker must not keep them open."""
    while _ours:
        os.close(_ours.pop())


os.register_at_fork(after_in_child=_close_ours_in_child)


@cache
def _ends_with_its_parent() -> tuple[str, ...]:
    """What to put before a command so that the kernel kills it with its parent; nothing where that cannot be done."""
    if (found := shutil.which("setpriv")) is None:
        return ()
    prefix = (found, "--pdeathsig", "KILL", "--")  # by its path: whoever starts the command may have another PATH
    try:
        subprocess.run([*prefix, "true"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ()
    return prefix


def make_directory(prefix: str) -> Path:
    """A new directory for a guarded process. Those whose parent is gone, with the same prefix, are removed."""
    for old in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        with suppress(OSError):
            if time.time() - old.stat().st_mtime > ORPHAN_AGE_S and _is_nobodys(old):
                shutil.rmtree(old)
    return Path(tempfile.mkdtemp(prefix=prefix))


def _is_nobodys(directory: Path) -> bool:
    """Whether no living process has locked it."""
    held = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(held)
    return True


class GuardedProcess:
    """A running command; what it prints goes to `output`. `directory` is gone when the command has ended."""

    def __init__(
        self,
        command: Sequence[str | Path],
        directory: Path,
        output: IO[bytes],
        environment: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.directory = directory
        self._owner = os.getpid()
        self._closed = False
        self._held = os.open(directory, os.O_RDONLY)
        with suppress(OSError):  # a file system without locks: then nobody can lock it to remove it, either
            fcntl.flock(self._held, fcntl.LOCK_SH | fcntl.LOCK_NB)
        reading, self._lifeline = os.pipe()
        _ours.update((self._held, self._lifeline))
        self._child = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, str(directory), *_ends_with_its_parent(), *map(str, command)],
            stdin=reading,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=None if environment is None else dict(environment),
            cwd=cwd,
        )
        os.close(reading)

    @property
    def pid(self) -> int:
        """Process id of the guarding shell; the command is in its process group."""
        return self._child.pid

    @property
    def is_running(self) -> bool:
        """Whether the command has not ended."""
        return self._child.poll() is None

    @property
    def ending(self) -> str:
        """How the command ended, in words; only after it has."""
        status = self._child.returncode
        number = -status if status < 0 else status - 128  # a shell reports a signal as 128 and its number
        if 0 < number < signal.NSIG:
            return f"killed by {signal.Signals(number).name}"
        return f"exit status {status}"

    def wait(self, timeout_s: float | None = None) -> int:
        """Exit status of the command. Raises `subprocess.TimeoutExpired`."""
        return self._child.wait(timeout_s)

    def close(self) -> None:
        """Kill the command, wait for it, and remove its directory. May be called twice."""
        if self._owner != os.getpid() or self._closed:
            return
        self._closed = True
        for number in (self._held, self._lifeline):
            _ours.discard(number)
            os.close(number)
        try:
            self._child.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()
        shutil.rmtree(self.directory, ignore_errors=True)
