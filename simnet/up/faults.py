"""Faults that strike a local network: written as in a scenario, and about its services as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from pydantic import TypeAdapter, ValidationError

from nodes.identity import Role
from nodes.parameters import ParameterError
from simnet.faults.fault import Fault
from simnet.log.events import Intervention
from simnet.scenario.effects import setting_of
from simnet.scenario.errors import ScenarioErrors
from simnet.scenario.kinds import FAULT
from simnet.scenario.locate import read_document
from simnet.scenario.schema import Scenario
from simnet.scenario.wording import problem_text
from simnet.world.build import World
from simnet.world.injection import inject

EXPECTED = "expected such as 'at: 10 s, crash: [facilitator-0], for: 5 s'"

FAULTS = TypeAdapter[Fault](Annotated[Fault, FAULT])


class BadFault(ParameterError):
    """What is to break is not written as a fault, or nobody is called that."""


def inject_now(world: World, text: str, services: Sequence[str]) -> None:
    """Have a fault or an adversary happen now: a fault of services too, which the scenario cannot have.

    Raises `BadFault` or `InjectionError`, and then nothing has changed.
    """
    if "behaviour" in text or not any(name in text for name in services):
        inject(world, text)
        return
    bare = text.strip().removeprefix("{").removesuffix("}")
    (fault,) = read_faults([f"at: 0 s, {bare}"], world.scenario, services)
    world.log.append(world.engine.now, Intervention(bare, [], "", dishonest=False))
    world.injector.inject(fault.model_copy(update={"at": world.engine.now}))


def read_faults(texts: Sequence[str], scenario: Scenario, services: Sequence[str]) -> list[Fault]:
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
    own = dict.fromkeys(services, Role.PRODUCER)  # of a role that nothing is drawn from
    setting = replace(
        known,
        roles={**known.roles, **own},
        weighed=True,  # gateways price answers in dollars
        region={**known.region, **dict.fromkeys(services, scenario.region(0))},
        faults=tuple(found),
    )
    for text, fault in zip(texts, found, strict=True):
        for _, message, hint in fault.problems(setting):
            raise BadFault(f"{text}: {message}", hint)
    return found
