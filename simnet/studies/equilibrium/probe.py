"""One run at one value of the quantity under test: how many participants prefer which action in the end.

What a participant prefers is its last recorded change of mind: the action that has paid it best, by its own books, when
everything is decided. Who has not seen both actions pay is not counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from chain.errors import SimnetError
from simnet.batch.work import INTERRUPTED, RunSummary, Work
from simnet.log.events import read_log
from simnet.log.tables import Row
from simnet.run import Finished
from simnet.scenario.equilibrium import Indifference
from simnet.scenario.load import load_scenario
from simnet.scenario.schema import Scenario
from simnet.studies.equilibrium.fit import Chosen


class ProbeFailed(SimnetError):
    """A run of a search cannot be trusted."""

    exit_code = 4


class SearchInterrupted(SimnetError):
    """A search was ended before it was over."""

    exit_code = 3


@dataclass(frozen=True)
class Read:
    """What a run showed."""

    turned: int
    """Participants that prefer the statement's action."""
    n: int
    """Participants that know more than one action."""
    tasks: int


@dataclass(frozen=True)
class Probed:
    """A run at one value, and what it showed."""

    chosen: Chosen
    seed: int
    tasks: int
    wall_s: float


def probe(file: Path, overrides: tuple[str, ...], value: float, number: int) -> Work[Read]:
    """The run to be done. Each has another seed, so that its participants' experience is their own."""
    statement = statement_of(file, overrides)
    scenario = load_scenario(file, (*overrides, statement.setting(value)))
    return Work(scenario, scenario.seed + number, None, read_choices, keeps=False)


def read_choices(scenario: Scenario, finished: Finished) -> Read:
    """What participants prefer at the end of a run."""
    assert scenario.indifference is not None
    preferred = preferences(read_log(finished.directory / "events.jsonl"), scenario.indifference)
    turned = sum(action == scenario.indifference.turns_to for action in preferred)
    return Read(turned, len(preferred), finished.results.metrics["tasks_total"].n)


def probed(work: Work[Read], value: float, summary: RunSummary[Read]) -> Probed:
    """What a run at this value showed. Raises `SearchInterrupted`, and `ProbeFailed` if it cannot be trusted."""
    assert work.scenario.indifference is not None
    what = f"{work.scenario.indifference.id} at {value:g}"
    if summary.state == INTERRUPTED:
        raise SearchInterrupted(f"{what} was interrupted", "the same command goes on from there")
    if summary.found is None:
        raise ProbeFailed(f"{what} failed: {summary.reason}")
    if summary.broken:
        raise ProbeFailed(f"{what} broke the invariant {summary.broken[0]}")
    read = summary.found
    return Probed(Chosen(value, read.turned, read.n), work.seed, read.tasks, summary.wall_s)


def statement_of(file: Path, overrides: tuple[str, ...] = ()) -> Indifference:
    """The statement of a scenario file. Raises `ScenarioErrors`, and `ProbeFailed` if it has none."""
    statement = load_scenario(file, overrides).indifference
    if statement is None:
        raise ProbeFailed(f"{file} has no section 'indifference'", "it says what to vary, and who is to switch")
    return statement


def preferences(log: Iterable[Row], statement: Indifference) -> list[str]:
    """The action that each participant prefers in the end, of those who have seen more than one pay."""
    last: dict[str, Row] = {}
    known: dict[str, dict[str, bool]] = {}
    for row in log:
        if row["kind"] == "decided" and row["behaviour"] == statement.who:
            known.setdefault(row["node"], {}).update(dict.fromkeys(row["expected"], True))
            if row["subject"] == statement.about:
                last[row["node"]] = row
    return [row["action"] for node, row in last.items() if len(known[node]) > 1]
