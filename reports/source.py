"""A finished run, read from its directory: the log, and what is needed to judge it anew."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel, ValidationError

from chain.errors import SimnetError
from simnet.log.events import LOG_FORMAT
from simnet.log.figures import Figures
from simnet.log.file import NO_ROW, parse_row
from simnet.log.tables import Tables, make_tables, read_tables
from simnet.measure.rows import Row
from simnet.measure.state import State
from simnet.run import Finished
from simnet.scenario.load import load_scenario
from simnet.scenario.schema import Scenario
from simnet.verdict.finished import FinishedLog
from simnet.verdict.results import Results, judge

ROWS_DRAWN = 40_000
"""How many rows of a kind, and contract events of a name, plots and trace are made from. What is measured is measured
from all; a log of a million inferences as Python's objects would take several gigabytes. The report
of scenarios/byzantine.yaml, with its 34 thousand messages, leaves nothing out."""

FIELDS_DRAWN = {
    "claim_made": (),
    "claim_checked": ("node", "batch", "task", "verdict"),
    "executed": ("t", "node", "task", "model", "variant", "purpose", "macs", "busy_s", "wait_s"),
    "message_sent": ("sender", "receiver", "delay_s", "lost"),
    "task_answered": ("t", "task"),
    "task_sent": ("t", "task", "client", "node", "model", "fee"),
    "transaction_mined": ("block", "contract", "function", "gas_used", "revert"),
    "SecretRevealed": ("t", "block"),
}
"""What plots and trace look at of the rows of which a large run has most."""

LOG, RESULTS, SCENARIO, MANIFEST = "events.jsonl", "results.json", "scenario.yaml", "manifest.json"


UNKNOWN_MACHINERY: dict[str, Any] = {
    "simnet": "of an unknown version",
    "python": "of an unknown version",
    "backend": {"name": "unknown", "version": ""},
    "machine": {"system": "unknown", "processor": "unknown"},
    "packages": {},
}
"""What a report says of a run whose manifest does not."""


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
        """The log, as far as plots and trace are made from it."""
        return self.figures.tables

    @property
    def left_out(self) -> str:
        """What plots and trace are made without, in a sentence; empty if nothing is left out."""
        left = self.tables.left_out
        if not left:
            return ""
        kinds = ", ".join(f"{what} ({count:,} more)" for what, count in sorted(left.items()))
        return f"Plots, their data, the gas by action and the trace show the first {ROWS_DRAWN:,} of each of: {kinds}."


def load_run(directory: Path) -> Run:
    """Read a run directory and judge the log anew. Raises `UnreadableRun`, and `ScenarioErrors` for its scenario."""
    if not (directory / LOG).is_file():
        raise UnreadableRun(f"no run in {directory}: it has no {LOG}", "simnet run SCENARIO makes one")
    if not (directory / SCENARIO).is_file():
        raise UnreadableRun(f"the log in {directory} cannot be judged: there is no {SCENARIO}", "put it back beside it")
    recorded = read_recorded(directory / RESULTS)
    reader, tables = read_verified(directory / LOG, None if recorded is None else recorded.digest)
    if recorded is None:
        wall_s = seconds_between(directory)
        recorded = Recorded(digest=reader.digest, virtual_s=reader.finished.state.time, wall_s=wall_s)
    scenario, state = load_scenario(directory / SCENARIO), reader.finished.state
    findings = reader.finished.findings()
    results = judge(scenario, state, findings, recorded.digest, recorded.virtual_s, recorded.wall_s)
    manifest = read_manifest(directory / MANIFEST)
    return Run(shown(directory), scenario, manifest, state, Figures(tables), results)


def finished_run(finished: Finished) -> Run:
    """A run that has just been judged. Its log is read for the plots. Raises `UnreadableRun`."""
    directory = finished.directory
    return Run(
        directory=shown(directory),
        scenario=load_scenario(directory / SCENARIO),
        manifest=read_manifest(directory / MANIFEST),
        state=finished.state,
        figures=Figures(read_tables(directory / LOG, ROWS_DRAWN, FIELDS_DRAWN)),
        results=finished.results,
    )


class Recorded(BaseModel):
    """What ``results.json`` has that the log does not tell."""

    digest: str
    virtual_s: float
    wall_s: float


def read_recorded(path: Path) -> Recorded | None:
    """What a run wrote at its end; ``None`` if it did not get there. Raises `UnreadableRun`."""
    if not path.is_file():
        return None
    try:
        return Recorded.model_validate(read_json(path))
    except ValidationError as error:
        first = error.errors()[0]
        what = f"{path} is damaged: {'.'.join(map(str, first['loc']))}: {first['msg'].lower()}"
        raise UnreadableRun(what, "remove it, and the log is judged alone") from None


def seconds_between(directory: Path) -> float:
    """How long a run went on that did not say so: from its first file to the last line of its log."""
    began, ended = ((directory / name).stat().st_mtime for name in (SCENARIO, LOG))
    return round(max(0.0, ended - began), 3)


def read_manifest(path: Path) -> dict[str, Any]:
    """What ran it; of what is missing or has another shape, that it is unknown."""
    found = read_json(path) if path.is_file() else {}
    return {**found, **{key: alike(found.get(key), default) for key, default in UNKNOWN_MACHINERY.items()}}


def alike(found: Any, default: Any) -> Any:
    """What was found, where it has the default's shape."""
    if isinstance(default, dict) and isinstance(found, dict):
        return {**found, **{key: alike(found.get(key), part) for key, part in default.items()}}
    return found if found is not None and isinstance(found, type(default)) else default


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file. Raises `UnreadableRun`."""
    try:
        found = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise UnreadableRun(f"{path} is damaged: it holds no JSON object", "run the scenario again")
    return found


def read_verified(log: Path, digest: str | None) -> tuple[Reader, Tables]:
    """The log, read once, if it has this digest and a format that we know. Raises `UnreadableRun`.

    Without a digest it is read as far as its lines are whole.
    """
    reader = Reader(log, torn=digest is None)
    tables, reason = None, ""
    try:
        tables = make_tables(reader.rows(), ROWS_DRAWN, FIELDS_DRAWN)
    except NO_ROW as error:
        reason = f"{log}:{reader.number}: this is no line of an event log: {error!r}"
        reader.exhaust()
    if digest not in (None, reader.digest):
        raise UnreadableRun(
            f"{log} is torn or was changed: its digest is {reader.digest[:12]}, {RESULTS} says {digest[:12]}",
            "run the scenario again: the same seed gives the same log",
        )
    if tables is None:
        raise UnreadableRun(reason, "only what simnet wrote can be read: run the scenario again")
    return reader, tables


class Reader:
    """Reads a log once: its digest, its rows, and what they amount to."""

    def __init__(self, log: Path, *, torn: bool = False) -> None:
        """`torn` says that the last line may be incomplete, and then does not count."""
        self.log = log
        self.number = 0
        """Of the line that was read last, from 1."""
        self._torn = torn
        self.finished = FinishedLog(log)
        self._hash = hashlib.sha256()
        self._lines = self._read()

    @property
    def digest(self) -> str:
        """Of what has been read."""
        return self._hash.hexdigest()

    def rows(self) -> Iterator[Row]:
        """Every row, measured. Raises `UnreadableRun` for an unknown format, and one of `NO_ROW` for what is none."""
        for line in self._lines:
            self.number += 1
            row = parse_row(line)
            if self.number == 1:
                check_format(self.log, row)
            self.finished.on(row)
            yield row

    def exhaust(self) -> None:
        """Read on to the end, for the digest alone."""
        for _ in self._lines:
            pass

    def _read(self) -> Iterator[bytes]:
        with self.log.open("rb") as file:
            for line in file:
                if self._torn and not line.endswith(b"\n"):
                    return
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
