"""Child processes that do ezkl's work, a few at a time, and end with us."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from chain.errors import SimnetError
from chain.guard import GuardedProcess
from nodes.zkml import worker
from nodes.zkml.library import cache_directory, require_ezkl

WORKERS_MAX = 8
"""However many cores: a worker takes up to 400 MB."""

OUT_OF_RANGE = "a number on the way may be larger than the circuit can hold"

_POLL_S = 0.005


class ProofFailed(SimnetError):
    """ezkl could not do what it was asked to: a value beyond the circuit's range, a damaged file, no memory."""


@dataclass
class _Job:
    work: dict[str, Any]
    child: GuardedProcess | None = None
    output: IO[bytes] = field(default_factory=tempfile.TemporaryFile)

    def start(self, threads: int) -> None:
        directory = Path(tempfile.mkdtemp(prefix="simnet-zkml-"))
        settings = {"RAYON_NUM_THREADS": str(threads), "EZKL_REPO_PATH": str(cache_directory() / "ezkl")}
        # -P: the current directory is full of other people's files, and no place to import from.
        command = [sys.executable, "-P", "-m", worker.__name__, json.dumps(self.work)]
        self.child = GuardedProcess(command, directory, self.output, {**os.environ, **settings}, directory)

    def close(self) -> None:
        if self.child is not None:
            self.child.close()
        self.output.close()

    def last_words(self) -> str:
        said = os.pread(self.output.fileno(), 1 << 16, 0).decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(said) if line.strip()), "")


class Pool:
    """Runs jobs of `nodes.zkml.worker` in the order they come in, each known by the file that it makes."""

    def __init__(self, workers: int | None = None) -> None:
        cores = os.cpu_count() or 1
        self.workers = workers or min(cores, WORKERS_MAX)
        self._threads = max(1, cores // self.workers)
        self._jobs: dict[Path, _Job] = {}
        self._waiting: deque[Path] = deque()

    def start(self, do: str, target: Path, **work: Any) -> None:
        """Have `target` made, unless it is being made already. Raises `ZkmlMissing`."""
        require_ezkl()
        if target in self._jobs:
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        self._jobs[target] = _Job({"do": do, "target": str(target), **work})
        self._waiting.append(target)
        self._fill()

    def wait(self, target: Path) -> None:
        """Return when `target` is there. Raises `ProofFailed` if its job went wrong."""
        job = self._jobs[target]
        try:
            while job.child is None or job.child.is_running:
                self._fill()
                time.sleep(_POLL_S)
            status, said = job.child.wait(), job.last_words()
        finally:
            job.close()
            del self._jobs[target]
            if target in self._waiting:
                self._waiting.remove(target)
            self._fill()
        if status != 0:
            raise ProofFailed(f"ezkl could not {job.work['do']}: {said or job.child.ending}", OUT_OF_RANGE)

    def close(self) -> None:
        """Kill what runs."""
        self._waiting.clear()
        for job in self._jobs.values():
            job.close()
        self._jobs.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _fill(self) -> None:
        running = sum(job.child is not None and job.child.is_running for job in self._jobs.values())
        while self._waiting and running < self.workers:
            self._jobs[self._waiting.popleft()].start(self._threads)
            running += 1
