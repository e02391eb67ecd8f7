"""What a run must have for a metric to have a value or an event to happen, told from the scenario before the run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chain.formats.modes import Mode
from nodes.identity import Role


@dataclass(frozen=True)
class Prospect:
    """What is known of a run before it begins: enough to say what can never be in its log."""

    events: frozenset[str]
    """What its contracts can emit."""
    cheats: frozenset[Role]
    """Roles of which some participants may act dishonestly."""
    behaviours: frozenset[str]
    """Kinds of behaviours that somebody shows."""
    modes: frozenset[Mode]
    """Proofs that clients ask for, where they have a choice."""
    checked: bool
    """Whether anybody checks anything."""
    enclaves: bool
    proofs: bool
    """Whether zero-knowledge proofs may be made."""
    noise: bool
    """Whether outputs may differ in their last digits, by nodes' hardware or a behaviour."""
    disturbed: bool
    """Whether there is a fault, or the network loses messages."""


@dataclass(frozen=True)
class Need:
    """Something that a run must have."""

    lacking: str
    """What to say of a scenario without it: "nobody cheats"."""
    met: Callable[[Prospect], bool]


REQUESTS = Need("nobody asks for anything", lambda _: True)
"""Met by every scenario: there are clients."""
EXTERNAL_CLIENTS = Need("no client comes from outside: simnet up lets them in", lambda _: True)
"""Met by every scenario, for `simnet up` runs any; other runs have no external clients (`simnet.scenario.checks`)."""
FRAUD = Need("no adversary is an inference node", lambda p: Role.INFERENCE in p.cheats)
STAKED_CHEATS = Need(
    "no adversary is an inference node or a full node", lambda p: not p.cheats.isdisjoint((Role.INFERENCE, Role.FULL))
)
FULL_CHEATS = Need("no adversary is a full node", lambda p: Role.FULL in p.cheats)
CHECKS = Need("the strategy has nobody check anything", lambda p: p.checked)
DISPUTES = Need(
    "the strategy knows no disputes, and no adversary is an inference node",
    lambda p: FRAUD.met(p) or emits("Challenged").met(p) or emits("Disputed").met(p),
)
REJECTIONS = Need(
    "the strategy has nobody check anything, and no adversary is an inference node",
    lambda p: p.checked or FRAUD.met(p),
)
EVIDENCE = Need("the strategy asks for no evidence", lambda p: p.enclaves or p.proofs)
ABUSE = Need("there are no enclaves, or no adversary", lambda p: p.enclaves and bool(p.cheats))
PROOFS = Need("the strategy has no zero-knowledge proofs", lambda p: p.proofs)
CHOICE = Need("clients have no choice of proof (clients.modes)", lambda p: bool(p.modes))
NOISE = Need("outputs have no noise: nodes.inference.noise, or a behaviour such as honest_noisy", lambda p: p.noise)
DISTURBANCE = Need("the network loses nothing, and there is no fault", lambda p: p.disturbed)


def emits(event: str) -> Need:
    """That some contract can emit this event."""
    return Need(f"no contract of the strategy emits {event}", lambda p: event in p.events)


def asked_for(mode: Mode) -> Need:
    """That clients ask for proofs of this mode."""
    return Need(f"no client asks for mode {mode} (clients.modes)", lambda p: mode in p.modes)


def shown(behaviour: str) -> Need:
    """That somebody shows this behaviour."""
    return Need(f"nobody shows the behaviour {behaviour}", lambda p: behaviour in p.behaviours)
