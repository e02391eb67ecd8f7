"""Checks that span sections of a scenario: names that must exist, counts and times that must fit."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import get_args

from chain.quantities import TOTAL_SUPPLY
from chain.seam import TRANSACTION_GAS_MAX
from chain.units import MAX_TASKS, format_duration, format_opg
from nodes.adversaries.behaviour import Behaviour
from nodes.identity import SERVICES, Role
from nodes.models.files import BadModel
from nodes.models.processors import INSTALL, why_not_cuda
from nodes.models.zoo import default_zoo
from nodes.parameters import did_you_mean
from simnet.faults.fault import Fault
from simnet.measure.catalogue import READINGS
from simnet.measure.needs import EXTERNAL_CLIENTS
from simnet.scenario.adversaries import Adversary
from simnet.scenario.effects import events, expectations, faults, prospect_of, services_in
from simnet.scenario.errors import KeyPath
from simnet.scenario.facts import facts_of, strategy_of
from simnet.scenario.finding import Finding, Names, end_of, ends_at, where_written
from simnet.scenario.models import Rounded
from simnet.scenario.rest import hangs_on
from simnet.scenario.schema import Scenario
from simnet.scenario.traces import Trace

FOR_UP = "simnet up --scenario FILE"


def check(scenario: Scenario, lacking: Collection[str] = ()) -> Iterator[Finding]:
    """Everything wrong with a scenario whose sections are each right.

    Of one in which the sections `lacking` are not as the file has them, everything that does not hang on these.
    """
    names = {role: dict.fromkeys(scenario.names(role)) for role in Role}
    services = {role: {f"{role}-0": None} for role in SERVICES}
    complete = not {"faults", "injected"}.intersection(lacking)
    whole = scenario.with_injected()
    prospect = None if set(lacking) - {"name", "expect", "sometimes"} else prospect_of(whole)
    played = "nodes clients models chain economics strategy faults injected"
    checks = (
        ("", _models(scenario)),
        ("nodes", _groups(scenario)),
        ("network nodes clients", _network(scenario)),
        (played, _chain(scenario)),
        ("clients duration", _demand(scenario)),
        ("clients nodes economics strategy", _money(scenario)),
        ("nodes clients.count duration settle", _adversaries(scenario, {**names, **services})),
        ("nodes clients.count models", _named_by_adversaries(scenario, {**names, **services})),
        ("nodes clients.count network chain strategy duration settle", faults(scenario, names, complete)),
        ("", _latecomers(scenario)),
        ("", expectations(whole, prospect)),
        ("", events(whole, prospect)),
        (played, _strategy(scenario, ("strategy",))),
        (played, _compare(scenario)),
    )
    for needs, findings in checks:
        if not hangs_on(needs.split(), lacking):
            yield from findings


def _latecomers(scenario: Scenario) -> Iterator[Finding]:
    """A behaviour can be injected only if it needs nothing of what came before it."""
    for i, entry in enumerate(scenario.injected):
        if isinstance(entry, Adversary) and (entry.adaptive is not None or not entry.behaviour.may_begin_late()):
            message = f"'{entry.behaviour.kind}' has to be there from the start"
            yield ("injected", i), message, "write it into the scenario file"


def _models(scenario: Scenario) -> Iterator[Finding]:
    zoo = default_zoo()
    known = tuple(zoo.models)
    served: dict[str, str] = {}
    for i, model in enumerate(scenario.models):
        at = ("models", i)
        own = [key for key in ("macs", "sizes", "inputs", "variants") if getattr(model, key)]
        if model.name in [other.name for other in scenario.models[:i]]:
            yield at, f"model '{model.name}' is already in the list", ""
        elif model.path is not None and model.name in known:
            yield (*at, "name"), f"'{model.name}' is a model of the zoo", "call yours something else"
        elif model.path is not None:
            try:
                model.add_to(zoo)
            except BadModel as error:
                yield (*at, *error.at), str(error), error.hint or ""
                continue
            digest = zoo.model(model.name).reference.sha256
            if (twin := served.setdefault(digest, model.name)) != model.name:
                message = f"model '{model.name}' is the same file as '{twin}'"
                yield (*at, "path"), message, "the registry knows a model by its content: leave one out"
        elif model.name not in known:
            yield at, f"unknown model '{model.name}'", did_you_mean(model.name, known)
        elif own:
            message = f"{own[0]} of a model of the zoo are known"
            yield (*at, own[0]), message, f"leave {own[0]} out, or give a path"


def absent(scenario: Scenario) -> Iterator[Finding]:
    """Processors that the scenario asks for and this machine has not. The scenario itself is right."""
    nodes = scenario.nodes
    asked = [
        ("nodes", role, *below, "processor")
        for role, section in (("inference", nodes.inference), ("full", nodes.full))
        for below, machine in section.machines()
        if machine.processor == "cuda"
    ]
    if asked and (reason := why_not_cuda()):
        yield from ((at, f"no GPU can execute models here: {reason}", f"{INSTALL}; or write auto") for at in asked)


def unserved(scenario: Scenario) -> Iterator[Finding]:
    """Behaviours and faults of services, metrics of external clients: only `simnet up` has them. The rest is right."""
    for section, entries in (("adversaries", scenario.adversaries), ("injected", scenario.injected)):
        for i, one in enumerate(entries):
            if isinstance(one, Adversary) and one.role in SERVICES:
                message = f"'{one.behaviour.kind}' is a behaviour of role {one.role}, which simnet up alone has"
                yield (section, i, "behaviour"), message, FOR_UP
    for i, one in enumerate(scenario.injected):
        if isinstance(one, Fault) and (named := services_in(one)):
            yield ("injected", i), f"'{named[0]}' is a service, which simnet up alone has", FOR_UP
    for i, expectation in enumerate(scenario.expect):
        for name in expectation.metrics:
            if READINGS[name].needs is EXTERNAL_CLIENTS:
                yield ("expect", i), f"{name} has no value here: {EXTERNAL_CLIENTS.lacking}", FOR_UP


def _groups(scenario: Scenario) -> Iterator[Finding]:
    for role, section in (("inference", scenario.nodes.inference), ("full", scenario.nodes.full)):
        grouped = sum(group.count for group in section.groups)
        if grouped > section.count:
            message = f"groups of {grouped} nodes, but there are {section.count}"
            yield ("nodes", role, "groups"), message, ""


def _network(scenario: Scenario) -> Iterator[Finding]:
    network = scenario.network
    regions = network.regions
    everybody = frozenset(_everybody(scenario))
    for i, name in enumerate(regions):
        if name in regions[:i]:
            yield ("network", "regions", i), f"region '{name}' is named twice", ""
        if name in everybody:
            yield ("network", "regions", i), f"'{name}' is the name of a node", "call the region something else"
    if network.sites < len(regions):
        message = f"{len(regions)} regions need at least as many sites, not {network.sites}"
        yield ("network", "sites"), message, ""
    if network.latency.distribution == "constant" and network.latency.jitter:
        yield ("network", "latency", "jitter"), "constant latency has no jitter", "leave it out"


def _chain(scenario: Scenario) -> Iterator[Finding]:
    """Contracts count time in seconds and shares in basis points."""
    if scenario.chain.block_time % 1:
        yield ("chain", "block_time"), "block time must be whole seconds", "timestamps on chain count seconds"
    most = scenario.strategy.largest_call_gas(facts_of(scenario))
    limit = scenario.chain.block_gas_limit
    told = f"the largest call of '{scenario.strategy.kind}' may take {most:,} gas here"
    if most > limit:
        yield (
            ("chain", "block_gas_limit"),
            f"{told}: no block holds it",
            "raise it, or lower nodes.inference.batch_size",
        )
    elif most > TRANSACTION_GAS_MAX:
        message = f"{told}, more than the {TRANSACTION_GAS_MAX:,} of any transaction (EIP-7825)"
        yield ("strategy",), message, "lower nodes.inference.batch_size, nodes.full.count, or how many vote"
    for key, value in scenario.economics:
        if key.endswith("_share") and abs(value * 10_000 - round(value * 10_000)) > 1e-6:
            yield ("economics", key), f"{value} is not a whole number of basis points", "contracts count in 0.01 %"
        if key in _PERIODS and value % 1:
            yield ("economics", key), f"{format_duration(value)} is not whole seconds", "contracts count in seconds"


_PERIODS = ("unbonding", "jail", "withdrawal_delay", "finality_delay", "beacon_round")


def _demand(scenario: Scenario) -> Iterator[Finding]:
    """A run that would never end is a slip of the keyboard."""
    clients = scenario.clients
    if isinstance(clients.arrivals, Trace):
        if (first := clients.arrivals.moments[0]) >= scenario.duration:
            message = f"its first request is at {format_duration(first)}, when clients no longer ask"
            hint = f"they do for {format_duration(scenario.duration)}: raise duration, or name the unit of the trace"
            yield ("clients", "arrivals"), message, hint
        return
    if clients.tasks is not None:
        return
    expected = clients.arrivals.rate * scenario.duration
    if expected > MAX_TASKS:
        message = (
            f"about {expected:.3g} tasks in {format_duration(scenario.duration)}, more than the limit of {MAX_TASKS}"
        )
        yield ("clients", "arrivals"), message, "lower the rate or the duration, or set clients.tasks"


def _money(scenario: Scenario) -> Iterator[Finding]:
    clients, nodes, economics = scenario.clients, scenario.nodes, scenario.economics
    if clients.fee > clients.deposit:
        fee, deposit = format_opg(clients.fee), format_opg(clients.deposit)
        yield ("clients", "fee"), f"a fee of {fee} is more than the deposit of {deposit}", "no client could pay it"
    for mode, own in clients.fees:
        if own is not None and own > clients.deposit:
            fee, deposit = format_opg(own), format_opg(clients.deposit)
            yield ("clients", "fees", mode), f"a fee of {fee} is more than the deposit of {deposit}", ""
    for role, stake, least in (
        ("inference", nodes.inference.stake, economics.min_stake_inference),
        ("full", nodes.full.stake, economics.min_stake_full),
    ):
        if stake < least:
            message = f"a stake of {format_opg(stake)} is below economics.min_stake_{role}, {format_opg(least)}"
            yield ("nodes", role, "stake"), message, "such nodes would never be active"
    held = (
        nodes.inference.count * nodes.inference.stake
        + nodes.full.count * nodes.full.stake
        + clients.count * clients.deposit
        + sum(len(scenario.names(role)) * scenario.strategy.initial_balance(role) for role in Role)
        + scenario.strategy.initial_funding()
    )
    if held > TOTAL_SUPPLY:
        supply = format_opg(TOTAL_SUPPLY)
        message = f"stakes, deposits and bonds add up to {format_opg(held)}, more than the supply of {supply}"
        yield ("nodes",), message, "lower them, or the counts"


def _adversaries(scenario: Scenario, names: Names) -> Iterator[Finding]:
    whole = scenario.with_injected()
    for i, adversary in enumerate(whole.adversaries):
        yield from where_written(scenario, _adversary(whole, i, adversary, names))


def _named_by_adversaries(scenario: Scenario, names: Names) -> Iterator[Finding]:
    """Models and participants that behaviours are about."""

    def found(whole: Scenario) -> Iterator[Finding]:
        for i, adversary in enumerate(whole.adversaries):
            yield from _variants(whole, ("adversaries", i), adversary)
            yield from _references(whole, ("adversaries", i), adversary.behaviour, names)

    yield from where_written(scenario, found(scenario.with_injected()))


def _adversary(scenario: Scenario, i: int, adversary: Adversary, names: Names) -> Iterator[Finding]:
    at = ("adversaries", i)
    own = adversary.behaviour.role
    if adversary.role is not own:
        hint = f"leave role out, or write role: {own}"
        yield (*at, "role"), f"'{adversary.behaviour.kind}' is a behaviour of role {own}, not {adversary.role}", hint
    candidates = names[adversary.role]
    if adversary.nodes is not None and adversary.count is not None:
        yield (*at, "count"), "both count and nodes are given", "leave one out"
    count = adversary.count or 0
    if adversary.nodes is None and count > len(candidates):
        wanted = f"{count} {'adversary' if count == 1 else 'adversaries'} of role {adversary.role}"
        yield (*at, "count"), f"{wanted}, but the scenario has {len(candidates) or 'none'}", ""
    named: set[str] = set()
    for j, name in enumerate(adversary.nodes or ()):
        if name not in candidates:
            message = f"no participant of role {adversary.role} is called '{name}'"
            yield (*at, "nodes", j), message, did_you_mean(name, candidates)
        elif name in named:
            yield (*at, "nodes", j), f"'{name}' is named twice", ""
        named.add(name)
    if adversary.role in SERVICES:
        yield from _of_service(at, adversary)
    yield from _span(scenario, at, adversary)


def _of_service(at: KeyPath, adversary: Adversary) -> Iterator[Finding]:
    """What adversaries may have, and services may not."""
    without = (
        ("adaptive", adversary.adaptive is not None, "services are not slashed, and learn nothing from it"),
        ("cartel", bool(adversary.cartel), "services have no accomplices"),
        ("probability", adversary.probability < 1, "services serve no tasks that could be drawn"),
    )
    yield from (((*at, key), message, "leave it out") for key, is_given, message in without if is_given)


def _variants(scenario: Scenario, at: KeyPath, adversary: Adversary) -> Iterator[Finding]:
    for model in scenario.models:
        given = {variant.name for variant in model.variants}
        for name in adversary.behaviour.variants():
            if model.path is not None and name not in given:
                message = f"'{adversary.behaviour.kind}' runs the variant '{name}', and model '{model.name}' has none"
                made = name if name in get_args(Rounded) else f"{{name: {name}, path: FILE.onnx}}"
                yield (*at, "behaviour"), message, f"give the model variants: [{made}]"
                return


def _references(scenario: Scenario, at: KeyPath, behaviour: Behaviour, names: Names) -> Iterator[Finding]:
    """Names in a behaviour's parameters must exist."""
    for key, what in behaviour.refers_to.items():
        known = {model.name: None for model in scenario.models} if what == "model" else names[Role(what)]
        value = getattr(behaviour, key)
        for name in (value,) if isinstance(value, str) else value:
            if name and name not in known:
                noun = what if what == "model" else f"participant of role {what}"
                yield (*at, key), f"no {noun} is called '{name}'", did_you_mean(name, known)


def _span(scenario: Scenario, at: KeyPath, adversary: Adversary) -> Iterator[Finding]:
    begin, end = adversary.from_, adversary.until
    if begin >= end_of(scenario):
        yield (*at, "from"), f"begins at {format_duration(begin)}, when the run is over", ends_at(scenario)
    if end is not None and end <= begin:
        yield (*at, "until"), f"ends at {format_duration(end)}, before it begins", "until must be later than from"
    if end is not None and end > end_of(scenario):
        yield (*at, "until"), "ends after the run", f"{ends_at(scenario)}; leave until out"


def _everybody(scenario: Scenario) -> Iterator[str]:
    return (name for role in Role for name in scenario.names(role))


def _compare(scenario: Scenario) -> Iterator[Finding]:
    """Each strategy must be usable in the scenario, and be told from the others by its label."""
    labels = scenario.compare.labels()
    for i, contender in enumerate(scenario.compare.strategies):
        at = ("compare", "strategies", i)
        if labels[i] in labels[:i]:
            yield at, f"another strategy is called '{labels[i]}' too", "give each a label of its own"
        strategy = contender.strategy_beside(scenario.strategy)
        changes = {"strategy": strategy, "comparator": contender.comparator or scenario.comparator}
        yield from _strategy(scenario.model_copy(update=changes), at)


def _strategy(scenario: Scenario, at: KeyPath) -> Iterator[Finding]:
    """Whether the strategy can be used in the scenario. What `at` is leads to it."""
    for below, message in strategy_of(scenario).problems(facts_of(scenario)):
        yield (*at, *below), message, ""
