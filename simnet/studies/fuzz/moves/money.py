"""Moves with time and money."""

from __future__ import annotations

from random import Random

from chain.quantities import OPG
from simnet.studies.fuzz.arena import PARAMETERS
from simnet.studies.fuzz.cast import (
    DISHONEST,
    SYBILS,
)
from simnet.studies.fuzz.machine import Machine

AMOUNTS = (1, OPG // 3, OPG, 250 * OPG, 999 * OPG, 1_000 * OPG, 1_200 * OPG, 4_000 * OPG)

LONGEST = (PARAMETERS.expiry_s, PARAMETERS.unbonding_s)

SYBILS_AT_ONCE = 12


def wait(machine: Machine, random: Random) -> None:
    """Some time passes: mostly little, now and then so much that batches expire."""
    kind = random.randrange(20)
    machine.wait(random.choice(LONGEST) if kind == 0 else random.choice((1, 10, 61, 201, 401)))


def money(machine: Machine, random: Random) -> None:
    """Somebody moves money of its own, in or out."""
    who, amount = random.choice(DISHONEST), random.choice(AMOUNTS)
    target, *args = random.choice(
        (
            ("Settlement.deposit", amount),
            ("Settlement.requestWithdrawal", amount),
            ("Settlement.withdraw",),
            ("Staking.stake", random.choice((0, 1, 2, 2, 3)), amount),
            ("Staking.unbond", amount),
            ("Staking.withdraw",),
            ("Staking.unjail",),
        )
    )
    machine.attempt(who, str(target), *args)


def dust(machine: Machine, random: Random) -> None:
    """Sybil identities bond a wei each."""
    first = random.randrange(len(SYBILS))
    for i in range(SYBILS_AT_ONCE):
        machine.attempt(SYBILS[(first + i) % len(SYBILS)], "Staking.stake", 2, 1)


def donate(machine: Machine, random: Random) -> None:
    """Somebody sends OPG to a contract for nothing."""
    contract = random.choice(machine.arena.contracts)
    machine.attempt(random.choice(DISHONEST), "OPG.transfer", machine.arena.address(contract), random.choice((1, OPG)))
