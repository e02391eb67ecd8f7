"""Moves that post batches: what an honest node posts, and what nobody should."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from chain.formats.claims import MAX_CLAIMS, Claim
from chain.quantities import OPG, Hash32
from simnet.studies.fuzz.arena import DEPLOYER, PARAMETERS, ROLES, digest
from simnet.studies.fuzz.cast import (
    CLIENTS,
    DISHONEST_CLIENT,
    DISHONEST_NODE,
    HONEST_CLIENT,
    HONEST_NODE,
    SECOND_ACCOUNT,
)
from simnet.studies.fuzz.duties.base import FEE
from simnet.studies.fuzz.duties.disputes import ForcedErrorDuty
from simnet.studies.fuzz.machine import MAX_OPEN, Machine

SIGNERS = (DISHONEST_NODE, DISHONEST_CLIENT, SECOND_ACCOUNT)

LARGE = 2**128 - 1

FRESH_STAKE = 3_000 * OPG

BAITS_ABOVE = 8
"""A node that can make so few claims more makes them of what it was asked for."""


def post_honestly(machine: Machine, random: Random) -> None:
    """The honest node posts what it computed. Who asks a task twice, with another input, gets both answers."""
    if len(machine.open) >= MAX_OPEN:
        return
    claims, results, clients = [], [], []
    for index in range(min(random.choice((1, 2, 3, 5)), machine.duty.room(HONEST_NODE))):
        client = random.choice(CLIENTS)
        claim, result = machine.duty.right(machine.blank(index, client), HONEST_NODE)
        machine.sign_answer(HONEST_NODE, claim)
        if random.randrange(3) == 0 and machine.duty.room(HONEST_NODE) > BAITS_ABOVE:
            baited = machine.duty.right(replace(claim, input_hash=Hash32(digest("bait", machine.posts))), HONEST_NODE)
            machine.sign_answer(HONEST_NODE, baited[0])
        claims.append(claim)
        results.append(result)
        clients.append(client)
    if not claims:
        return
    forced(machine, HONEST_NODE, claims, results)
    vouchers = [machine.honest_voucher(client, HONEST_NODE, clients.count(client)) for client in dict.fromkeys(clients)]
    machine.post(HONEST_NODE, claims, results, vouchers, len(claims))


def post(machine: Machine, random: Random) -> None:
    """The dishonest node posts a batch with wrong claims, wrong fees and other people's vouchers."""
    if len(machine.open) >= MAX_OPEN:
        return
    return_to_service(machine)
    claims, results = [], []
    for index in range(random.choice((1, 2, 3, 4, 5, 8))):
        client = random.choice((HONEST_CLIENT, HONEST_CLIENT, DISHONEST_CLIENT))
        blank = machine.blank(index, client, random.choice((FEE, FEE, 0, 1, 2 * FEE, LARGE)))
        make_wrong = random.randrange(2) == 0
        claim, result = (
            machine.duty.wrong(blank, DISHONEST_NODE, index)
            if make_wrong
            else machine.duty.right(blank, DISHONEST_NODE)
        )
        machine.sign_answer(DISHONEST_NODE, claim)
        claims.append(claim)
        results.append(result)
    forced(machine, DISHONEST_NODE, claims, results)
    honest = sum(claim.client == machine.arena.address(HONEST_CLIENT) for claim in claims)
    vouchers = [machine.honest_voucher(HONEST_CLIENT, DISHONEST_NODE, honest)] if honest else []
    vouchers += [strange_voucher(machine, random) for _ in range(random.randrange(3))]
    count = len(claims)
    seldom = 30 if machine.arena.setting.governed else 3  # who has lost all that it had in a pool can't come back
    if random.randrange(seldom) == 0:
        claims, results, count = misshapen(random, claims, results)
    machine.post(DISHONEST_NODE, claims, results, vouchers, count)


def return_to_service(machine: Machine) -> None:
    """The dishonest node stakes anew what it lost, out of what it has elsewhere, and leaves jail."""
    address = machine.arena.address(DISHONEST_NODE)
    if machine.arena.read("Staking.isActiveAs", address, ROLES[DISHONEST_NODE]):
        return
    if until := machine.arena.read("Staking.jailedUntil", address):
        machine.wait(max(1, until - machine.arena.now))
    if machine.arena.read("Staking.stakeOf", address) < PARAMETERS.min_stake_inference:
        machine.attempt(DEPLOYER, "OPG.transfer", address, FRESH_STAKE)
        machine.attempt(DISHONEST_NODE, "Staking.stake", ROLES[DISHONEST_NODE], FRESH_STAKE)
    machine.attempt(DISHONEST_NODE, "Staking.unjail")


def misshapen(random: Random, claims: list[Claim], results: list[bytes]) -> tuple[list[Claim], list[bytes], int]:
    """Leaves out of place, or a count that is not theirs."""
    count = len(claims)
    at = random.randrange(count)
    kind = random.randrange(4)
    if kind == 0:
        return claims, results, random.choice((count - 1, count + 1, 1, 0, MAX_CLAIMS, MAX_CLAIMS + 1))
    if kind == 1:
        index = min(random.choice((128, 255, 256, 2**16 - 1)) + at, 2**16 - 1)
        return [*claims[:at], replace(claims[at], index=index), *claims[at + 1 :]], results, count
    if kind == 2:
        twice = random.choice((at, count - 1))
        claims = [*claims, replace(claims[twice], index=random.randrange(count))]
        return claims, [*results, results[twice]], count
    order = list(range(count))
    random.shuffle(order)
    return [claims[i] for i in order], [results[i] for i in order], count


def strange_voucher(machine: Machine, random: Random) -> tuple[object, ...]:
    """One of a client that can't pay, one that was redeemed, or one with somebody else's signature."""
    client, cumulative = random.choice(CLIENTS), random.choice((0, 1, FEE, OPG, LARGE))
    signer = random.choice(SIGNERS)
    made = machine.voucher(signer, DISHONEST_NODE, cumulative, random.choice((0, FEE, LARGE)))
    return (machine.arena.address(client), *made[1:])


def forced(machine: Machine, node: str, claims: list[Claim], results: list[bytes]) -> None:
    """Add a forced error, where there are such and the lot has won."""
    if not isinstance(machine.duty, ForcedErrorDuty):
        return
    now = machine.arena.now
    task = machine.duty.forced_task(node, now)
    if task is None:
        return
    blank = replace(machine.blank(len(claims), DISHONEST_CLIENT), task=task, answered_at=now)
    claim, result = machine.duty.wrong(blank, node, machine.posts)
    claims.append(claim)
    results.append(result)
