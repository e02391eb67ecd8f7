"""anvil as a child process that cannot outlive its parent.

Between the two sits a small shell that holds the reading end of a pipe. The parent alone holds the writing
end: when the parent goes, however it goes, the kernel closes the pipe, and the shell kills anvil and removes
the directory anvil wrote to. The child has a session of its own, so that Ctrl-C reaches the parent alone.

anvil chooses a free port itself and says which, so nothing can take the port between choice and use.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from chain.errors import ChainDied, ChainStartFailed
from chain.toolchain import require_known_anvil, version_of

START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 2.0
_POLL_S = 0.002
_LISTENING = re.compile(rb"Listening on 127\.0\.0\.1:(\d+)")

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


class AnvilProcess:
    """A running anvil. `arguments` must leave out the port, the host and the state directory."""

    port: int

    def __init__(self, binary: Path, arguments: Sequence[str], port: int | None = None) -> None:
        self._binary = binary
        self._owner = os.getpid()
        self._port_lock = None if port is None else _lock_port(port)
        self._state = Path(tempfile.mkdtemp(prefix="simnet-anvil-"))
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  (open as long as the child)
        where = ["--host", "127.0.0.1", "--port", str(port or 0), "--cache-path", str(self._state)]
        reading, self._lifeline = os.pipe()
        _lifelines.add(self._lifeline)
        self._child = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, str(self._state), str(binary), *where, *arguments],
            stdin=reading,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        os.close(reading)
        try:
            self.port = self._wait_until_it_listens()
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """Process id of the guarding shell; anvil is in its process group."""
        return self._child.pid

    @property
    def is_running(self) -> bool:
        """Whether the child is alive."""
        return self._child.poll() is None

    def death(self) -> ChainDied:
        """The error that says how the child ended, or that it is there and does not answer."""
        if self._log.closed:
            return ChainDied("the chain was closed")
        try:
            self._child.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return ChainDied(f"anvil (pid {self._child.pid}) stopped answering")
        return ChainDied(f"anvil ended in mid-run: {self._ending()}", hint=self._last_words() or None)

    def close(self) -> None:
        """Kill the child, wait for it, and remove what it kept. May be called twice."""
        if self._owner != os.getpid() or self._log.closed:
            return
        _lifelines.discard(self._lifeline)
        os.close(self._lifeline)
        try:
            self._child.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()
        shutil.rmtree(self._state, ignore_errors=True)
        self._log.close()
        if self._port_lock:
            self._port_lock.close()

    def _wait_until_it_listens(self) -> int:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            ended = not self.is_running
            if said := _LISTENING.search(self._output()):
                return int(said[1])
            if ended:
                raise self._why_it_did_not_start()
            time.sleep(_POLL_S)
        raise ChainStartFailed(f"anvil was not ready after {START_TIMEOUT_S:.0f} s", hint=self._last_words() or None)

    def _why_it_did_not_start(self) -> ChainStartFailed:
        require_known_anvil(version_of(self._binary))
        if b"Address already in use" in self._output():
            return ChainStartFailed("the port asked for is taken", hint="leave the port out, or name another")
        return ChainStartFailed(f"anvil did not start: {self._ending()}", hint=self._last_words() or None)

    def _ending(self) -> str:
        status = self._child.returncode
        number = -status if status < 0 else status - 128  # a shell reports a signal as 128 and its number
        if 0 < number < signal.NSIG:
            return f"killed by {signal.Signals(number).name}"
        return f"exit status {status}"

    def _output(self) -> bytes:
        return os.pread(self._log.fileno(), 1 << 20, 0)

    def _last_words(self) -> str:
        lines = [line.strip() for line in self._output().decode(errors="replace").splitlines()]
        return next((line for line in reversed(lines) if line), "")


def _lock_port(port: int) -> IO[str]:
    """Hold the port among simnet's own processes until the file is closed."""
    path = Path(tempfile.gettempdir(), f"simnet-{os.getuid()}-port-{port}.lock")
    lock = path.open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise ChainStartFailed(
            f"port {port} belongs to another simnet run", hint="leave the port out, or name another"
        ) from None
    return lock
