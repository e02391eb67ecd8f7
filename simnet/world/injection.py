"""What somebody injects by hand while a run goes on: a fault or an adversary, as a scenario file would have it.

An injection is an entry of the scenario's section ``injected``, checked by the same rules as any other. It happens a
moment after it was asked for, at a time that is written down: whoever runs the scenario with that entry, which is what
the run directory keeps, gets the same log.
"""

from __future__ import annotations

import math
from functools import partial

import yaml

from nodes.identity import SERVICES
from nodes.parameters import ParameterError
from simnet.log.events import Intervention
from simnet.scenario.adversaries import Adversary
from simnet.scenario.errors import ScenarioErrors
from simnet.scenario.injected import moment, text_of
from simnet.scenario.load import parse_scenario, unfinished
from simnet.scenario.locate import read_document
from simnet.scenario.schema import Scenario
from simnet.scenario.yaml_dialect import ScenarioDumper
from simnet.world.build import World

SOURCE = "injection"

EXPECTED = "expected such as 'crash: [full-2], for: 60 s' or 'behaviour: quantize, nodes: [inference-3]'"


class InjectionError(ParameterError):
    """What somebody wants to inject is not an entry of a scenario."""


def extend(scenario: Scenario, text: str, now_s: float, beside_services: bool = False) -> Scenario:
    """The scenario with an injected entry that begins a moment from now. Raises `InjectionError`.

    The entry may be about services if they are there.
    """
    try:
        document = read_document((text if text.lstrip().startswith("{") else f"{{{text}}}").encode(), SOURCE)
    except ScenarioErrors as error:
        raise InjectionError(error.problems[0].message, EXPECTED) from None
    entry = document.value
    begins = "from" if "behaviour" in entry else "at"
    if begins in entry:
        raise InjectionError("what is injected begins now", f"leave '{begins}' out")
    entry[begins] = f"{moment_after(scenario, now_s):.7f} s"
    described = read_document(scenario.resolved_yaml().encode(), SOURCE).value
    described["injected"].append(entry)
    try:
        data = yaml.dump(described, Dumper=ScenarioDumper).encode()
        extended = parse_scenario(data, SOURCE, to_run=True, beside_services=beside_services)
    except ScenarioErrors as error:
        problem = error.problems[0]
        raise InjectionError(problem.message, problem.hint or EXPECTED) from None
    for problem in (*document.problems, *unfinished(document)):
        raise InjectionError(problem.message, problem.hint)
    return extended


def moment_after(scenario: Scenario, now_s: float) -> float:
    """The next half of a microsecond, after what was injected before: nothing else is due at such times.

    What is due at one time happens in the order in which it was asked for, and that would differ in a repetition.
    """
    latest = max([now_s, *(moment(entry) for entry in scenario.injected[-1:])])
    return (math.floor(latest * 1e6) + 1.5) / 1e6


def inject(world: World, text: str) -> None:
    """Have it happen a moment from now. Raises `InjectionError`, and then nothing has changed."""
    world.scenario = extend(world.scenario, text, world.engine.now, world.misbehave is not None)
    arrange(world, len(world.scenario.injected) - 1)
    world.steered(world.scenario)


def arrange(world: World, first: int = 0) -> None:
    """Have the injected entries of the world's scenario happen at their times, but for those before `first`."""
    for number, entry in enumerate(world.scenario.injected[first:], start=first):
        world.engine.scheduler.at(moment(entry), partial(happen, world, number))


def happen(world: World, number: int, _: None = None) -> None:
    """Have an injected entry happen now, and say so in the log."""
    entry = world.scenario.injected[number]
    if not isinstance(entry, Adversary):
        world.log.append(world.engine.now, Intervention(text_of(entry), [], "", dishonest=False))
        world.injector.inject(entry)
        return
    behaviour = entry.behaviour
    if entry.role in SERVICES:
        names = world.misbehave(entry) if world.misbehave is not None else []
        world.log.append(world.engine.now, Intervention(text_of(entry), names, behaviour.kind, behaviour.dishonest))
        return
    world.plan = world.plan.extended(world.scenario.with_injected(number + 1))
    world.casting.extend(world.plan)
    names = list(world.plan.assignments[-1].coalition.members)
    for name in names:
        world.engine.hosts[name].behaviours = world.casting.of(name)
    world.log.append(world.engine.now, Intervention(text_of(entry), names, behaviour.kind, behaviour.dishonest))
