"""What `simnet check` runs of a scenario file: the scenario, or each of the strategies that it compares."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simnet.scenario.schema import Scenario


@dataclass(frozen=True)
class Case:
    """One run: a scenario of a file, with its own strategy or with one that it is compared under."""

    file: Path
    scenario: Scenario
    label: str = ""
    """The strategy, unless it is the scenario's own."""

    def __str__(self) -> str:
        return f"{self.file} {self.label}".rstrip()

    @property
    def overrides(self) -> tuple[str, ...]:
        """What must be set to run it by itself."""
        if not self.label:
            return ()
        from simnet.scenario.compare import Contender

        described = Contender(strategy=self.scenario.strategy, comparator=self.scenario.comparator)
        return (f"strategy={json.dumps(described.model_dump(mode='json', by_alias=True))}",)


def cases_of(file: Path, scenario: Scenario) -> list[Case]:
    """The runs that a scenario asks for."""
    from simnet.scenario.compare import Compare
    from simnet.studies.comparison.plan import make_plan

    if not scenario.compare.check:
        return [Case(file, scenario)]
    cases = []
    for entrant in make_plan(scenario).entrants:
        name = f"{scenario.name}_{entrant.label}"
        changes = {"name": name, "strategy": entrant.strategy, "comparator": entrant.comparator, "compare": Compare()}
        cases.append(Case(file, scenario.model_copy(update=changes), entrant.label))
    return cases
