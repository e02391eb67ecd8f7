"""A sweep that is over: every figure at every point, and the files that hold them.

``sweep.json`` is for scripts, ``sweep.csv`` and ``sweep.parquet`` for pandas: a figure a row, with a column for each
path that was varied.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from simnet.batch.batch import Batch, Over, carry_out
from simnet.batch.work import FINISHED, exit_code
from simnet.studies.comparison.comparison import figure_json
from simnet.studies.comparison.estimates import Estimate, pool
from simnet.studies.comparison.evidence import Evidence
from simnet.studies.comparison.tidy import ALL_SEEDS, COLUMNS, figures
from simnet.studies.sweep.plan import Plan, Point

JSON, CSV, PARQUET = "sweep.json", "sweep.csv", "sweep.parquet"

FORMAT = 1
"""Version of ``sweep.json``."""

FIGURE_COLUMNS = COLUMNS[2:]
"""Those of a comparison's tidy form, without strategy and label."""


@dataclass(frozen=True)
class Reached:
    """A point, and what its runs came to."""

    point: Point
    overs: tuple[Over[Evidence], ...]
    """By seed."""

    @cached_property
    def evidence(self) -> tuple[Evidence, ...]:
        """Of the runs that finished."""
        return tuple(over.summary.found for over in self.overs if over.summary.found is not None)

    @cached_property
    def estimates(self) -> Mapping[str, Estimate]:
        """Every figure by the name it is read under; undefined where no run finished."""
        return pool(self.evidence)


@dataclass(frozen=True)
class Sweep:
    """What was swept, and what came of it."""

    plan: Plan
    reached: tuple[Reached, ...]
    """In the order of the plan's points."""

    @property
    def digest(self) -> str:
        """SHA-256 over values, seeds and digests of all runs, as hex."""
        lines = [
            f"{' '.join(one.point.values)} {over.work.seed} {over.summary.digest}"
            for one in self.reached
            for over in one.overs
        ]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    @property
    def complaints(self) -> list[str]:
        """What went wrong, a line for each run."""
        found = []
        for one in self.reached:
            for over in one.overs:
                summary, where = over.summary, f"{self.named(one.point)}, seed {over.work.seed}"
                if summary.broken:
                    found.append(f"{where}: INVARIANT BROKEN: {', '.join(summary.broken)}")
                elif summary.state != FINISHED:
                    found.append(f"{where}: {summary.state}{f': {summary.reason}' if summary.reason else ''}")
        return found

    @property
    def exit_code(self) -> int:
        """4 if a run failed, 1 if an invariant broke, 3 if it was interrupted, otherwise 0."""
        return exit_code(over.summary for one in self.reached for over in one.overs)

    def named(self, point: Point) -> str:
        """A point by its values, as people read it."""
        return ", ".join(f"{axis.path} = {value}" for axis, value in zip(self.plan.axes, point.values, strict=True))

    def moving(self, readings: tuple[str, ...]) -> tuple[str, ...]:
        """Those of these figures that are not the same at every point."""
        return tuple(reading for reading in readings if len({one.estimates[reading].value for one in self.reached}) > 1)

    def as_json(self) -> dict[str, Any]:
        """The contents of ``sweep.json``."""
        return {
            "format": FORMAT,
            "scenario": self.plan.name,
            "seeds": list(self.plan.seeds),
            "digest": self.digest,
            "axes": [{"path": axis.path, "values": list(axis.values)} for axis in self.plan.axes],
            "points": [
                {
                    "values": dict(zip((axis.path for axis in self.plan.axes), one.point.values, strict=True)),
                    "runs_finished": len(one.evidence),
                    "figures": {name: figure_json(found) for name, found in one.estimates.items()},
                    "runs": [
                        {
                            "seed": over.work.seed,
                            "state": over.summary.state,
                            "reason": over.summary.reason,
                            "digest": over.summary.digest,
                            "broken_invariants": list(over.summary.broken),
                        }
                        for over in one.overs
                    ],
                }
                for one in self.reached
            ],
        }

    def tidy(self) -> pd.DataFrame:
        """A row for each figure of each point, over all seeds and of each seed; values of axes are text."""
        rows = [
            (*one.point.values, *row)
            for one in self.reached
            for seed, runs in ((ALL_SEEDS, one.evidence), *((str(run.seed), (run,)) for run in one.evidence))
            for row in figures(seed, runs)
        ]
        columns = [*(axis.path for axis in self.plan.axes), *FIGURE_COLUMNS]
        types = {"value": "float64", "n": "int64", "ci_low": "float64", "ci_high": "float64"}
        return pd.DataFrame(rows, columns=columns).astype(types)


def sweep(plan: Plan, batch: Batch, tell: Callable[[Point, Over[Evidence]], None] = lambda point, over: None) -> Sweep:
    """Run everything. A run that fails is reported, and costs the others nothing."""
    points, works = zip(*plan.works(), strict=True)
    overs: dict[int, Over[Evidence]] = {}
    for over in carry_out(works, batch):
        overs[over.number] = over
        tell(points[over.number], over)
    count = len(plan.points)
    return Sweep(
        plan,
        tuple(
            Reached(point, tuple(overs[round_ * count + number] for round_ in range(len(plan.seeds))))
            for number, point in enumerate(plan.points)
        ),
    )


def write(found: Sweep, directory: Path) -> None:
    """Write the files for scripts; the page is made by `reports.sweep`."""
    directory.joinpath(JSON).write_bytes(orjson.dumps(found.as_json(), option=orjson.OPT_INDENT_2))
    frame = found.tidy()
    frame.to_csv(directory / CSV, index=False)
    frame.to_parquet(directory / PARQUET, index=False)
