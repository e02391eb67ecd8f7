"""Child processes that do ezkl's work, a few at a time, and end with us."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from chain.backends.guard import GuardedProcess, make_directory
from chain.errors import SimnetError
from nodes.proofs.circuits import worker
from nodes.proofs.circuits.library import cache_directory, require_ezkl

WORKERS_MAX = 8
"""However many cores: a worker takes up to 400 MB."""

OUT_OF_RANGE = "a number on the way may be larger than the circuit can hold"

_POLL_S = 0.005


class ProofFailed(SimnetError):
    """ezkl could not do what it was asked to: a value beyond the circuit's range, a damaged file, no memory."""


class _Run:
    """A job that has been started, and is looked after until it ends."""

    def __init__(self, work: dict[str, Any], threads: int) -> None:
        directory = make_directory("simnet-zkml-")
        settings = {"RAYON_NUM_THREADS": str(threads), "EZKL_REPO_PATH": str(cache_directory() / "ezkl")}
        # -P: the current directory is the job's, and no place to import from.
        command = [sys.executable, "-P", "-m", worker.__name__, json.dumps(work)]
        self._output = tempfile.TemporaryFile()  # noqa: SIM115  (open as long as the child)
        self._child = GuardedProcess(command, directory, self._output, {**os.environ, **settings}, directory)

    @property
    def is_going_on(self) -> bool:
        return self._child.is_running

    def end(self) -> str:
        """Kill it unless it has ended, and let go of all it held: what went wrong, or nothing."""
        self._child.close()
        said = os.pread(self._output.fileno(), 1 << 16, 0).decode(errors="replace").splitlines()
        self._output.close()
        if self._child.wait() == 0:
            return ""
        return next((line.strip() for line in reversed(said) if line.strip()), self._child.ending)


class Pool:
    """Runs jobs of `nodes.proofs.circuits.worker` in the order they come in, each known by the file that it makes."""

    def __init__(self, workers: int | None = None) -> None:
        cores = os.cpu_count() or 1
        self.workers = workers or min(cores, WORKERS_MAX)
        self._threads = max(1, cores // self.workers)
        self._waiting: dict[Path, dict[str, Any]] = {}
        self._running: dict[Path, _Run] = {}
        self._ended: dict[Path, str] = {}
        """What went wrong with each job that nobody has asked for yet."""

    def start(self, do: str, target: Path, **work: Any) -> None:
        """Have `target` made, unless it is being made already. Raises `ZkmlMissing`."""
        require_ezkl()
        if target in self._waiting or target in self._running or target in self._ended:
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        self._waiting[target] = {"do": do, "target": str(target), **work}
        self._move_on()

    def wait(self, target: Path) -> None:
        """Return when `target` is there. Raises `ProofFailed` if its job went wrong."""
        self._move_on()
        while target not in self._ended:
            time.sleep(_POLL_S)
            self._move_on()
        if wrong := self._ended.pop(target):
            raise ProofFailed(f"ezkl failed: {wrong}", OUT_OF_RANGE)

    def close(self) -> None:
        """Kill what runs, and forget the rest."""
        self._waiting.clear()
        for run in self._running.values():
            run.end()
        self._running.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _move_on(self) -> None:
        """Take in what has ended, and start what waits where there is room."""
        for target in [target for target, run in self._running.items() if not run.is_going_on]:
            self._ended[target] = self._running.pop(target).end()
        while self._waiting and len(self._running) < self.workers:
            target = next(iter(self._waiting))
            self._running[target] = _Run(self._waiting.pop(target), self._threads)
