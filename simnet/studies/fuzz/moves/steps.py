"""Moves that anybody can make with a batch: prove, conclude, vote, and call anything."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from chain.formats.claims import pack_votes, vote_commitment
from chain.quantities import Hash32
from simnet.studies.fuzz.arena import digest
from simnet.studies.fuzz.cast import (
    DISHONEST,
    DISHONEST_FULL,
    DISHONEST_NODE,
    HONEST_FULL,
)
from simnet.studies.fuzz.duties.base import GRACE_S, SALT
from simnet.studies.fuzz.machine import Machine
from simnet.studies.fuzz.moves.common import some_batch
from simnet.studies.fuzz.values import call_of_chance


def prove(machine: Machine, random: Random) -> None:
    """Somebody shows an answer of a node, hoping that it contradicts a claim of its."""
    batch = some_batch(machine, random)
    if batch is None:
        return
    position = random.randrange(len(batch.claims))
    claim = batch.claims[position]
    if batch.node == DISHONEST_NODE:
        told = replace(claim, output_hash=Hash32(digest("another", random.randrange(4))))
        answer = machine.sign_answer(DISHONEST_NODE, told)
        machine.answers.pop()
    else:
        fitting = [one for one in machine.answers if one.claim.task == claim.task and one.claim != claim]
        answer = random.choice(fitting or machine.answers)
    values = {
        "id": batch.id,
        "opening": batch.opening(position),
        "inputHash": answer.claim.input_hash,
        "outputHash": answer.claim.output_hash,
        "signature": answer.signature,
    }
    machine.attempt_by_name(random.choice(DISHONEST), "Settlement.proveEquivocation", values)


def prove_malformed(machine: Machine, random: Random) -> None:
    """Somebody says that a tree is malformed."""
    if batch := some_batch(machine, random):
        at = random.randrange(len(batch.claims))
        position = random.choice((at, at, at + 1, 2**255))
        charges = batch.charges if random.randrange(4) else ()
        machine.attempt(
            random.choice(DISHONEST), "Settlement.proveMalformed", batch.id, batch.opening(at), position, charges
        )


NEXT = ("draw", "finalise", "arbitrate", "resolve", "reclaim", "conclude")


def conclude(machine: Machine, random: Random) -> None:
    """Somebody takes the next step of a batch before the honest do, or out of turn."""
    batch = some_batch(machine, random)
    if batch is None:
        return
    verifier = machine.arena.setting.verifier_name or "Settlement"
    known = [name for name in NEXT if name in machine.functions(verifier)]
    function = random.choice([*known, "voidBatch"])
    target = f"Settlement.{function}" if function == "voidBatch" else f"{verifier}.{function}"
    fallen = batch.proven
    if function == "resolve" and batch.sitting is not None and batch.is_open:
        _, rejected, voided, _ = machine.arena.read(f"{verifier}.tally", batch.id)
        fallen = rejected | voided
    if random.randrange(6) == 0:
        fallen ^= random.randrange(16)
    values = {
        "batch": batch.id,
        "id": batch.id,
        "openings": batch.openings(fallen),
        "charges": batch.charges,
    }
    if random.randrange(3) == 0:
        machine.wait(random.choice((31, 201 + GRACE_S // 2)))
    machine.attempt_by_name(random.choice(DISHONEST), target, values)


def vote(machine: Machine, random: Random) -> None:
    """Who is on a panel, or is not, says what it likes."""
    batch = some_batch(machine, random)
    verifier = machine.arena.setting.verifier_name
    if batch is None or batch.sitting is None:
        return
    places = [(seat, who) for seat, who in batch.sitting.seats() if who not in HONEST_FULL]
    seat, who = random.choice(places) if places and random.randrange(4) else (random.randrange(6), DISHONEST_FULL)
    said = [random.choice("yn-") for _ in range(batch.count)]
    votes = pack_votes([word == "y" for word in said], [word == "n" for word in said])
    votes = random.choice(
        (votes, batch.wrong, (batch.everything & ~batch.wrong) << 128, batch.wrong << 128, 2**256 - 1)
    )
    values = {"batch": batch.id, "seat": seat, "votes": votes, "salt": SALT, "commitBy": batch.sitting.commit_by}
    values["commitment"] = vote_commitment(batch.id, machine.arena.address(who), votes, SALT)
    machine.attempt_by_name(who, f"{verifier}.{random.choice(('commit', 'reveal', 'vote'))}", values)


def anything(machine: Machine, random: Random) -> None:
    """Anybody calls any function with anything."""
    contract, function, args = call_of_chance(machine, random)
    who = random.choice(DISHONEST)
    machine.attempt(who, f"{contract}.{function}", *args)
