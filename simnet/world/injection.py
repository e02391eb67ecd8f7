"""What somebody injects by hand while a run goes on: a fault or an adversary, as a scenario file would have it.

An injection is an entry of the scenario that begins now: it is checked by the same rules, takes effect by the
same code, and is written into the log, so that whoever adds it to the file gets the same run again.
"""

from __future__ import annotations

import math

import yaml

from nodes.parameters import ParameterError
from simnet.log.events import Touched
from simnet.scenario.adversaries import Adversary
from simnet.scenario.errors import ScenarioErrors
from simnet.scenario.load import parse_scenario
from simnet.scenario.locate import read_document
from simnet.scenario.schema import Scenario
from simnet.scenario.yaml_dialect import ScenarioDumper
from simnet.world.build import World

SOURCE = "injection"

EXPECTED = "expected such as 'crash: [full-2], for: 60 s' or 'behaviour: quantize, nodes: [inference-3]'"


class InjectionError(ParameterError):
    """What somebody wants to inject is not an entry of a scenario."""


def extend(scenario: Scenario, text: str, now_s: float) -> tuple[Scenario, str]:
    """The scenario with an entry that begins now, and the entry written out. Raises `InjectionError`."""
    try:
        entry = read_document(f"{{{text.strip().strip('{}')}}}".encode(), SOURCE).value
    except ScenarioErrors as error:
        raise InjectionError(error.problems[0].message, EXPECTED) from None
    is_adversary = "behaviour" in entry
    # After whatever else happens at this very moment, or the order of the two would not be the scenario's.
    entry["from" if is_adversary else "at"] = f"{math.floor(now_s * 1e6 + 1) / 1e6:.6f} s"
    described = read_document(scenario.resolved_yaml().encode(), SOURCE).value
    described["adversaries" if is_adversary else "faults"].append(entry)
    written = yaml.dump(entry, Dumper=ScenarioDumper, default_flow_style=True, sort_keys=False, width=10_000)
    try:
        return parse_scenario(yaml.dump(described, Dumper=ScenarioDumper).encode(), SOURCE), written.strip()
    except ScenarioErrors as error:
        problem = error.problems[0]
        raise InjectionError(problem.message, problem.hint or EXPECTED) from None


def inject(world: World, text: str) -> None:
    """Have it happen now. Raises `InjectionError`, and then nothing has changed."""
    known = world.plan.scenario
    scenario, written = extend(known, text, world.engine.now)
    if len(scenario.adversaries) > len(known.adversaries):
        refuse_latecomer(scenario.adversaries[-1])
    world.plan = world.plan.extended(scenario)
    if len(scenario.faults) > len(known.faults):
        world.log.append(world.engine.now, Touched(written, [], "", dishonest=False))
        world.injector.schedule(scenario.faults[-1:])
        return
    world.casting.extend(world.plan)
    assignment = world.plan.assignments[-1]
    names = [name for name in world.engine.hosts if name in assignment.coalition.members]
    for name in names:
        world.engine.hosts[name].behaviours = world.casting.of(name)
    behaviour = assignment.behaviour
    world.log.append(world.engine.now, Touched(written, names, behaviour.kind, behaviour.dishonest))


def refuse_latecomer(adversary: Adversary) -> None:
    """A run is the same again from the file only if the behaviour needed nothing of what came before it."""
    if adversary.adaptive is not None or not adversary.behaviour.may_begin_late():
        message = f"'{adversary.behaviour.kind}' has to be there from the start"
        raise InjectionError(message, "write it into the scenario file")
