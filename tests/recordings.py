"""A recorded run for tests of the dashboard: 2,730 events of a node that cheats, one that shirks, three faults.

``tests/data/recorded`` is a run directory, its log compressed. What it was recorded from is its scenario.yaml.
"""

from __future__ import annotations

import gzip
import shutil
from functools import cache
from pathlib import Path

import orjson

from dashboards.timeline import Timeline
from simnet.measure.rows import Row
from simnet.verdict.so_far import read_promises

RECORDED = Path(__file__).parent / "data" / "recorded"


@cache
def recorded_lines() -> tuple[bytes, ...]:
    """The log's lines, line ends included."""
    return tuple(gzip.decompress((RECORDED / "events.jsonl.gz").read_bytes()).splitlines(keepends=True))


@cache
def recorded_rows() -> tuple[Row, ...]:
    """The log's rows."""
    return tuple(map(orjson.loads, recorded_lines()))


def unpack(directory: Path) -> Path:
    """The run directory, written to `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "events.jsonl").write_bytes(b"".join(recorded_lines()))
    for name in ("scenario.yaml", "results.json"):
        shutil.copy(RECORDED / name, directory)
    return directory


def read_whole(directory: Path) -> Timeline:
    """The timeline of a run directory, read to its end."""
    timeline = Timeline(directory / "events.jsonl", read_promises(directory / "scenario.yaml"))
    while timeline.read(1.0):
        pass
    return timeline
