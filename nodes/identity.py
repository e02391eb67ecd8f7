"""Who takes part: names, roles, regions and keys' addresses, known to everybody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from chain.quantities import Address


class Role(StrEnum):
    """What a participant does in the network."""

    CLIENT = "client"
    INFERENCE = "inference"
    FULL = "full"
    PRODUCER = "producer"
    GATEWAY = "gateway"
    FACILITATOR = "facilitator"
    BLOBS = "blobs"


SERVICES = (Role.GATEWAY, Role.FACILITATOR, Role.BLOBS)
"""Roles of which ``simnet up`` has one participant each, called ``gateway-0`` and so on, and other runs none."""

GATEWAY, FACILITATOR, RELAYER, PAYMENT_PRODUCER = "gateway-0", "facilitator-0", "relayer-0", "producer-payment-0"
BLOBS, AUDITOR, NATIVE, KEEPER, OHTTP_RELAY = "blobs-0", "auditor-0", "native-0", "keeper-0", "ohttp-relay-0"
SERVICE_NAMES = (GATEWAY, FACILITATOR, RELAYER, BLOBS, AUDITOR, NATIVE, KEEPER, OHTTP_RELAY, PAYMENT_PRODUCER)
"""Participants that ``simnet up`` adds to a run; no scenario counts them."""


STAKING_ROLE: Mapping[Role, int] = MappingProxyType({Role.INFERENCE: 1, Role.FULL: 2})
"""Numbers of the Staking contract's roles."""


class Peer(Protocol):
    """Whoever can be sent something, and has an address on chain."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def address(self) -> Address:
        """Of its key."""
        ...

    @property
    def region(self) -> str:
        """Where it is."""
        ...


@dataclass(frozen=True, slots=True)
class Service:
    """A participant that no scenario counts: a gateway, a facilitator."""

    name: str
    kind: str
    address: Address
    region: str


@dataclass(frozen=True, slots=True)
class Identity:
    """A participant as the others know it."""

    name: str
    role: Role
    address: Address
    region: str
    persona: str = ""
    """A client's made-up name, from Faker."""


class Directory:
    """Looks participants up by name, address or role. Order is the order of creation."""

    def __init__(self, identities: Iterable[Identity]) -> None:
        self._by_name = {identity.name: identity for identity in identities}
        self._by_address = {identity.address: identity for identity in self._by_name.values()}
        self._by_role = {role: tuple(i for i in self._by_name.values() if i.role is role) for role in Role}

    def __iter__(self) -> Iterator[Identity]:
        return iter(self._by_name.values())

    def named(self, name: str) -> Identity:
        """The participant of that name; `KeyError` if there is none."""
        return self._by_name[name]

    def at(self, address: Address) -> Identity | None:
        """Who signs with that address, if anybody known does."""
        return self._by_address.get(address)

    def of(self, role: Role) -> tuple[Identity, ...]:
        """Everybody of a role."""
        return self._by_role[role]
