"""What a check of a scenario finds, and what several of them ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from chain.units import format_duration
from nodes.identity import Role
from nodes.parameters import Hint
from simnet.scenario.adversaries import Adversary
from simnet.scenario.errors import KeyPath
from simnet.scenario.schema import Scenario

Finding: TypeAlias = tuple[KeyPath, str, Hint]
"""Where, what is wrong, and a hint."""

Names: TypeAlias = Mapping[Role, Mapping[str, None]]
"""Of the participants, by role; there may be a hundred thousand, and as many that refer to them."""


def where_written(scenario: Scenario, findings: Iterator[Finding]) -> Iterator[Finding]:
    """What is wrong with an injected entry is found among the others of its section, and stands in ``injected``."""
    written: dict[KeyPath, KeyPath] = {}
    numbers = {"adversaries": len(scenario.adversaries), "faults": len(scenario.faults)}
    for i, entry in enumerate(scenario.injected):
        section = "adversaries" if isinstance(entry, Adversary) else "faults"
        written[section, numbers[section]] = ("injected", i)
        numbers[section] += 1
    for path, message, hint in findings:
        yield (*written.get(path[:2], path[:2]), *path[2:]), message, hint


def end_of(scenario: Scenario) -> float:
    """When the run ends, in seconds."""
    return scenario.duration + scenario.settle


def ends_at(scenario: Scenario) -> str:
    """The same in words, as a hint."""
    return f"the run, settling included, ends at {format_duration(end_of(scenario))}"
