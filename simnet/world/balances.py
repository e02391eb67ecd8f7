"""The OPG that each participant begins with, and who may draw on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chain.quantities import Wei
from nodes.adversaries.behaviour import Balance
from nodes.identity import Directory, Identity, Role
from simnet.kernel.streams import Streams
from simnet.scenario.schema import Scenario
from simnet.strategies.strategy import Strategy
from simnet.world.assignments import Assignment
from simnet.world.directory import beacon_secrets, counts


@dataclass(frozen=True)
class Stakeholder:
    """What a participant brings along."""

    identity: Identity
    bonded: Wei
    """Staked by a node, paid into escrow by a client."""
    liquid: Wei
    """In its wallet besides."""
    spender: str = ""
    """Contract that may draw on its wallet; none if empty."""
    beacon_tip: bytes | None = None
    """Where its hash chain ends, if it feeds the randomness beacon."""


def stakeholders(
    scenario: Scenario,
    strategy: Strategy,
    directory: Directory,
    assignments: Sequence[Assignment],
    streams: Streams,
) -> tuple[Stakeholder, ...]:
    """Everybody with their money, in the directory's order."""
    verifier = strategy.contract_spec()
    found = []
    for identity in directory:
        balance = balance_of(scenario, strategy, identity, assignments)
        spender = verifier.artifact if verifier and strategy.initial_balance(identity.role) else ""
        feeds = strategy.uses_beacon and identity.role is Role.FULL
        tip = beacon_secrets(scenario, identity.name, streams)[-1] if feeds else None
        found.append(Stakeholder(identity, balance.bonded, balance.liquid, spender, tip))
    return tuple(found)


def balance_of(
    scenario: Scenario, strategy: Strategy, identity: Identity, assignments: Sequence[Assignment]
) -> Balance:
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
    balance = Balance(stake, strategy.initial_balance(identity.role))
    for assignment in assignments:
        if identity.name in assignment.coalition.members:
            balance = assignment.behaviour.initial_balance(balance, identity.name, assignment.coalition, peers)
    return balance
