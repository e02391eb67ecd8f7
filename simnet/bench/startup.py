"""How long a person waits: for help, for the first event of a run, and for a whole run."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIMNET = (sys.executable, "-m", "simnet.cli.main")
FIRST_BYTES_WITHIN_S = 60.0


def help_s() -> float:
    """Seconds until ``simnet --help`` has been printed."""
    started = time.perf_counter()
    subprocess.run([*SIMNET, "--help"], check=True, capture_output=True)
    return time.perf_counter() - started


def whole_run_s(scenario: Path) -> tuple[float, float]:
    """Seconds until a run's first event is on disk, and until the run is over, from the start of its process."""
    with tempfile.TemporaryDirectory(prefix="simnet-bench-") as directory:
        log = Path(directory, "events.jsonl")
        started = time.perf_counter()
        command = [*SIMNET, "run", str(scenario), "--out", directory, "--headless"]
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not (log.exists() and log.stat().st_size) and child.poll() is None:
            time.sleep(0.005)
            if time.perf_counter() - started > FIRST_BYTES_WITHIN_S:
                child.kill()
                raise TimeoutError(f"no event within {FIRST_BYTES_WITHIN_S:g} s")
        first = time.perf_counter() - started
        child.wait()
        return first, time.perf_counter() - started
