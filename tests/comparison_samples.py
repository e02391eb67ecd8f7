"""For the tests of comparisons: evidence made by hand, an executor without processes, and a small comparison."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from simnet.batch.batch import Batch
from simnet.measure.metric import Metric
from simnet.measure.stakes import StakeTerms
from simnet.studies.comparison.catalogue import CATALOGUE
from simnet.studies.comparison.compare import Options, compare
from simnet.studies.comparison.comparison import Comparison
from simnet.studies.comparison.evidence import Evidence
from simnet.studies.comparison.plan import Plan, make_plan
from tests.small import scenario

CHEAT = {"behaviour": "quantize", "variant": "int8", "count": 1}


class Here(Executor):
    """Does everything at once, in this process: what an executor of another kind may do too."""

    def __init__(self, jobs: int = 1) -> None:
        self.jobs = jobs

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


def plan_of(strategies: Sequence[Any], seeds: Any = 2, **sections: Any) -> Plan:
    """A comparison of these strategies in the small scenario, where one of three nodes cheats."""
    sections = {"duration": "60 s", "adversaries": [CHEAT], **sections}
    return make_plan(scenario(compare={"strategies": list(strategies), "seeds": seeds}, **sections))


def compared(out: Path, strategies: Sequence[Any] = ("none", "full_reexecution"), **more: Any) -> Comparison:
    """A comparison that was carried out."""
    pytest.importorskip("pyrevm")
    return compare(plan_of(strategies, **more), Options(out, Batch(make_executor=Here)))


def evidence(
    seed: int = 1,
    *,
    counts: dict[str, tuple[int, int]] | None = None,
    values: dict[str, float] | None = None,
    observations: dict[str, Sequence[float]] | None = None,
    stake: StakeTerms | None = None,
) -> Evidence:
    """What a run says, where only what is given is defined."""
    given = observations or {}
    seen = {name: pd.Series(given.get(name, ()), dtype=float) for name, spec in CATALOGUE.items() if spec.statistics}
    metrics = {}
    for name, spec in CATALOGUE.items():
        if spec.statistics:
            sample = seen[name]
            value = {p: float(sample.quantile(int(p[1:]) / 100)) if sample.size else None for p in spec.statistics}
            metrics[name] = Metric(spec, value, sample.size)
        elif name in (counts or {}):
            successes, n = (counts or {})[name]
            metrics[name] = Metric(spec, successes / n if n else None, n)
        else:
            metrics[name] = Metric(spec, (values or {}).get(name), int(name in (values or {})))
    return Evidence(seed, metrics, seen, stake or StakeTerms())
