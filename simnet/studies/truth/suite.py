"""Truth cases as runs, and the verdicts on them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chain.errors import SimnetError
from simnet.batch.perform import perform
from simnet.batch.work import RunSummary, Work
from simnet.log.tables import read_tables
from simnet.run import Finished
from simnet.scenario.load import load_scenario
from simnet.scenario.schema import Scenario
from simnet.scenario.truth import Truth
from simnet.studies.truth.judge import Outcome, Verdict, judge_truth
from simnet.studies.truth.observed import Observed
from simnet.world.backends import backend_of


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
    def outcome(self) -> Outcome:
        """That of all its numbers together: one that fails fails it, and one that is inconclusive leaves it so."""
        found = {verdict.outcome for verdict in self.verdicts}
        if self.broken or Outcome.FAILS in found:
            return Outcome.FAILS
        return Outcome.INCONCLUSIVE if Outcome.INCONCLUSIVE in found else Outcome.HOLDS


@dataclass(frozen=True)
class Judged:
    """What a case's run showed."""

    tasks: int
    verdicts: tuple[Verdict, ...]


def run_case(file: Path, overrides: Sequence[str] = ()) -> CaseResult:
    """Run one case in this process. Raises `SimnetError` for a bad file; a failing run is in the result."""
    work = case(file, overrides)
    return case_result(file, work.scenario, perform(work))


def case(file: Path, overrides: Sequence[str] = ()) -> Work[Judged]:
    """The run of a case. Raises `SimnetError` for a bad file."""
    scenario = load_scenario(file, overrides)
    if scenario.truth is None:
        raise SimnetError(f"{file} has no section 'truth'")
    return Work(scenario, scenario.seed, None, judge_run, keeps=False)


def judge_run(scenario: Scenario, finished: Finished) -> Judged:
    """Compare a finished run with its statement."""
    assert scenario.truth is not None
    observed = Observed(read_tables(finished.directory / "events.jsonl"))
    return Judged(len(observed.claims), tuple(judge_truth(scenario.truth, observed)))


def case_result(file: Path, scenario: Scenario, summary: RunSummary[Judged]) -> CaseResult:
    """What became of a case."""
    assert scenario.truth is not None
    broken = ""
    if summary.found is None:
        broken = f"the run {summary.state}{f': {summary.reason}' if summary.reason else ''}"
    elif summary.results is not None and summary.broken:
        broken = next(f"invariant {one.name}: {one.detail}" for one in summary.results.invariants if not one.held)
    judged = summary.found or Judged(0, ())
    backend, wall_s = backend_of(scenario), summary.wall_s
    truth, description = scenario.truth, scenario.description
    return CaseResult(file, truth, description, judged.tasks, wall_s, backend, judged.verdicts, broken)


class NoSuchCase(SimnetError):
    """A published statement that was asked for has no file."""

    exit_code = 2


def case_files(directory: Path, names: Sequence[str]) -> list[Path]:
    """Files of the cases asked for, all if none is, in the order of their numbers. A name stands for its parts too.

    Raises `NoSuchCase`.
    """
    files = sorted(directory.glob("*.yaml"), key=natural)
    there = f"there are {', '.join(file.stem for file in files)}" if files else "a case is a scenario file, *.yaml"
    found: set[Path] = set() if names else set(files)
    for name in names:
        wanted = re.compile(f"{re.escape(name)}[a-z]?", re.IGNORECASE)
        of_name = [file for file in files if wanted.fullmatch(file.stem)]
        if not of_name:
            raise NoSuchCase(f"no case '{name}' in {directory}", there)
        found.update(of_name)
    if not found:
        raise NoSuchCase(f"no case in {directory}", there)
    return [file for file in files if file in found]


def natural(file: Path) -> list[tuple[int, str]]:
    """A key that sorts names by the numbers in them."""
    return [(int(part), "") if part.isdigit() else (-1, part.lower()) for part in re.split(r"(\d+)", file.stem)]
