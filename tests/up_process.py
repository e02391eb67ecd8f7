"""A `simnet up` in a process of its own, on free ports."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PATIENCE_S = 240.0
"""A bound for a busy machine, not a measure."""
SERVERS = ("gateway", "facilitator", "settlement", "payment", "blobs", "relay")
FREE = tuple(part for name in SERVERS for part in (f"--{name}-port", "0"))


@dataclass
class Up:
    """A running one, with the variables that it gave out."""

    process: subprocess.Popen[str]
    directory: Path
    variables: dict[str, str]
    scratch: Path
    said: Path

    def __getitem__(self, name: str) -> str:
        return self.variables[name]

    def end(self, number: signal.Signals) -> int:
        """Send it a signal, and wait for its end."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)

    def children_are_gone(self) -> bool:
        """Whether no anvil of its is left, nor what an anvil kept on disk, within a while."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
            if str(self.scratch) not in running and not list(self.scratch.glob("simnet-anvil-*")):
                return True
            time.sleep(0.05)
        return False


@contextmanager
def up(directory: Path, *arguments: str) -> Iterator[Up]:
    """Start it, and kill it afterwards if it is still there."""
    scratch, said, variables = directory / "scratch", directory / "said", directory / "variables"
    scratch.mkdir()
    out = directory / "run"
    command = [sys.executable, "-m", "simnet.cli.main", "up", *FREE, "--out", str(out), "--env", str(variables)]
    with said.open("w") as output:
        process = subprocess.Popen(
            [*command, *arguments],
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "TMPDIR": str(scratch)},
        )
    try:
        deadline = time.monotonic() + PATIENCE_S
        while "Ctrl-C" not in said.read_text():
            assert process.poll() is None, said.read_text()
            assert time.monotonic() < deadline, said.read_text()
            time.sleep(0.05)
        lines = [line.removeprefix("export ") for line in variables.read_text().splitlines() if "=" in line]
        yield Up(process, out, dict(line.split("=", 1) for line in lines), scratch, said)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
