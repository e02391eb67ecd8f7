"""Every value of a scenario that stands for something nobody has published.

A field is marked as an assumption by that word in its description, or in the description of its section.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from nodes.models.devices import DEVICES
from nodes.parameters import Parameters
from simnet.scenario.schema import Scenario

MARK = "(assumption"


@dataclass(frozen=True)
class Assumption:
    """A value that is not known but chosen."""

    path: str
    """Where the scenario file has it."""
    value: str
    meaning: str
    status: str = "assumption"
    """Or that it was measured, which makes it no less specific to where."""
    chosen: bool = False
    """Whether the scenario chose another value than the default."""


def assumptions(scenario: Scenario) -> list[Assumption]:
    """All of them, in the order of the scenario file."""
    sections = ("nodes", "clients", "network", "compute", "economics", "strategy")
    found = [one for name in sections for one in marked(getattr(scenario, name), name)]
    if scenario.compute.time == "modelled":
        found += devices(scenario)
    return found


def marked(section: Parameters, path: str) -> Iterable[Assumption]:
    """Those of a section and of the sections in it."""
    whole = MARK in (type(section).__doc__ or "")
    written = section.model_dump(mode="json", by_alias=True)
    default = type(section).model_construct().model_dump(mode="json", by_alias=True, warnings=False)
    for name, field in type(section).model_fields.items():
        value, key = getattr(section, name), field.alias or name
        if isinstance(value, Parameters):
            yield from marked(value, f"{path}.{key}")
        elif whole or MARK in (field.description or ""):
            meaning = (field.description or "").partition(f" {MARK}")[0]
            chosen = written[key] != default.get(key)
            yield Assumption(f"{path}.{key}", text(written[key]), meaning, chosen=chosen)


def devices(scenario: Scenario) -> Iterable[Assumption]:
    """The speeds that modelled time rests on."""
    names = {scenario.nodes.inference.device: None, scenario.nodes.full.device: None}
    for name in names:
        if name in DEVICES:
            device = DEVICES[name]
            value = f"{device.macs_per_s:.3g} multiply-accumulates/s, {1e6 * device.overhead_s:.3g} µs per inference"
            status, _, source = device.source.partition(": ")
            yield Assumption(f"device {name}", value, source, status)


def text(value: Any) -> str:
    """A value as a scenario file has it."""
    return f"{value:g}" if isinstance(value, float) else str(value)
