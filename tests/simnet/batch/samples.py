"""Work for the tests of batches: small, and for some of it deadly."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from simnet.batch.work import Work
from simnet.run import Finished
from simnet.scenario.schema import Scenario
from tests.small import scenario


def read_tasks(_: Scenario, finished: Finished) -> int:
    """How many tasks there were."""
    return finished.results.metrics["tasks_total"].n


def die(_: Scenario, __: Finished) -> None:
    """Take the process down without a word."""
    os._exit(9)


def die_once(scenario: Scenario, finished: Finished) -> int:
    """Take the process down, but not a second time: the run directory remembers."""
    trace = finished.directory.parent / f"died-{scenario.seed}"
    if not trace.exists():
        trace.touch()
        os._exit(9)
    return read_tasks(scenario, finished)


def wait_to_be_killed(scenario: Scenario, finished: Finished) -> int:
    """Say who we are and wait for the end; the second time go on."""
    file = finished.directory.parent / "pid"
    if not file.exists():
        part = file.with_suffix(".part")
        part.write_text(str(os.getpid()))
        part.replace(file)
        time.sleep(1000)
    return read_tasks(scenario, finished)


def nothing(_: Scenario, __: Finished) -> None:
    """Reads nothing: the summary has the verdict."""


def work(out: Path | None = None, seed: int = 3, read: Any = nothing, **sections: Any) -> Work[Any]:
    """A run of twenty seconds."""
    short = scenario(**{"duration": "20 s", "settle": "30 s", "strategy": {"kind": "none"}, **sections})
    return Work(short, seed, out, read, keeps=out is not None)
