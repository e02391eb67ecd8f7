"""The share of a run's wall time that goes into judging and reporting it.

Judging is the end of a run: its log is read and folded; so that is timed by doing it once more.
Reporting is what comes after the run: its plots, its pages, its trace.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from simnet.run import Finished, Options, run
from simnet.scenario.load import load_scenario
from simnet.verdict.finished import read_finished


@dataclass(frozen=True)
class JudgingFigures:
    """Seconds of wall time."""

    run_s: float
    """With what judges it."""
    judging_s: float
    reporting_s: float

    @property
    def share(self) -> float:
        """Of a run with its reports."""
        return (self.judging_s + self.reporting_s) / (self.run_s + self.reporting_s)


def measure(file: Path, changes: Sequence[str], report: Callable[[Finished], None]) -> JudgingFigures:
    """Run a scenario with values changed, as ``--set`` does, and write reports by `report`. Raises `SimnetError`."""
    scenario = load_scenario(file, tuple(changes))
    with tempfile.TemporaryDirectory(prefix="simnet-bench-") as directory:
        started = time.perf_counter()
        finished = run(scenario, Options(out=Path(directory)))
        ended = time.perf_counter()
        report(finished)
        reported = time.perf_counter()
        read_finished(Path(directory, "events.jsonl")).findings()
        judged = time.perf_counter()
    return JudgingFigures(ended - started, judged - reported, reported - ended)
