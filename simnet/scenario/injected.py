"""Scenario section ``injected``: what somebody injected by hand into a run, so that the run can be repeated.

simnet writes it into the scenario that a run directory keeps. Each entry is one of ``faults`` or ``adversaries``, with
the moment at which it was injected.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

import yaml
from pydantic import PlainSerializer, PlainValidator, ValidationInfo, WithJsonSchema

from simnet.faults.fault import Fault
from simnet.scenario.adversaries import Adversary
from simnet.scenario.kinds import FAULT
from simnet.scenario.yaml_dialect import ScenarioDumper

Entry: TypeAlias = Fault | Adversary


def moment(entry: Entry) -> float:
    """When it was injected, in seconds since the run began."""
    return entry.from_ if isinstance(entry, Adversary) else entry.at


def _read(value: Any, info: ValidationInfo) -> Entry:
    if isinstance(value, Adversary) or (isinstance(value, dict) and "behaviour" in value):
        return Adversary.model_validate(value, context=info.context)
    return FAULT.read(value, info)


def text_of(entry: Entry) -> str:
    """The entry on one line, as a scenario file may have it."""
    values = entry.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    text: str = yaml.dump(values, Dumper=ScenarioDumper, default_flow_style=True, sort_keys=False, width=10_000)
    return text.strip()


def _write(entry: Entry) -> dict[str, Any]:
    return entry.model_dump(mode="json", by_alias=True, exclude_none=isinstance(entry, Fault))


InjectedEntry = Annotated[
    Entry, PlainValidator(_read), PlainSerializer(_write), WithJsonSchema({"type": "object", "minProperties": 2})
]
"""An entry as a pydantic field."""
