"""Who takes part in a run: names, keys, regions, what clients will ask, and which nodes cheat.

Everything here follows from the scenario and its seed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from eth_hash.auto import keccak

from chain.signing import Domain, Key
from nodes.adversaries.behaviour import ALWAYS, Behaviour, Gate, Situation
from nodes.adversaries.controls import HonestNoisy
from nodes.client import Order
from nodes.identity import Directory, Identity, Role
from nodes.models.zoo import Zoo
from simnet.kernel.streams import Streams
from simnet.scenario.adversaries import Adversary
from simnet.scenario.arrivals import Poisson, Trace, read_trace
from simnet.scenario.schema import Scenario


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
    at = 0.0
    for number, gap in enumerate(gaps(scenario, index, streams)):
        at += gap
        if at >= scenario.duration or not may_ask(scenario, index, number):
            return
        model = models[int(next(draws) * len(models))]
        inputs, _ = zoo.inputs(model)
        value = inputs[int(next(draws) * len(inputs))]
        task = hashlib.sha256(f"{scenario.seed}/{name}/{number}".encode()).hexdigest()
        yield Order(gap, "0x" + task, model, value, next(draws))


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
class Casting:
    """Which behaviours each participant shows, innermost first."""

    roles: Mapping[str, tuple[tuple[Behaviour, Gate], ...]]

    def of(self, name: str) -> tuple[tuple[Behaviour, Gate], ...]:
        """A participant's behaviours; none if it is honest."""
        return self.roles.get(name, ())


def cast(scenario: Scenario, directory: Directory, zoo: Zoo, domain: Domain, streams: Streams) -> Casting:
    """Hand out the scenario's behaviours. Entries with a count take nodes that no earlier one has, while there are."""
    assigned: list[tuple[str, Adversary]] = []
    for adversary in scenario.adversaries:
        assigned += [(name, adversary) for name in chosen(adversary, directory, [n for n, _ in assigned], streams)]
    accomplices = frozenset(
        name for name, a in assigned if a.behaviour.dishonest and directory.named(name).role is Role.INFERENCE
    )
    models = {choice.name: zoo.model(choice.name) for choice in scenario.models}
    roles: dict[str, tuple[tuple[Behaviour, Gate], ...]] = {}
    pairs: list[tuple[str, Behaviour, Gate]] = []
    if scenario.nodes.inference.noise == "gaussian":
        pairs += [(identity.name, HonestNoisy(), ALWAYS) for identity in directory.of(Role.INFERENCE)]
    pairs += [(name, a.behaviour, gate_of(a, name, scenario.seed)) for name, a in assigned]
    for name, behaviour, gate in pairs:
        situation = Situation(
            me=directory.named(name),
            rng=streams.generator(f"behaviour/{name}/{len(roles.get(name, ()))}"),
            domain=domain,
            models={model.name: bytes.fromhex(model.reference.sha256) for model in models.values()},
            output_shapes={model.name: model.output_shape for model in models.values()},
            accomplices=accomplices,
        )
        roles[name] = (*roles.get(name, ()), (behaviour.attach(situation), gate))
    return Casting(roles)


def gate_of(adversary: Adversary, name: str, seed: int) -> Gate:
    """When, and on what share of its tasks, an adversary acts."""
    until = float("inf") if adversary.until is None else adversary.until
    key = f"{seed}/{name}/{adversary.behaviour.kind}"
    return Gate(adversary.from_, until, adversary.probability, key)


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
