"""A finished run, read from its directory: the log, and what is needed to judge it anew."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from chain.errors import SimnetError
from simnet.log.events import LOG_FORMAT
from simnet.log.figures import Figures
from simnet.log.tables import Tables, make_tables, read_tables
from simnet.measure.catalogue import new_measurement
from simnet.measure.rows import Row
from simnet.measure.state import State
from simnet.run import Finished
from simnet.scenario.load import load_scenario
from simnet.scenario.schema import Scenario
from simnet.verdict.invariants import Finding, Invariants
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
    state: State
    """What the log amounts to."""
    figures: Figures
    """Frames of it, for plots."""
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
    tables, state, findings = read_verified(directory / LOG, str(recorded.get("digest")))
    scenario = load_scenario(directory / SCENARIO)
    results = judge(scenario, state, findings, recorded["digest"], recorded["virtual_s"], recorded["wall_s"])
    return Run(shown(directory), scenario, manifest, state, Figures(tables), results)


def finished_run(finished: Finished) -> Run:
    """A run that has just been judged. Its log is read for the plots. Raises `UnreadableRun`."""
    directory = finished.directory
    return Run(
        directory=shown(directory),
        scenario=load_scenario(directory / SCENARIO),
        manifest=read_json(directory / MANIFEST),
        state=finished.state,
        figures=Figures(read_tables(directory / LOG)),
        results=finished.results,
    )


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises `UnreadableRun`."""
    try:
        found = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise UnreadableRun(f"{path} is damaged: it holds no JSON object", "run the scenario again")
    return found


def read_verified(log: Path, digest: str) -> tuple[Tables, State, list[Finding]]:
    """The log, read once, if it has this digest and a format that we know. Raises `UnreadableRun`."""
    reader = Reader(log)
    try:
        tables = make_tables(reader.rows())
    except (KeyError, TypeError, ValueError):
        reader.exhaust()
        tables = None
    if reader.digest != digest or tables is None:
        raise UnreadableRun(
            f"{log} is torn or was changed: its digest is {reader.digest[:12]}, {RESULTS} says {digest[:12]}",
            "run the scenario again: the same seed gives the same log",
        )
    return tables, reader.measurement.fold.state, reader.invariants.findings()


class Reader:
    """Reads a log once: its digest, its rows, and what they amount to."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.measurement, self.invariants = new_measurement(), Invariants()
        self._hash = hashlib.sha256()
        self._lines = self._read()

    @property
    def digest(self) -> str:
        """Of what has been read."""
        return self._hash.hexdigest()

    def rows(self) -> Iterator[Row]:
        """Every row, measured. Raises `UnreadableRun` for an unknown format, and `ValueError` for what is no row."""
        for number, line in enumerate(self._lines):
            row: Row = orjson.loads(line)
            if not number:
                check_format(self.log, row)
            self.measurement.on(row)
            self.invariants.on(row)
            yield row

    def exhaust(self) -> None:
        """Read on to the end, for the digest alone."""
        for _ in self._lines:
            pass

    def _read(self) -> Iterator[bytes]:
        with self.log.open("rb") as file:
            for line in file:
                self._hash.update(line)
                yield line


def check_format(log: Path, first: Row) -> None:
    """Refuse a log whose first row says that its lines mean something else. Raises `UnreadableRun`."""
    version = first.get("format")
    if version != LOG_FORMAT:
        raise UnreadableRun(
            f"{log} has format {version}, and this simnet reads format {LOG_FORMAT}",
            "use the simnet that made it (manifest.json says which), or run the scenario again",
        )


def shown(directory: Path) -> Path:
    """The directory as people should see it: its own name rather than ``latest``, relative where that is shorter."""
    resolved = directory.resolve()
    return resolved.relative_to(Path.cwd()) if resolved.is_relative_to(Path.cwd()) else resolved
