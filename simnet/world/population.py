"""Who takes part in a run: names, keys, regions, what clients will ask, and which nodes cheat.

Everything here follows from the scenario and its seed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from chain.formats.modes import marked
from chain.formats.signing import Domain, Key
from chain.hashing import keccak
from chain.quantities import Timestamp, Wei
from nodes.adversaries.behaviour import ALWAYS, Behaviour, Boldness, Coalition, Gate, Purse, Situation
from nodes.adversaries.inference.controls import HonestNoisy
from nodes.client import Order
from nodes.identity import Directory, Identity, Role
from nodes.models.zoo import Zoo
from simnet.kernel.streams import Streams
from simnet.scenario.adversaries import Adversary
from simnet.scenario.arrivals import Poisson, Trace, read_trace
from simnet.scenario.schema import Scenario

Shown = TypeVar("Shown", bound=Behaviour)


def key_of(name: str, streams: Streams) -> Key:
    """A participant's key."""
    return Key(streams.secret(f"key/{name}"))


def directory_of(scenario: Scenario, streams: Streams) -> Directory:
    """Everybody, role by role; regions are dealt out in turn within a role, personas come from Faker."""
    from faker import Faker  # slow to import, and needed only here

    faker = Faker()
    faker.seed_instance(scenario.seed)
    regions = scenario.network.regions
    identities = []
    for role, count in counts(scenario).items():
        for i in range(count):
            name = f"{role.value}-{i}"
            persona = faker.name() if role is Role.CLIENT else ""
            address = key_of(name, streams).address
            identities.append(Identity(name, role, address, regions[i % len(regions)], persona))
    return Directory(identities)


def counts(scenario: Scenario) -> dict[Role, int]:
    """How many participants there are of each role."""
    return {
        Role.PRODUCER: scenario.nodes.producer.count,
        Role.INFERENCE: scenario.nodes.inference.count,
        Role.FULL: scenario.nodes.full.count,
        Role.CLIENT: scenario.clients.count,
    }


# -- what clients ask --------------------------------------------------------------------------------------


def orders(scenario: Scenario, index: int, zoo: Zoo, streams: Streams) -> Iterator[Order]:
    """What client number `index` asks, until the scenario's duration is over."""
    name = f"client-{index}"
    models = [choice.name for choice in scenario.models]
    draws = streams.uniforms(f"orders/{name}")
    modes = streams.uniforms(f"modes/{name}")
    fortunes = streams.normals(f"worth/{name}")
    at = 0.0
    for number, gap in enumerate(gaps(scenario, index, streams)):
        at += gap
        if at >= scenario.duration or not may_ask(scenario, index, number):
            return
        model = models[int(next(draws) * len(models))]
        inputs, _ = zoo.inputs(model)
        value = inputs[int(next(draws) * len(inputs))]
        task = "0x" + hashlib.sha256(f"{scenario.seed}/{name}/{number}".encode()).hexdigest()
        mode = None if scenario.clients.modes is None else scenario.clients.modes.at(next(modes))
        worth = None if scenario.clients.worth is None else Wei(scenario.clients.worth.at(next(fortunes)))
        fee = scenario.clients.fees.of(mode)
        task = marked(task, mode) if mode else task
        yield Order(gap, task, model, value, next(draws), mode=mode, worth=worth, fee=fee)


def may_ask(scenario: Scenario, index: int, number: int) -> bool:
    """Whether the cap on tasks, divided evenly over the clients, leaves room for this client's next."""
    cap, count = scenario.clients.tasks, scenario.clients.count
    return cap is None or number < cap // count + (index < cap % count)


def gaps(scenario: Scenario, index: int, streams: Streams) -> Iterator[float]:
    """Seconds between one client's requests. All clients together ask at the scenario's rate."""
    arrivals, count = scenario.clients.arrivals, scenario.clients.count
    if isinstance(arrivals, Poisson):
        for draw in streams.exponentials(f"arrivals/client-{index}"):
            yield draw * count / arrivals.rate
    elif isinstance(arrivals, Trace):
        before = 0.0
        for moment in read_trace(arrivals.trace)[index::count]:
            yield moment - before
            before = moment
    else:
        yield (index + 1) / arrivals.rate
        while True:
            yield count / arrivals.rate


# -- who cheats --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Assignment:
    """One entry of the scenario's adversaries, and who shows the behaviour."""

    adversary: Adversary
    coalition: Coalition

    @property
    def behaviour(self) -> Behaviour:
        """What they show."""
        return self.adversary.behaviour


@dataclass(frozen=True)
class Casting:
    """Which behaviours each participant shows, innermost first."""

    roles: Mapping[str, tuple[tuple[Behaviour, Gate], ...]]

    def of(self, name: str) -> tuple[tuple[Behaviour, Gate], ...]:
        """A participant's behaviours; none if it is honest."""
        return self.roles.get(name, ())


def assign(scenario: Scenario, directory: Directory, streams: Streams) -> tuple[Assignment, ...]:
    """Who shows which behaviour. Entries with a count take nodes that no earlier one has, while there are."""
    found: list[Assignment] = []
    for adversary in scenario.adversaries:
        taken = [name for earlier in found for name in earlier.coalition.members]
        found.append(Assignment(adversary, Coalition(tuple(chosen(adversary, directory, taken, streams)))))
    return tuple(found)


def purse_of(scenario: Scenario, identity: Identity, assignments: Sequence[Assignment]) -> Purse:
    """What a participant bonds, or pays into escrow, and what it keeps: by scenario, strategy and behaviours."""
    nodes = scenario.nodes
    amounts = {
        Role.CLIENT: scenario.clients.deposit,
        Role.INFERENCE: nodes.inference.stake,
        Role.FULL: nodes.full.stake,
        Role.PRODUCER: 0,
    }
    stake = Wei(amounts[identity.role])
    peers = Wei(stake * (counts(scenario)[identity.role] - 1))
    purse = Purse(stake, scenario.strategy.purse(identity.role))
    for assignment in assignments:
        if identity.name in assignment.coalition.members:
            purse = assignment.behaviour.purse(purse, identity.name, assignment.coalition, peers)
    return purse


def cast(
    scenario: Scenario, directory: Directory, zoo: Zoo, domain: Domain, genesis: Timestamp, streams: Streams
) -> Casting:
    """Hand out the scenario's behaviours."""
    assignments = assign(scenario, directory, streams)
    everyone = [(name, assignment) for assignment in assignments for name in assignment.coalition.members]
    liars = [name for name, a in everyone if a.behaviour.dishonest and directory.named(name).role is Role.INFERENCE]
    models = {choice.name: zoo.model(choice.name) for choice in scenario.models}
    roles: dict[str, tuple[tuple[Behaviour, Gate], ...]] = {}

    def give(name: str, behaviour: Shown, coalition: Coalition, gate: Gate = ALWAYS) -> Shown:
        """Attach one behaviour to one participant."""
        situation = Situation(
            me=directory.named(name),
            rng=streams.generator(f"behaviour/{name}/{len(roles.get(name, ()))}"),
            domain=domain,
            models={model.name: bytes.fromhex(model.reference.sha256) for model in models.values()},
            output_shapes={model.name: model.output_shape for model in models.values()},
            accomplices=frozenset(liars),
            coalition=coalition,
            directory=directory,
            comparator=scenario.comparator,
            compute_price=scenario.compute.price,
            genesis=genesis,
            enclave=scenario.strategy.enclave(directory.named(name), streams, genesis),
        )
        attached = behaviour.attach(situation)
        roles[name] = (*roles.get(name, ()), (attached, gate))
        return attached

    if scenario.nodes.inference.noise == "gaussian":
        for identity in directory.of(Role.INFERENCE):
            give(identity.name, HonestNoisy(), Coalition((identity.name,)))
    for name, assignment in everyone:
        temper = assignment.adversary.adaptive
        boldness = None if temper is None else give(name, temper, assignment.coalition)
        gate = gate_of(assignment.adversary, name, scenario.seed, boldness)
        give(name, assignment.behaviour, assignment.coalition, gate)
    return Casting(roles)


def gate_of(adversary: Adversary, name: str, seed: int, boldness: Boldness | None = None) -> Gate:
    """When, and on what share of its tasks, an adversary acts."""
    until = float("inf") if adversary.until is None else adversary.until
    key = f"{seed}/{name}/{adversary.behaviour.kind}"
    return Gate(adversary.from_, until, adversary.probability, key, boldness)


def chosen(adversary: Adversary, directory: Directory, taken: list[str], streams: Streams) -> list[str]:
    """Names of an adversary's nodes: those it lists, or as many as it counts, drawn by the seed."""
    if adversary.nodes is not None:
        return list(adversary.nodes)
    names = [identity.name for identity in directory.of(adversary.role)]
    order: np.ndarray = streams.generator(f"adversaries/{adversary.role.value}").permutation(len(names))
    shuffled = [names[i] for i in order]
    free = [name for name in shuffled if name not in taken] + [name for name in shuffled if name in taken]
    return free[: adversary.count]


def hash_chain(seed: bytes, length: int) -> tuple[bytes, ...]:
    """A full node's secrets for the beacon, the tip last: each is the Keccak-256 of the one before."""
    links = [keccak(seed)]
    for _ in range(length):
        links.append(keccak(links[-1]))
    return tuple(links)
