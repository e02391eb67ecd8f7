"""Puts behaviours in front of the services of a local network: those of a scenario, and what is injected by hand."""

from __future__ import annotations

from collections.abc import Mapping

from chain.formats.channels import domain
from chain.quantities import Timestamp
from nodes.adversaries.behaviour import ALWAYS, Behaviour, Coalition, Gate, Situation
from nodes.identity import SERVICES, Identity
from simnet.kernel.host import Host
from simnet.kernel.streams import Streams
from simnet.scenario.adversaries import Adversary
from simnet.scenario.schema import Scenario
from simnet.up.chains import PAYMENT_ID
from simnet.world.casting import gate_of


def cast_services(scenario: Scenario, hosts: Mapping[str, Host], genesis: Timestamp) -> None:
    """Have services behave as a scenario says."""
    for adversary in scenario.adversaries:
        if adversary.role in SERVICES:
            cast(adversary, hosts, scenario.seed, genesis)


def cast(adversary: Adversary, hosts: Mapping[str, Host], seed: int, genesis: Timestamp) -> list[str]:
    """Have services behave as an entry says. Returns their names."""
    names = list(adversary.nodes or (f"{adversary.role}-0",))
    for name in names:
        attach(hosts[name], adversary.behaviour, seed, genesis, gate_of(adversary, name, seed))
    return names


def attach(host: Host, behaviour: Behaviour, seed: int, genesis: Timestamp, gate: Gate = ALWAYS) -> None:
    """Put one behaviour in front of one service, outside those that it has."""
    me = Identity(host.name, behaviour.role, host.identity.address, host.identity.region)
    situation = Situation(
        me=me,
        rng=Streams(seed).generator(f"behaviour/{me.name}/{len(host.behaviours)}"),
        domain=domain(PAYMENT_ID),
        models={},
        outputs={},
        coalition=Coalition((me.name,)),
        genesis=genesis,
    )
    host.behaviours = (*host.behaviours, (behaviour.attach(situation), gate))
