"""Faults that strike a local network: written as in a scenario, and about its services as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from pydantic import TypeAdapter, ValidationError

from nodes.identity import Role
from nodes.parameters import ParameterError
from simnet.faults.fault import Fault
from simnet.scenario.effects import beside_services, setting_of
from simnet.scenario.errors import ScenarioErrors
from simnet.scenario.kinds import FAULT
from simnet.scenario.locate import read_document
from simnet.scenario.schema import Scenario
from simnet.scenario.wording import problem_text

EXPECTED = "expected such as 'at: 10 s, crash: [facilitator-0], for: 5 s'"

FAULTS = TypeAdapter[Fault](Annotated[Fault, FAULT])


class BadFault(ParameterError):
    """What is to break is not written as a fault, or nobody is called that."""


def read_faults(texts: Sequence[str], scenario: Scenario) -> list[Fault]:
    """Faults as a user wrote them, whose times count from when the servers listen. Raises `BadFault`."""
    found = []
    for text in texts:
        try:
            value = read_document((text if text.lstrip().startswith("{") else f"{{{text}}}").encode(), "fault").value
            found.append(FAULTS.validate_python(value))
        except ScenarioErrors as error:
            raise BadFault(f"{text}: {error.problems[0].message}", EXPECTED) from None
        except ValidationError as error:
            message, hint = problem_text(error.errors(include_url=False)[0])
            raise BadFault(f"{text}: {message}", hint or EXPECTED) from None
        except ParameterError as error:
            raise BadFault(f"{text}: {error}", EXPECTED) from None
    known = setting_of(scenario, {role: dict.fromkeys(scenario.names(role)) for role in Role})
    setting = replace(beside_services(known, scenario), faults=tuple(found))
    for text, fault in zip(texts, found, strict=True):
        for _, message, hint in fault.problems(setting):
            raise BadFault(f"{text}: {message}", hint)
    return found
