"""A comparison that is over: its runs, the figures of each strategy, and the files that hold them.

The directory has ``comparison.json`` for scripts, ``comparison.csv`` and ``comparison.parquet`` for pandas,
``scenario.yaml`` that compares the same again, and below ``runs/`` the directory of every run.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

from simnet.batch.work import FINISHED, exit_code
from simnet.studies.comparison.estimates import Estimate, pool
from simnet.studies.comparison.evidence import Evidence
from simnet.studies.comparison.frontier import Frontier, frontiers
from simnet.studies.comparison.plan import Entrant, Plan
from simnet.studies.comparison.ran import Ran
from simnet.studies.comparison.tidy import tidy
from simnet.world.backends import backend_of

JSON, CSV, PARQUET, SCENARIO = "comparison.json", "comparison.csv", "comparison.parquet", "scenario.yaml"

FORMAT = 1
"""Version of ``comparison.json``."""


@dataclass(frozen=True)
class Comparison:
    """What was compared, and what came of it."""

    plan: Plan
    ran: tuple[Ran, ...]
    """Every run, in the order of the plan."""
    directory: Path
    """Where it all is."""

    @cached_property
    def evidence(self) -> Mapping[str, tuple[Evidence, ...]]:
        """What the finished runs of each strategy say, by label; no evidence where none finished."""
        return {
            entrant.label: tuple(one.evidence for one in self.of(entrant) if one.evidence is not None)
            for entrant in self.plan.entrants
        }

    @cached_property
    def estimates(self) -> Mapping[str, Mapping[str, Estimate]]:
        """The figures of each strategy by label and reading."""
        return {label: pool(found) for label, found in self.evidence.items()}

    @cached_property
    def frontiers(self) -> tuple[Frontier, ...]:
        """Security against cost."""
        return frontiers(self.estimates)

    def of(self, entrant: Entrant) -> list[Ran]:
        """The runs of a strategy."""
        return [one for one in self.ran if one.label == entrant.label]

    def ended(self, state: str) -> list[Ran]:
        """The runs that ended in that way."""
        return [one for one in self.ran if one.summary.state == state]

    @property
    def digest(self) -> str:
        """SHA-256 over the digests of all runs, as hex."""
        text = "".join(f"{one.label} {one.seed} {one.digest}\n" for one in self.ran)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def complaints(self) -> list[str]:
        """What went wrong, once for all seeds of a strategy for which it is the same."""
        found: dict[tuple[str, str], list[int]] = {}
        for one in self.ran:
            broken = one.summary.broken
            if broken or one.summary.state != FINISHED:
                what = f"broke {', '.join(broken)}" if broken else one.account
                found.setdefault((one.label, what), []).append(one.seed)
        return [
            f"{label}, {'seed' if len(seeds) == 1 else 'seeds'} {', '.join(map(str, seeds))}: {what}"
            for (label, what), seeds in found.items()
        ]

    @property
    def exit_code(self) -> int:
        """4 if a run failed, 1 if an invariant broke, 3 if it was interrupted, otherwise 0."""
        return exit_code(one.summary for one in self.ran)

    def as_json(self) -> dict[str, Any]:
        """The contents of ``comparison.json``."""
        scenario = self.plan.scenario
        return {
            "format": FORMAT,
            "scenario": scenario.name,
            "backend": backend_of(scenario),
            "seeds": list(self.plan.seeds),
            "strategies": [
                {
                    "label": one.label,
                    "strategy": one.strategy.kind,
                    "parameters": one.strategy.model_dump(mode="json", by_alias=True),
                    "comparator": one.comparator.kind,
                    "claim": one.strategy.claim,
                    "runs_finished": len(self.evidence[one.label]),
                    "figures": {name: figure_json(found) for name, found in self.estimates[one.label].items()},
                }
                for one in self.plan.entrants
            ],
            "frontiers": [
                {
                    "cost": one.cost,
                    "security": one.security,
                    "efficient": [point.label for point in one.points if point.efficient],
                    "undefined": list(one.undefined),
                }
                for one in self.frontiers
            ],
            "runs": [run_json(one) for one in self.ran],
        }


def figure_json(estimate: Estimate) -> dict[str, Any]:
    """A figure; JSON has no infinity, so ``state`` says why a value is null."""
    value = estimate.value
    state = "undefined" if value is None else "defined" if math.isfinite(value) else "infinite"
    return {
        "value": value if state == "defined" else None,
        "state": state,
        "unit": estimate.spec.unit,
        "kind": estimate.spec.kind,
        "n": estimate.n,
        "ci95": list(estimate.interval) if estimate.interval else None,
        "basis": estimate.basis,
    }


def run_json(ran: Ran) -> dict[str, Any]:
    """A run."""
    return {
        "label": ran.label,
        "seed": ran.seed,
        "state": ran.summary.state,
        "reason": ran.summary.reason,
        "directory": ran.directory,
        "digest": ran.digest,
        "wall_s": ran.summary.wall_s,
        "broken_invariants": list(ran.summary.broken),
    }


def write(comparison: Comparison) -> None:
    """Write the files of a comparison; its report is made by `reports.comparison`."""
    out = comparison.directory
    out.joinpath(SCENARIO).write_text(comparison.plan.resolved_yaml())
    out.joinpath(JSON).write_bytes(orjson.dumps(comparison.as_json(), option=orjson.OPT_INDENT_2))
    frame = tidy({one.label: one.strategy.kind for one in comparison.plan.entrants}, comparison.evidence)
    frame.to_csv(out / CSV, index=False)
    frame.to_parquet(out / PARQUET, index=False)
