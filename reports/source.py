"""A finished run, read from its directory: the log, and what is needed to judge it anew."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from chain.errors import SimnetError
from simnet.log.events import LOG_FORMAT
from simnet.log.tables import Tables, read_tables
from simnet.measure.metrics import Figures
from simnet.scenario.load import load_scenario
from simnet.scenario.schema import Scenario
from simnet.verdict.results import Results, judge

LOG, RESULTS, SCENARIO, MANIFEST = "events.jsonl", "results.json", "scenario.yaml", "manifest.json"


class UnreadableRun(SimnetError):
    """A directory holds no run that a report can be made from."""

    exit_code = 2


@dataclass(frozen=True)
class Run:
    """A run and everything computed from its log."""

    directory: Path
    scenario: Scenario
    manifest: dict[str, Any]
    figures: Figures
    results: Results

    @property
    def tables(self) -> Tables:
        """The log."""
        return self.figures.tables


def load_run(directory: Path) -> Run:
    """Read a run directory and judge the log anew. Raises `UnreadableRun`, and `ScenarioErrors` for its scenario."""
    if not (directory / LOG).is_file():
        raise UnreadableRun(f"no run in {directory}: it has no {LOG}", "simnet run SCENARIO makes one")
    missing = [name for name in (RESULTS, SCENARIO, MANIFEST) if not (directory / name).is_file()]
    if missing:
        raise UnreadableRun(
            f"the run in {directory} is not complete: it has no {missing[0]}",
            "it is still going on, or was killed; one ended with Ctrl-C is complete",
        )
    recorded, manifest = read_json(directory / RESULTS), read_json(directory / MANIFEST)
    tables = read_verified(directory / LOG, str(recorded.get("digest")))
    scenario = load_scenario(directory / SCENARIO)
    results = judge(scenario, tables, recorded["digest"], recorded["virtual_s"], recorded["wall_s"])
    return Run(shown(directory), scenario, manifest, Figures(tables), results)


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises `UnreadableRun`."""
    try:
        found = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise UnreadableRun(f"{path} is damaged: it holds no JSON object", "run the scenario again")
    return found


def read_verified(log: Path, digest: str) -> Tables:
    """The log, if it has this digest and a format that we know. Raises `UnreadableRun`."""
    with log.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        first = file.readline()
    if found != digest:
        raise UnreadableRun(
            f"{log} is torn or was changed: its digest is {found[:12]}, {RESULTS} says {digest[:12]}",
            "run the scenario again: the same seed gives the same log",
        )
    version = orjson.loads(first).get("format") if first else None
    if version != LOG_FORMAT:
        raise UnreadableRun(
            f"{log} has format {version}, and this simnet reads format {LOG_FORMAT}",
            "use the simnet that made it (manifest.json says which), or run the scenario again",
        )
    return read_tables(log)


def shown(directory: Path) -> Path:
    """The directory as people should see it: its own name rather than ``latest``, relative where that is shorter."""
    resolved = directory.resolve()
    return resolved.relative_to(Path.cwd()) if resolved.is_relative_to(Path.cwd()) else resolved
