"""Checks that what a scenario breaks, expects and waits for can have an effect in it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace

from chain.evm.abi import events_of
from chain.formats.modes import Mode
from chain.units import format_duration
from nodes.identity import SERVICE_NAMES, Role
from nodes.parameters import did_you_mean
from simnet.faults.fault import Fault, Setting
from simnet.faults.fault import Finding as FaultFinding
from simnet.measure.catalogue import READINGS
from simnet.measure.needs import Prospect
from simnet.scenario.facts import facts_of
from simnet.scenario.finding import Finding, Names, end_of, ends_at, where_written
from simnet.scenario.injected import text_of
from simnet.scenario.schema import Scenario
from simnet.strategies.facts import Facts
from simnet.strategies.strategy import Strategy
from simnet.verdict.expectations import Expectation, vacuous
from simnet.verdict.happened import happenings

CORE = ("Settlement", "Staking", "Beacon", "ModelRegistry")
"""Contracts of every run; the strategy adds its own."""


def faults(scenario: Scenario, names: Names, complete: bool) -> Iterator[Finding]:
    """What is wrong with faults, and why some could not do anything.

    Those that were there before are not held against what was injected: it may well do what they would have done.
    """
    whole = scenario.with_injected()
    before, after = setting_of(scenario, names, complete), setting_of(whole, names, complete)
    for i, fault in enumerate(whole.faults):
        setting = before if i < len(scenario.faults) else after
        if i >= len(scenario.faults) and services_in(fault):
            setting = beside_services(after, scenario)
        yield from where_written(scenario, _fault(scenario, i, fault, setting))


def services_in(fault: Fault) -> list[str]:
    """Services of ``simnet up`` that a fault names."""
    text = text_of(fault)
    return [name for name in SERVICE_NAMES if re.search(rf"\b{name}\b", text)]


def beside_services(setting: Setting, scenario: Scenario) -> Setting:
    """The same with the services of ``simnet up`` in it: of a role that nothing is drawn from."""
    return replace(
        setting,
        roles={**setting.roles, **dict.fromkeys(SERVICE_NAMES, Role.PRODUCER)},
        region={**setting.region, **dict.fromkeys(SERVICE_NAMES, scenario.region(0))},
        weighed=True,  # gateways price answers in dollars
    )


def _fault(scenario: Scenario, i: int, fault: Fault, setting: Setting) -> Iterator[Finding]:
    if fault.at >= end_of(scenario):
        message = f"happens at {format_duration(fault.at)}, when the run is over"
        yield ("faults", i, "at"), message, ends_at(scenario)
    elif fault.lasts is not None and fault.at + fault.lasts > end_of(scenario):
        yield ("faults", i, "for"), "ends after the run", ends_at(scenario)
    for below, message, hint in (*fault.problems(setting), *_idle(fault, setting)):
        yield ("faults", i, fault.kind, *below), message, hint


def _idle(fault: Fault, setting: Setting) -> Iterator[FaultFinding]:
    """What earlier faults of its kind do for as long, where that is all of it, so that this one changes nothing."""
    places = [(below, found) for held, below in fault.holds.items() if (found := setting.outlasts(fault, held))]
    for below, earlier in places if setting.complete and len(places) == len(fault.holds) else ():
        since = format_duration(earlier.at)
        message = f"this changes nothing: what happens at {since} lasts as long ({earlier.says})"
        yield below, message, "leave one out, or have this one last longer"


def setting_of(scenario: Scenario, names: Names, complete: bool = True) -> Setting:
    """What faults may know of the run; whether it has all of its faults."""
    numbered = [(role, i, name) for role in Role for i, name in enumerate(names[role])]
    facts = facts_of(scenario)
    return Setting(
        roles={name: role for role, _, name in numbered},
        region={name: scenario.region(i) for _, i, name in numbered},
        regions=scenario.network.regions,
        executing=frozenset(name for role, i, name in numbered if _executes(scenario.strategy, facts, role, i)),
        block_time_s=scenario.chain.block_time,
        faults=scenario.faults,
        complete=complete,
        weighed=any(adversary.behaviour.weighs for adversary in scenario.adversaries),
        cheats=frozenset(name for role in Role for name in _cheats(scenario, role, names[role])),
    )


def _cheats(scenario: Scenario, role: Role, names: Collection[str]) -> Collection[str]:
    """Participants of a role that cheat whatever the seed: those that are named, or all if there are as many.

    An entry that names none draws from those that no earlier entry has, while there are. Injected ones come later.
    """
    named: set[str] = set()
    taken = drawn = apart = 0
    for adversary in scenario.adversaries:
        dishonest = adversary.behaviour.dishonest
        if adversary.role is not role or adversary in scenario.injected:
            continue
        if adversary.nodes is not None:
            taken += len(adversary.nodes)
            named.update(adversary.nodes if dishonest else ())
            apart = apart if drawn else len(named)  # whoever is named after a draw may have been drawn
        else:
            free = min(adversary.count or 0, max(0, len(names) - taken))
            taken += free
            drawn += free if dishonest else 0
    return names if drawn + apart >= len(names) else named


def _executes(strategy: Strategy, facts: Facts, role: Role, index: int) -> bool:
    """Whether a participant has a device for models: of clients, those whose part in the strategy needs one."""
    if role is not Role.CLIENT:
        return role is not Role.PRODUCER
    return strategy.client_executes(index, facts)


def expectations(scenario: Scenario, prospect: Prospect | None) -> Iterator[Finding]:
    """Expectations that hold in every run or in none; those that hang on a `prospect` if it is known."""
    for i, expectation in enumerate(scenario.expect):
        message, hint = vacuous(expectation)
        if not message and prospect is not None:
            message, hint = _hopeless(expectation, prospect)
        if message:
            yield ("expect", i), message, hint


def _hopeless(expectation: Expectation, prospect: Prospect) -> tuple[str, str]:
    """Why a metric that it names can have no value in this scenario, or none but 0, and a hint; empty if it can."""
    for name in expectation.metrics:
        spec = READINGS[name]
        if spec.needs is None or spec.needs.met(prospect):
            continue
        always = "no value" if spec.unit != "count" else "no value but 0"
        return f"{name} can have {always} here: {spec.needs.lacking}", leave_out("expect")
    return "", ""


def leave_out(section: str) -> str:
    """What to do with an entry of this section that does not suit the others."""
    return f"leave it out (--set {section}=[] leaves out all), or change that"


def events(scenario: Scenario, prospect: Prospect | None) -> Iterator[Finding]:
    """Events that cannot happen; those that hang on a `prospect` if it is known."""
    known, verbs = happenings(), {fault.kind for fault in scenario.faults}
    for i, name in enumerate(scenario.sometimes):
        if name not in known:
            yield ("sometimes", i), f"unknown event '{name}'", did_you_mean(name, known)
        elif prospect is None:
            continue
        elif known[name].fault and known[name].fault not in verbs:
            message = f"'{name}' can never happen: the scenario has no fault '{known[name].fault}'"
            yield ("sometimes", i), message, "add one under faults, or leave this out"
        elif (need := known[name].needs) is not None and not need.met(prospect):
            yield ("sometimes", i), f"'{name}' can never happen: {need.lacking}", leave_out("sometimes")


def prospect_of(scenario: Scenario) -> Prospect:
    """What is known of the scenario's runs before they begin."""
    facts, strategy = facts_of(scenario), scenario.strategy
    shown = [adversary.behaviour for adversary in scenario.adversaries]
    contract = strategy.contract_spec()
    kind = type(strategy)
    return Prospect(
        events=events_of(CORE if contract is None else (*CORE, contract.artifact)),
        cheats=frozenset(behaviour.role for behaviour in shown if behaviour.dishonest),
        behaviours=frozenset(behaviour.kind for behaviour in shown),
        modes=frozenset(facts.modes or ()),
        checked=contract is not None,
        enclaves=kind.enclave is not Strategy.enclave,
        proofs=kind.make_prover is not Strategy.make_prover and (facts.modes is None or Mode.ZKML in facts.modes),
        noise=facts.noise or any(behaviour.perturbs for behaviour in shown),
        disturbed=bool(scenario.faults) or scenario.network.loss > 0,
    )
