"""Moves of governance: proposals, votes, and attempts to do without them."""

from __future__ import annotations

from random import Random
from typing import Any

from chain.deploy import SLASHER_ROLE
from chain.quantities import OPG, ZERO_HASH
from simnet.studies.fuzz.arena import PARAMETERS
from simnet.studies.fuzz.cast import DELEGATOR, DISHONEST, DISHONEST_NODE, STRANGER
from simnet.studies.fuzz.duties.economy import EconomyDuty
from simnet.studies.fuzz.governed import BOUNDS, DELAY_S
from simnet.studies.fuzz.machine import Machine
from simnet.studies.fuzz.votes import Proposal, action

WITHDRAWAL_AT = 5
"""Place of the withdrawal delay among the settlement's parameters."""

WITHIN_BOUNDS = (
    *((WITHDRAWAL_AT, delay) for delay in (299, 300, 301)),
    *((0, share) for share in (BOUNDS[0], 1_000, 3_000)),
    *((2, share) for share in (0, BOUNDS[1], BOUNDS[1], BOUNDS[1], BOUNDS[1])),
    *((3, share) for share in (BOUNDS[2], 10_000)),
    (4, 0),
)
"""Places of parameters, and what an honest vote makes them."""

OUT_OF_BOUNDS = ((0, BOUNDS[0] - 1), (2, BOUNDS[1] + 1), (3, 10_001), (7, BOUNDS[3] + 1), (7, 1))
"""Places of parameters, and what no vote can make them."""


def propose(machine: Machine, random: Random) -> None:
    """The holder of most OPG proposes a harmless change; a dishonest one what is good for itself, or impossible."""
    assert isinstance(machine.duty, EconomyDuty)
    words = f"number {machine.steps}"
    if random.randrange(3) == 0:
        target, args = harmless(machine, random)
        call = action(machine.arena, *target.split("."), *args)
        machine.honest(DELEGATOR, "OPGGovernor.propose", *call, words)
        return
    who, target, args = random.choice(DISHONEST), *greedy(machine, random)
    call = action(machine.arena, *target.split("."), *args)
    if machine.attempt(who, "OPGGovernor.propose", *call, words).ok and target == "Settlement.setParameters":
        machine.duty.misled.add(list(machine.votes.proposals)[-1])


def harmless(machine: Machine, random: Random) -> tuple[str, tuple[Any, ...]]:
    """A change within the bounds, or some of what is the treasury's."""
    to = machine.arena.address(STRANGER)
    saved = machine.arena.read("Rewards.saved")
    return random.choice(
        (
            *(("Settlement.setParameters", (changed(*random.choice(WITHIN_BOUNDS)),)) for _ in range(3)),
            ("OPG.transfer", (to, random.choice((1, OPG)))),
            ("Rewards.spendSaved", (to, min(saved, 1))),
            ("Rewards.setCap", (random.choice((0, 5_000, 10_000)),)),
        )
    )


def rule(machine: Machine, random: Random) -> None:
    """Somebody votes, gives its votes to another, takes the next step of a proposal, or does without one."""
    who, other = random.choice(DISHONEST), machine.arena.address(random.choice(DISHONEST))
    proposals = [one for one in machine.votes.proposals.values() if not one.is_over]
    target, args = greedy(machine, random)
    calls: list[tuple[str, tuple[Any, ...]]] = [
        ("OPG.delegate", (other,)),
        ("OPG.delegate", (machine.arena.address(who),)),
        ("OPG.transfer", (other, random.choice((1, 40 * OPG)))),
        (target, args),
        straight(machine, random, target, args),
    ]
    if proposals:
        calls += steps(random.choice(proposals), random) * 2
    machine.attempt(who, *_flat(*random.choice(calls)))


def changed(place: int, value: int) -> tuple[int, ...]:
    """The settlement's parameters, with one of them changed."""
    parameters = list(PARAMETERS.settlement)
    parameters[place] = value
    return tuple(parameters)


def greedy(machine: Machine, random: Random) -> tuple[str, tuple[Any, ...]]:
    """A function that only votes can call, with arguments that are good for the dishonest node, or out of bounds."""
    node = machine.arena.address(DISHONEST_NODE)
    return random.choice(
        (
            ("Settlement.setParameters", (changed(*random.choice(OUT_OF_BOUNDS)),)),
            ("Settlement.setParameters", (changed(*random.choice(OUT_OF_BOUNDS)),)),
            ("Settlement.setParameters", (changed(WITHDRAWAL_AT, 10**6),)),
            ("Settlement.replaceVerifier", (node,)),
            ("Staking.grantRole", (SLASHER_ROLE, node)),
            ("Rewards.spendSaved", (node, OPG)),
            ("Rewards.setCap", (random.choice((0, 10_001)),)),
            ("Timelock.updateDelay", (0,)),
            ("OPGGovernor.setProposalThreshold", (0,)),
        )
    )


def straight(machine: Machine, random: Random, target: str, args: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """The same by way of the timelock, without the governor."""
    targets, values, data = action(machine.arena, *target.split("."), *args)
    one = (targets[0], values[0], data[0], ZERO_HASH, ZERO_HASH)
    return random.choice((("Timelock.schedule", (*one, DELAY_S)), ("Timelock.execute", one)))


def steps(proposal: Proposal, random: Random) -> list[tuple[str, tuple[Any, ...]]]:
    """What can be done with a proposal."""
    return [
        ("OPGGovernor.castVote", (proposal.number, random.randrange(4))),
        ("OPGGovernor.castVote", (proposal.number, 1)),
        ("OPGGovernor.queue", proposal.call),
        ("OPGGovernor.execute", proposal.call),
        ("OPGGovernor.cancel", proposal.call),
    ]


def _flat(target: str, args: tuple[Any, ...]) -> tuple[Any, ...]:
    return (target, *args)
