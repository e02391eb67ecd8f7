"""anvil as a child process that cannot outlive its parent: see `chain.backends.guard`.

anvil chooses a free port itself and says which, so nothing can take the port between choice and use.
"""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from chain.backends.guard import GuardedProcess, make_directory
from chain.errors import ChainDied, ChainStartFailed
from chain.evm.toolchain import require_known_anvil, version_of

START_TIMEOUT_S = 20.0
_POLL_S = 0.002
_LISTENING = re.compile(rb"Listening on 127\.0\.0\.1:(\d+)")


class AnvilProcess:
    """A running anvil. `arguments` must leave out the port, the host and the state directory."""

    port: int

    def __init__(self, binary: Path, arguments: Sequence[str], port: int | None = None) -> None:
        self._binary = binary
        self._port_lock = None if port is None else _lock_port(port)
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  (open as long as the child)
        state = make_directory("simnet-anvil-")
        where = ["--host", "127.0.0.1", "--port", str(port or 0), "--cache-path", str(state)]
        self._child = GuardedProcess([binary, *where, *arguments], state, self._log)
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
        return self._child.is_running

    def death(self) -> ChainDied:
        """The error that says how the child ended, or that it is there and does not answer."""
        if self._log.closed:
            return ChainDied("the chain was closed")
        try:
            self._child.wait(1)
        except subprocess.TimeoutExpired:
            return ChainDied(f"anvil (pid {self._child.pid}) stopped answering")
        return ChainDied(f"anvil ended in mid-run: {self._child.ending}", hint=self._last_words() or None)

    def close(self) -> None:
        """Kill the child, wait for it, and remove what it kept. May be called twice."""
        self._child.close()
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
        return ChainStartFailed(f"anvil did not start: {self._child.ending}", hint=self._last_words() or None)

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
