"""Who takes part, and with which keys: all of it follows from the scenario and its seed."""

from __future__ import annotations

from chain.formats.signing import Key
from chain.hashing import keccak
from nodes.identity import Directory, Identity, Role
from simnet.kernel.streams import Streams
from simnet.scenario.schema import Scenario


def key_of(name: str, streams: Streams) -> Key:
    """A participant's key."""
    return Key(streams.secret(f"key/{name}"))


def directory_of(scenario: Scenario, streams: Streams) -> Directory:
    """Everybody, role by role; regions are dealt out in turn within a role, personas come from Faker."""
    from faker import Faker  # slow to import, and needed only here

    faker = Faker()
    faker.seed_instance(scenario.seed)
    identities = []
    for role, count in counts(scenario).items():
        for i in range(count):
            name = f"{role.value}-{i}"
            persona = faker.name() if role is Role.CLIENT else ""
            address = key_of(name, streams).address
            identities.append(Identity(name, role, address, scenario.region(i), persona))
    return Directory(identities)


def counts(scenario: Scenario) -> dict[Role, int]:
    """How many participants there are of each role."""
    return {
        Role.PRODUCER: scenario.nodes.producer.count,
        Role.INFERENCE: scenario.nodes.inference.count,
        Role.FULL: scenario.nodes.full.count,
        Role.CLIENT: scenario.clients.count,
    }


def beacon_secrets(scenario: Scenario, name: str, streams: Streams) -> tuple[bytes, ...]:
    """A full node's hash chain for the randomness beacon, long enough for the whole run."""
    rounds = int((scenario.duration + scenario.settle) / scenario.economics.beacon_round) + 2
    return hash_chain(streams.secret(f"beacon/{name}"), rounds)


def hash_chain(seed: bytes, length: int) -> tuple[bytes, ...]:
    """A full node's secrets for the beacon, the tip last: each is the Keccak-256 of the one before."""
    links = [keccak(seed)]
    for _ in range(length):
        links.append(keccak(links[-1]))
    return tuple(links)
