"""What executes the models of which nodes, on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby

from nodes.identity import Role
from nodes.models.devices import DEVICES, Device
from nodes.models.processors import Taken, taken
from simnet.log.events import ModelsExecuted
from simnet.scenario.hardware import Machine
from simnet.scenario.schema import Scenario

PROFILES: Mapping[Taken, str] = {"cpu": "cpu", "cuda": "gpu"}
"""Whose speed modelled time follows, where nothing else is said."""


def machine_of(scenario: Scenario, role: Role, index: int) -> Machine:
    """What a participant runs models on. A client that does so has what full nodes have that are in no group."""
    if role is Role.CLIENT:
        return scenario.nodes.full
    section = scenario.nodes.inference if role is Role.INFERENCE else scenario.nodes.full
    return section.machine(index)


def profile_of(machine: Machine) -> Device:
    """The profile that modelled time follows."""
    return DEVICES[PROFILES[taken(machine.processor)] if machine.device == "auto" else machine.device]


def executed_on(scenario: Scenario) -> list[ModelsExecuted]:
    """What executes the models of which nodes: one record for each group of a role."""
    return [record for role in (Role.INFERENCE, Role.FULL) for record in _of_role(scenario, role)]


def _of_role(scenario: Scenario, role: Role) -> Iterator[ModelsExecuted]:
    names = scenario.names(role)
    for machine, places in groupby(range(len(names)), key=lambda index: machine_of(scenario, role, index)):
        members = [names[index] for index in places]
        yield ModelsExecuted(members, machine.processor, taken(machine.processor), profile_of(machine).name)
