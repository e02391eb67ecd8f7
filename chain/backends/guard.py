"""A child process that cannot outlive its parent.

Between the two sits a small shell that holds the reading end of a pipe. The parent alone holds the writing
end: when the parent goes, however it goes, the kernel closes the pipe, and the shell kills the child and removes
the directory the child wrote to. The child has a session of its own, so that Ctrl-C reaches the parent alone.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

STOP_TIMEOUT_S = 2.0

# $0 is the directory to remove, "$@" the command.
_GUARD = """
exec 3<&0
"$@" </dev/null 3<&- &
child=$!
{ read -r _ <&3; kill -KILL "$child"; } 2>/dev/null &
watcher=$!
wait "$child"
status=$?
kill "$watcher" 2>/dev/null
rm -rf -- "$0"
exit "$status"
"""

_lifelines: set[int] = set()


def _close_lifelines_in_child() -> None:
    """A forked worker must not keep the pipes open."""
    while _lifelines:
        os.close(_lifelines.pop())


os.register_at_fork(after_in_child=_close_lifelines_in_child)


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
        reading, self._lifeline = os.pipe()
        _lifelines.add(self._lifeline)
        self._child = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, str(directory), *map(str, command)],
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
        _lifelines.discard(self._lifeline)
        os.close(self._lifeline)
        try:
            self._child.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()
        shutil.rmtree(self.directory, ignore_errors=True)
