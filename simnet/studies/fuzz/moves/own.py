"""Moves that only some verification contracts know."""

from __future__ import annotations

from random import Random

from chain.formats.claims import MAX_CLAIMS, vote_commitment
from chain.quantities import OPG, ZERO_HASH
from simnet.studies.fuzz.arena import PARAMETERS, digest
from simnet.studies.fuzz.cast import (
    DISHONEST,
    DISHONEST_FULL,
    DISHONEST_NODE,
    FULL,
    HONEST_FULL,
    HONEST_NODE,
    INFERENCE,
    SECOND_ACCOUNT,
)
from simnet.studies.fuzz.duties.attested import AttestedDuty
from simnet.studies.fuzz.duties.base import SALT, chain_of
from simnet.studies.fuzz.duties.disputes import AttentionDuty, ForcedErrorDuty
from simnet.studies.fuzz.duties.panels import committed
from simnet.studies.fuzz.duties.proven import ProvenDuty
from simnet.studies.fuzz.enclaves import DEVICES, FORGED, NOTICE_S, TAMPERED, registration
from simnet.studies.fuzz.machine import Machine
from simnet.studies.fuzz.moves.common import some_batch
from simnet.studies.fuzz.moves.money import AMOUNTS
from simnet.studies.fuzz.moves.posting import LARGE, post


def challenge(machine: Machine, random: Random) -> None:
    """Somebody challenges right claims and wrong ones, openly and under seal, opens late, and takes others' bonds."""
    batch, who = some_batch(machine, random), random.choice(DISHONEST)
    if batch is None:
        return
    claims = random.choice((batch.wrong, batch.everything, random.getrandbits(batch.count), 1, 1 << 127))
    values = {
        "batch": batch.id,
        "claims": claims,
        "salt": SALT,
        "commitment": vote_commitment(batch.id, machine.arena.address(who), claims, SALT),
        "challenger": machine.arena.address(random.choice((*DISHONEST, *HONEST_FULL))),
    }
    verifier = machine.arena.setting.verifier_name
    function = random.choice(("challenge", "challenge", "sealChallenge", "openChallenge", "forfeit"))
    if function == "sealChallenge":
        values["claims"] = random.choice((claims.bit_count(), 1, 129))
    machine.attempt_by_name(who, f"{verifier}.{function}", values)


def show_forced(machine: Machine, random: Random) -> None:
    """The dishonest node shows a forced error, or says that another claim is one."""
    batch = some_batch(machine, random)
    if batch is None or not isinstance(machine.duty, ForcedErrorDuty):
        return
    at = random.choice((random.randrange(len(batch.claims)), len(batch.claims) - 1))
    secrets = [secret for (_, who), secret in machine.duty.forced.items() if who == DISHONEST_NODE]
    secret = machine.duty.forced.get((batch.claims[at].task, DISHONEST_NODE)) or (
        random.choice(secrets) if secrets else SALT
    )
    if batch.is_open and random.randrange(2):
        machine.wait(max(1, machine.duty.known_at(batch) + 1 - machine.arena.now))
    receipt = machine.attempt(random.choice(DISHONEST), "ForcedError.showForced", batch.id, secret, batch.opening(at))
    if receipt.ok and batch.claims[at].index == at:
        batch.made_wrong &= ~(1 << at)


def accuse(machine: Machine, random: Random) -> None:
    """Somebody accuses a full node of a call that it answered, or that was none, or of its silence."""
    batch = some_batch(machine, random)
    if batch is None or not isinstance(machine.duty, AttentionDuty):
        return
    misplaced = [i for i, claim in enumerate(batch.claims) if claim.index != i]
    at = random.choice(misplaced) if misplaced else random.randrange(len(batch.claims))
    node = random.choice((*HONEST_FULL, DISHONEST_FULL))
    if batch.is_open and random.randrange(2):
        machine.wait(max(1, machine.duty.known_at(batch) + 1 - machine.arena.now))
    address = machine.arena.address(node)
    who = random.choice(DISHONEST)
    for _ in range(random.choice((1, 1, 3))):
        if random.randrange(5) == 0:
            machine.attempt(who, "AttentionChallenge.accuseOfSilence", batch.id, address)
        else:
            opened = (batch.id, address, batch.results[at], batch.opening(at))
            machine.attempt(who, "AttentionChallenge.accuse", *opened)


def respond(machine: Machine, random: Random) -> None:
    """Somebody responds to claims that call on nobody."""
    if batch := some_batch(machine, random):
        claims = random.choice((1, batch.everything, 1 << min(batch.count, MAX_CLAIMS - 1)))
        machine.attempt(random.choice(DISHONEST), "AttentionChallenge.respond", batch.id, batch.posted_at, claims)


def report(machine: Machine, random: Random) -> None:
    """Somebody commits to seeds, reports what it did not check, and has epochs paid."""
    batch, who = some_batch(machine, random), random.choice(DISHONEST)
    duty = machine.duty
    epoch = duty.epoch_at(machine.arena.now) - random.randrange(4)  # type: ignore[attr-defined]
    calls = [
        ("SecretSeed.commitSeed", chain_of(f"{who} epochs")[random.randrange(2)]),
        ("SecretSeed.payEpoch", max(0, epoch)),
        ("SecretSeed.showSeed", max(0, epoch), chain_of(f"{who} epochs")[max(0, epoch) + 1]),
    ]
    if batch is not None:
        calls += [("SecretSeed.report", batch.id, random.choice((0, batch.wrong, batch.everything, 1 << 127)))] * 3
    target, *args = random.choice(calls)
    machine.attempt(who, str(target), *args)


def submit(machine: Machine, random: Random) -> None:
    """A member commits to a result that it did not compute, shows another, or takes somebody's seat."""
    batch = some_batch(machine, random)
    if batch is None or not batch.members:
        return
    places = [(seat, who) for seat, who in enumerate(batch.members) if who in DISHONEST]
    seat, who = random.choice([*places, (random.randrange(6), DISHONEST_NODE)])
    result = random.choice((batch.tree.root, digest("another root"), ZERO_HASH))
    if random.randrange(2):
        commitment = committed(batch, machine.arena.address(who), result)
        machine.attempt(who, "IndexedCommitment.submit", batch.id, seat, batch.submit_by, commitment)
    else:
        machine.attempt(who, "IndexedCommitment.show", batch.id, seat, result, SALT)


def protest(machine: Machine, random: Random) -> None:
    """Somebody says that it could not get a batch's data, or that good evidence is bad."""
    batch, who = some_batch(machine, random), random.choice(DISHONEST)
    if batch is None:
        return
    at = random.randrange(len(batch.claims))
    verifier = machine.arena.setting.verifier_name
    evidence = random.choice((batch.results[at], b"", bytes(65), bytes(352)))
    prover = random.choice(("", "SignedEvidence", "TEEEvidence")) if verifier == "Attested" else ""
    if prover:
        machine.attempt(who, f"{prover}.proveBad", batch.id, batch.opening(at), evidence)
    elif isinstance(machine.duty, AttestedDuty) and random.randrange(3):
        document = random.choice((machine.duty.document(evidence), machine.duty.document(evidence), bytes(9)))
        machine.attempt(who, "TEEEvidence.proveBadQuote", batch.id, batch.opening(at), evidence, document)
    else:
        machine.attempt(who, f"{verifier}.protest", batch.id)


def enclaves(machine: Machine, random: Random) -> None:
    """Somebody takes enclaves out of service and back, brings old heartbeats, registers what is others' or forged."""
    who = random.choice((DISHONEST_NODE, DISHONEST_NODE, DISHONEST_NODE, SECOND_ACCOUNT, HONEST_FULL[0]))
    device = DEVICES[random.choice((DISHONEST_NODE, DISHONEST_NODE, HONEST_NODE))]
    at = machine.arena.now + 1
    calls = [
        ("disableTEE", device.id),
        ("enableTEE", device.id),
        ("enableTEE", device.id),
        ("heartbeat", device.id, *device.heartbeat(random.choice((at, at - 1_600, at + 301)))),
        (
            "registerTEEWithAttestation",
            *registration(random.choice((device, FORGED, TAMPERED)), machine.arena.address(who), at),
        ),
    ]
    function, *args = random.choice(calls)
    machine.attempt(who, f"TEERegistry.{function}", *args)
    if function == "disableTEE" and who == DISHONEST_NODE:
        machine.wait(random.choice((1, NOTICE_S + 1, NOTICE_S + 1)))
        post(machine, random)
        machine.attempt(DISHONEST_NODE, "TEERegistry.enableTEE", device.id)


def pledge(machine: Machine, random: Random) -> None:
    """Somebody pledges, proves for others, proves twice, or has rejected what is proven."""
    batch = some_batch(machine, random)
    if batch is None or not isinstance(machine.duty, ProvenDuty):
        return
    at, who = random.randrange(len(batch.claims)), random.choice((DISHONEST_NODE, DISHONEST_NODE, SECOND_ACCOUNT))
    opened, value, outputs, proof = machine.duty.proof(batch, at)
    bit = 1 << random.randrange(8 * len(proof))
    changed = (int.from_bytes(proof, "big") ^ bit).to_bytes(len(proof), "big")
    another = random.choice(machine.duty.known.true)
    forgeries = (SALT, changed, proof + b"\0", proof[:-1], another.proof)
    calls = [
        ("Proven.pledge", batch.id),
        ("Proven.prove", batch.id, opened, value, outputs, proof),
        ("Proven.prove", batch.id, opened, value, outputs, random.choice(forgeries)),
        ("Proven.prove", batch.id, opened, *another.shown, another.proof),
        ("Proven.rejectUnproven", batch.id, opened),
    ]
    target, *args = random.choice(calls)
    machine.attempt(who, str(target), *args)
    if target == "Proven.pledge" and who == DISHONEST_NODE and batch.node == DISHONEST_NODE:
        for i in range(len(batch.claims)):
            machine.attempt(DISHONEST_NODE, "Proven.prove", batch.id, *machine.duty.proof(batch, i))


def delegate(machine: Machine, random: Random) -> None:
    """Somebody stands behind a node, leaves it, moves on, and claims rewards for itself and others."""
    who, amount = random.choice(DISHONEST), random.choice(AMOUNTS)
    node, other, owner = (machine.arena.address(random.choice((*FULL, *INFERENCE, SECOND_ACCOUNT))) for _ in range(3))
    target, *args = random.choice(
        (
            ("Staking.setCapacity", random.choice((0, 10_000 * OPG, LARGE))),
            ("Staking.setCommission", random.choice((0, 5_000, 5_001))),
            ("Staking.delegate", node, amount),
            ("Staking.delegate", node, amount),
            ("Staking.undelegate", node, amount),
            ("Staking.redelegate", node, other, amount),
            ("Staking.release", machine.arena.address(random.choice(DISHONEST))),
            ("Rewards.close",),
            ("Rewards.claim", node, owner, random.choice((1, 5, 96))),
            ("Rewards.endow", amount),
        )
    )
    if target == "Staking.release" and random.randrange(3) == 0:
        machine.wait(PARAMETERS.unbonding_s)
    if target == "Staking.setCapacity":
        who = random.choice((DISHONEST_NODE, DISHONEST_FULL, who))
    machine.attempt(who, str(target), *args)
