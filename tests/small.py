"""Small scenarios: a few virtual minutes on the in-process chain, in a fraction of a second of real time."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from simnet.log.tables import Row, Tables, read_tables
from simnet.measure.catalogue import readings
from simnet.measure.metric import Metric
from simnet.measure.rows import as_text
from simnet.measure.state import State
from simnet.run import Finished, Options, run
from simnet.scenario.effects import prospect_of
from simnet.scenario.load import parse_scenario
from simnet.scenario.schema import Scenario
from simnet.verdict.results import Results

BASE: dict[str, Any] = {
    "name": "small",
    "seed": 3,
    "duration": "2 min",
    "settle": "90 s",
    "chain": {"backend": "revm"},
    "models": ["digits_mlp"],
    "nodes": {"inference": {"count": 3, "batch_interval": "10 s"}, "full": {"count": 5}},
    "clients": {"count": 4, "arrivals": "poisson 1/s"},
    "economics": {"beacon_round": "6 s", "jail": "20 s"},
    "strategy": {"kind": "full_reexecution"},
}
"""Three inference and five full nodes, about 110 tasks; everybody honest, every claim checked by everybody."""

RUNS_KEPT = 64


@dataclass(frozen=True)
class Played:
    """What became of a scenario."""

    finished: Finished
    tables: Tables

    @property
    def results(self) -> Results:
        """Verdict and metrics."""
        return self.finished.results

    @property
    def state(self) -> State:
        """What the log amounts to."""
        return self.finished.state

    def __getitem__(self, reading: str) -> Any:
        """A metric, named as in an expectation."""
        return readings(self.results.metrics)[reading]

    def n(self, metric: str) -> int:
        """How many observations a metric rests on."""
        return self.results.metrics[metric].n

    def lies(self, node: str = "", act: str = "") -> list[Row]:
        """Ground truth: dishonest acts, of one node and of one kind if asked."""
        rows = self.tables.of("cheated")
        return [row for row in rows if node in ("", row["node"]) and act in ("", row["act"])]

    def slashes(self, node: str = "") -> list[str]:
        """Reasons of slashes, of one node if asked."""
        names = self.tables.names
        rows = self.tables.event("Slashed")
        return [as_text(row["reason"]) for row in rows if node in ("", names[row["node"]])]

    def broken(self) -> list[str]:
        """Invariants that do not hold."""
        return [finding.name for finding in self.results.invariants if not finding.held]


def scenario(**sections: Any) -> Scenario:
    """The base scenario with these sections instead of its own."""
    return parse_scenario(_text(sections).encode(), "small.yaml")


def play(**sections: Any) -> Played:
    """Run the base scenario with these sections instead of its own. The same one is run once."""
    return _played(_text(sections))


def _text(sections: dict[str, Any]) -> str:
    text: str = yaml.safe_dump({**BASE, **sections}, sort_keys=False)
    return text


@lru_cache(maxsize=RUNS_KEPT)
def _played(text: str) -> Played:
    pytest.importorskip("pyrevm")
    with tempfile.TemporaryDirectory() as directory:
        scenario = parse_scenario(text.encode(), "small.yaml")
        finished = run(scenario, Options(out=Path(directory)))
        assert unforeseen(scenario, finished.results.metrics) == []
        return Played(finished, read_tables(Path(directory, "events.jsonl")))


def unforeseen(scenario: Scenario, metrics: Mapping[str, Metric]) -> list[str]:
    """Metrics that have a value in a run although the scenario is said to give them none."""
    prospect, nothing = prospect_of(scenario.with_injected()), (None, 0)
    needy = [one for one in metrics.values() if one.spec.needs is not None and not one.spec.needs.met(prospect)]
    return [one.spec.name for one in needy if not all(value in nothing for value in one.readings.values())]
