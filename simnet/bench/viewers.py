"""What looking at runs costs: the dashboard beside a run, opening and jumping in a long log, its report.

The dashboard runs as people run it, in a terminal of its own: a pseudo-terminal that is read all the time. Times are
what somebody waits for, from the key to the picture.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import tempfile
import termios
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from chain.errors import SimnetError
from simnet.bench.startup import SIMNET

ROWS, COLUMNS = 60, 200
PATIENCE_S = 60.0
QUIET_S = 0.5
"""How long a picture must not change to count as complete."""

ESCAPES = re.compile(rb"\x1b\[[0-9;?<>=]*[ -/]*[@-~]|\x1b[=>()][0-9A-B]?")
SHARES = ("50 %", "97 %", "13 %", "75 %")
"""Where to jump to, in this order."""


class NothingShown(SimnetError):
    """A dashboard did not show what it should have."""


class Terminal:
    """A command on a terminal of its own, read by nobody but us. A context manager: the command ends with it."""

    def __init__(self, *command: str) -> None:
        self._screen, inside = pty.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self._child = subprocess.Popen(
            command, stdin=inside, stdout=inside, stderr=inside, env=environment, start_new_session=True
        )
        os.close(inside)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._child.kill()
        self._child.wait()
        os.close(self._screen)

    def press(self, keys: str) -> None:
        """Type, as a person would."""
        os.write(self._screen, keys.encode())

    def read(self, wait_s: float) -> bytes:
        """What has been shown since the last look; empty if nothing comes within the time."""
        ready, _, _ = select.select([self._screen], [], [], wait_s)
        try:
            return os.read(self._screen, 1 << 16) if ready else b""
        except OSError:  # the command has ended
            return b""

    def settle(self) -> None:
        """Read until the picture stands still."""
        end = time.monotonic() + PATIENCE_S
        while self.read(QUIET_S) and time.monotonic() < end:
            pass

    def seconds_until(self, text: str) -> float:
        """How long it takes until this is shown. Raises `NothingShown`."""
        started, shown = time.monotonic(), b""
        while time.monotonic() - started < PATIENCE_S:
            shown += self.read(0.05)
            if text.encode() in ESCAPES.sub(b"", shown):
                return time.monotonic() - started
        raise NothingShown(f"{text!r} was not shown within {PATIENCE_S:g} s")


@dataclass(frozen=True)
class ViewerFigures:
    """What somebody waits for, in seconds, in a log of `events` rows."""

    events: int
    opening_s: float
    slowest_jump_s: float
    report_s: float
    report_bytes: int


def cost_of_dashboard(scenario: Path, overrides: tuple[str, ...], times: int) -> float:
    """Wall-clock time of a run with the dashboard over the time without it: the fastest of each, taken in turns."""
    options = [part for override in overrides for part in ("--set", override)]
    plain, shown = [], []
    with tempfile.TemporaryDirectory(prefix="simnet-bench-") as directory:
        for attempt in range(times):
            out = Path(directory, f"plain-{attempt}")
            command = (*SIMNET, "run", str(scenario), *options, "--out", str(out))
            subprocess.run([*command, "--headless"], check=False, capture_output=True)
            plain.append(wall_s(out))
            out = Path(directory, f"shown-{attempt}")
            with Terminal(*command[:-1], str(out), "--tui") as terminal:
                while not is_over(out):
                    terminal.read(0.05)
            shown.append(wall_s(out))
    return min(shown) / min(plain)


def is_over(run: Path) -> bool:
    """Whether a run has left its results, all of them."""
    results = run / "results.json"
    return results.is_file() and results.read_bytes().endswith(b"}")


def wall_s(run: Path) -> float:
    """How long a run took, from its results."""
    return float(json.loads((run / "results.json").read_bytes())["wall_s"])


def look_at(scenario: Path) -> ViewerFigures:
    """Run a scenario, watch its log, and write its report anew."""
    with tempfile.TemporaryDirectory(prefix="simnet-bench-") as directory:
        command = [*SIMNET, "run", str(scenario), "--headless", "--out", directory]
        subprocess.run(command, check=True, capture_output=True)
        with Path(directory, "events.jsonl").open("rb") as log:
            events = sum(1 for _ in log)
        opening, slowest = watch(Path(directory), events)
        started = time.monotonic()
        subprocess.run([*SIMNET, "report", directory], check=True, capture_output=True)
        report = time.monotonic() - started
        return ViewerFigures(events, opening, slowest, report, Path(directory, "report.html").stat().st_size)


def watch(run: Path, events: int) -> tuple[float, float]:
    """Seconds until a log's newest row is shown, from the start of the process, and those of the slowest jump."""
    position = f" of {events:,}"
    with Terminal(*SIMNET, "watch", str(run)) as terminal:
        opening = terminal.seconds_until(position)
        slowest = 0.0
        for share in SHARES:
            terminal.settle()
            terminal.press("t")
            terminal.settle()
            terminal.press(share)
            terminal.settle()
            terminal.press("\r")
            slowest = max(slowest, terminal.seconds_until(position))
        return opening, slowest
