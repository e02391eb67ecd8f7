"""What a comparison runs: each strategy over each seed, with the same workload, network and adversaries.

Only strategy, comparator and seed differ between two runs of a comparison. What a seed draws comes from named
streams, so that under one seed every strategy meets the same requests at the same moments (common random numbers).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nodes.parameters import ParameterError
from simnet.batch.work import Work
from simnet.comparators.comparator import Comparator
from simnet.scenario.compare import Compare, Contender
from simnet.scenario.schema import Scenario
from simnet.strategies.strategy import Strategy
from simnet.studies.comparison.evidence import Evidence
from simnet.studies.comparison.ran import read_evidence

RUNS = "runs"
"""Where the runs are, below a comparison's directory."""


@dataclass(frozen=True)
class Entrant:
    """A strategy of a comparison, with everything decided."""

    label: str
    strategy: Strategy
    comparator: Comparator


@dataclass(frozen=True)
class Plan:
    """A scenario, and what to run it with."""

    scenario: Scenario
    entrants: tuple[Entrant, ...]
    seeds: tuple[int, ...]

    def works(self, out: Path, command: str = "") -> Iterator[tuple[Entrant, Work[Evidence]]]:
        """Every run. One seed after the other, so that one that is cut short has compared like with like."""
        for seed in self.seeds:
            for number, entrant in enumerate(self.entrants, start=1):
                directory = out / RUNS / f"{number}-{file_name(entrant.label)}" / str(seed)
                scenario = self.scenario_of(entrant)
                yield entrant, Work(scenario, seed, directory, read_evidence, command=command)

    def scenario_of(self, entrant: Entrant) -> Scenario:
        """What is run. Expectations are left out: they were written for the scenario's own strategy."""
        changes = {
            "strategy": entrant.strategy,
            "comparator": entrant.comparator,
            "expect": (),
            "sometimes": (),
            "compare": Compare(),
        }
        return self.scenario.model_copy(update=changes)

    def resolved_yaml(self) -> str:
        """The scenario with a ``compare`` section that says it all, as a file that compares the same again."""
        contenders = tuple(
            Contender(strategy=one.strategy, comparator=one.comparator, label=one.label) for one in self.entrants
        )
        compare = Compare(strategies=contenders, seeds=self.seeds)
        return self.scenario.model_copy(update={"compare": compare}).resolved_yaml()


def make_plan(scenario: Scenario) -> Plan:
    """The comparison that a scenario's section asks for. Raises `ParameterError` if it names no strategy."""
    section = scenario.compare
    if not section.strategies:
        raise ParameterError(
            f"{scenario.name} names no strategies to compare",
            "name some with --strategies none,committee or in the scenario: compare: {strategies: [none, committee]}",
        )
    entrants = tuple(
        Entrant(label, one.strategy_beside(scenario.strategy), one.comparator or scenario.comparator)
        for label, one in zip(section.labels(), section.strategies, strict=True)
    )
    return Plan(scenario, entrants, section.seeds_from(scenario.seed))


def file_name(label: str) -> str:
    """A label as part of a path."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", label).strip("-.") or "strategy"
