"""The command line that repeats a run exactly."""

from __future__ import annotations

import shlex
from pathlib import Path

from simnet.run import RUNS
from simnet.verdict.results import Results


def run_directory(results: Results) -> Path:
    """Where a run's directory is, unless the user chose another place."""
    return RUNS / f"{results.scenario}-{results.seed}-{results.digest[:8]}"


def replay_line(directory: Path) -> str:
    """The command that repeats the run of that directory: its scenario is resolved, overrides and seed included."""
    return shlex.join(["simnet", "run", str(directory / "scenario.yaml")])
