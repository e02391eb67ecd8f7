"""Runs truth cases, one process each, and gathers their verdicts."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chain.errors import ChainError, SimnetError
from simnet.log.tables import read_tables
from simnet.measure.metrics import Figures
from simnet.run import Options, run
from simnet.scenario.load import load_scenario
from simnet.scenario.schema import Scenario
from simnet.scenario.truth import Truth
from simnet.studies.truth.judge import Verdict, judge_truth


@dataclass(frozen=True)
class CaseResult:
    """What became of one case."""

    file: Path
    truth: Truth
    description: str
    tasks: int
    wall_s: float
    backend: str
    verdicts: tuple[Verdict, ...]
    broken: str
    """Why the run itself cannot be trusted: it failed, or broke an invariant; empty if it can."""

    @property
    def held(self) -> bool:
        """Whether every number of it held."""
        return not self.broken and all(verdict.held for verdict in self.verdicts)


def run_case(file: Path, overrides: Sequence[str] = ()) -> CaseResult:
    """Run one case in this process. Raises `SimnetError` for a bad file; a failing run is in the result."""
    scenario = load_scenario(file, overrides)
    if scenario.truth is None:
        raise SimnetError(f"{file} has no section 'truth'")
    try:
        return judged(file, scenario, scenario.truth)
    except ChainError as error:
        backend, reason = scenario.chain.backend, f"the run failed: {error}"
        return CaseResult(file, scenario.truth, scenario.description, 0, 0.0, backend, (), reason)


def judged(file: Path, scenario: Scenario, truth: Truth) -> CaseResult:
    """Run a case and judge it. Raises `ChainError` if its chain fails."""
    with tempfile.TemporaryDirectory(prefix="simnet-truth-") as directory:
        finished = run(scenario, Options(out=Path(directory)))
        if finished.failure is not None:
            raise finished.failure
        figures = Figures(read_tables(finished.directory / "events.jsonl"))
    results = finished.results
    broken = next((f"invariant {found.name}: {found.detail}" for found in results.invariants if not found.held), "")
    verdicts = tuple(judge_truth(truth, figures))
    backend = scenario.chain.backend
    tasks = len(figures.claims)
    return CaseResult(file, truth, scenario.description, tasks, results.wall_s, backend, verdicts, broken)


def case_files(directory: Path, ids: Sequence[str]) -> list[Path]:
    """Files of the cases asked for, all if none is, in the order of their numbers."""
    files = sorted(directory.glob("*.yaml"), key=lambda file: (int("0" + re.sub(r"\D", "", file.stem)), file.stem))
    wanted = re.compile("|".join(f"{re.escape(name)}[a-z]?" for name in ids) or ".*", re.IGNORECASE)
    return [file for file in files if wanted.fullmatch(file.stem)]
