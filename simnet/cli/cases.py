"""What `simnet check` runs of a scenario file: the scenario, or each of the strategies that it compares."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from chain.errors import SimnetError

if TYPE_CHECKING:
    from simnet.scenario.schema import Scenario


class BadSeeds(SimnetError):
    """What somebody wrote says no seeds."""

    exit_code = 2


class NothingFits(SimnetError):
    """A filter leaves nothing to run."""

    exit_code = 2


@dataclass(frozen=True)
class Case:
    """One run: a scenario of a file, with its own strategy or with one that it is compared under."""

    file: Path
    scenario: Scenario
    label: str = ""
    """The strategy, unless it is the scenario's own."""
    seeded: bool = False
    """Whether its seed was asked for, and need not be the file's."""

    def __str__(self) -> str:
        return " ".join(filter(None, (str(self.file), self.label, f"seed {self.scenario.seed}" if self.seeded else "")))

    @property
    def options(self) -> tuple[str, ...]:
        """What `simnet run` needs beside the overrides to run it by itself."""
        return ("--seed", str(self.scenario.seed)) if self.seeded else ()

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


def seeds_of(text: str, first: int) -> list[int]:
    """Seeds as people write them: how many, counting up from `first`, or which. Raises `BadSeeds`."""
    from simnet.scenario.compare import MAX_SEEDS, Compare, read_seeds

    try:
        numbers = list(dict.fromkeys(int(part) for part in text.split(",")))
        asked = read_seeds(numbers if "," in text else numbers[0])
    except ValueError:  # which ParameterError is
        message = f"'{text}' is neither a number of seeds nor a list such as 3,7,9"
        raise BadSeeds(message, f"there are 1 to {MAX_SEEDS:,} of them") from None
    return list(Compare(seeds=asked).seeds_from(first))


def under_seeds(case: Case, text: str | None) -> list[Case]:
    """The case under each of these seeds, or under its own if there is no `text`. Raises `BadSeeds`."""
    if text is None:
        return [case]
    return [
        replace(case, scenario=case.scenario.model_copy(update={"seed": seed}), seeded=True)
        for seed in seeds_of(text, case.scenario.seed)
    ]


def filtered(cases: Sequence[Case], wanted: str | None) -> list[Case]:
    """Those with this text in what they are called, where ``*`` and ``?`` stand for others; all without one.

    Raises `NothingFits` if there is none.
    """
    if wanted is None:
        return list(cases)
    left = [case for case in cases if fnmatchcase(str(case), f"*{wanted}*")]
    if cases and not left:
        raise NothingFits(f"none of {len(cases)} runs has '{wanted}' in its name", f"the first is '{cases[0]}'")
    return left
