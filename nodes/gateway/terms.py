"""What a gateway demands by each scheme, and the mitigations of their weaknesses, by name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from nodes.gateway.channels import ChannelTerms
from nodes.gateway.upto import UptoTerms


@dataclass(frozen=True, slots=True)
class Terms:
    """Of both schemes."""

    upto: UptoTerms = field(default_factory=UptoTerms)
    channels: ChannelTerms = field(default_factory=ChannelTerms)
    own_facilitator: bool = False
    """Mitigation: payments are verified and collected by a facilitator of the gateway's own."""
    mirrors_blobs: bool = False
    """Mitigation: batches are in a second blob store too, and whoever misses one, or finds another, looks there."""
    seals_errors: bool = False
    """Mitigation: what is wrong with a private request is sealed, as answers are."""


@dataclass(frozen=True, slots=True)
class Mitigation:
    """What it changes of the terms of each scheme, and of both."""

    upto: Mapping[str, Any] = field(default_factory=dict)
    channels: Mapping[str, Any] = field(default_factory=dict)
    both: Mapping[str, Any] = field(default_factory=dict)


MITIGATIONS: Mapping[str, Mitigation] = MappingProxyType(
    {
        "reserve": Mitigation({"reserves": True}, {"reserves": True}),
        "charge-hung-up": Mitigation({"charges_hung_up": True}, {"charges_hung_up": True}),
        "keep-sessions": Mitigation({"keeps_sessions": True}, {"keeps_channels": True}),
        "remember-payments": Mitigation({"remembers_payments": True}),
        "deadline-buffer": Mitigation({"deadline_buffer_s": 120.0}),
        "prepay": Mitigation({"is_offered": False}, {"funds_first": True}),
        "own-authorizer": Mitigation(channels={"is_own_authorizer": True}),
        "claim-at-once": Mitigation(channels={"claim_s": 1.0}),
        "refuse-withdrawing": Mitigation(channels={"refuses_withdrawing": True}),
        "name-payer": Mitigation({"names_payer": True}, {"names_payer": True}),
        "close-first": Mitigation({"closes_first": True}),
        "own-facilitator": Mitigation(both={"own_facilitator": True}),
        "mirror-blobs": Mitigation(both={"mirrors_blobs": True}),
        "seal-errors": Mitigation(both={"seals_errors": True}),
    }
)


def mitigated(terms: Terms, names: Iterable[str]) -> Terms:
    """Terms with these mitigations; ``all`` stands for all."""
    chosen = MITIGATIONS if "all" in (names := list(names)) else names
    for name in chosen:
        change = MITIGATIONS[name]
        upto, channels = replace(terms.upto, **change.upto), replace(terms.channels, **change.channels)
        terms = replace(terms, upto=upto, channels=channels, **change.both)
    return terms
