"""What those who mean no good can do, each a function of the machine and of what chance draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import TypeAlias

from chain.formats.claims import MAX_CLAIMS, Claim, pack_votes, vote_commitment
from chain.quantities import OPG, ZERO_HASH, Hash32
from simnet.studies.fuzz.arena import DEPLOYER, PARAMETERS, ROLES, digest
from simnet.studies.fuzz.cast import (
    CLIENTS,
    CROOK,
    CROOKED_CLIENT,
    CROOKED_FULL,
    CROOKS,
    CROWD,
    FULL,
    HONEST_CLIENT,
    HONEST_FULL,
    HONEST_NODE,
    INFERENCE,
    SECOND_NAME,
)
from simnet.studies.fuzz.duties.base import FEE, GRACE_S, SALT, chain_of
from simnet.studies.fuzz.duties.disputes import AttentionDuty, ForcedErrorDuty
from simnet.studies.fuzz.duties.evidence import ProvenDuty
from simnet.studies.fuzz.duties.panels import committed
from simnet.studies.fuzz.machine import MAX_OPEN, Machine
from simnet.studies.fuzz.posted import Batch
from simnet.studies.fuzz.setting import Setting
from simnet.studies.fuzz.values import call_of_chance

Move: TypeAlias = Callable[[Machine, Random], None]

AMOUNTS = (1, OPG // 3, OPG, 250 * OPG, 999 * OPG, 1_000 * OPG, 1_200 * OPG, 4_000 * OPG)
LONGEST = (PARAMETERS.expiry_s, PARAMETERS.unbonding_s)
SIGNERS = (CROOK, CROOKED_CLIENT, SECOND_NAME)
LARGE = 2**128 - 1
CROWD_AT_ONCE = 12
FRESH_STAKE = 3_000 * OPG


# ---- time and money ----


def wait(machine: Machine, random: Random) -> None:
    """Some time passes: mostly little, now and then so much that batches expire."""
    kind = random.randrange(20)
    machine.wait(random.choice(LONGEST) if kind == 0 else random.choice((1, 10, 61, 201, 401)))


def money(machine: Machine, random: Random) -> None:
    """Somebody moves money of its own, in or out."""
    who, amount = random.choice(CROOKS), random.choice(AMOUNTS)
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
    """A crowd bonds a wei each."""
    first = random.randrange(len(CROWD))
    for i in range(CROWD_AT_ONCE):
        machine.attempt(CROWD[(first + i) % len(CROWD)], "Staking.stake", 2, 1)


def donate(machine: Machine, random: Random) -> None:
    """Somebody sends OPG to a contract for nothing."""
    contract = random.choice(machine.arena.contracts)
    machine.attempt(random.choice(CROOKS), "OPG.transfer", machine.arena.address(contract), random.choice((1, OPG)))


# ---- batches ----


def post_honestly(machine: Machine, random: Random) -> None:
    """The honest node posts what it computed. Who asks a task twice, with another input, gets both answers."""
    if len(machine.open) >= MAX_OPEN:
        return
    claims, results, clients = [], [], []
    for index in range(random.choice((1, 2, 3, 5))):
        client = random.choice(CLIENTS)
        claim, result = machine.duty.right(machine.blank(index, client), HONEST_NODE)
        machine.sign_answer(HONEST_NODE, claim)
        if random.randrange(3) == 0:
            baited = machine.duty.right(replace(claim, input_hash=Hash32(digest("bait", machine.posts))), HONEST_NODE)
            machine.sign_answer(HONEST_NODE, baited[0])
        claims.append(claim)
        results.append(result)
        clients.append(client)
    forced(machine, HONEST_NODE, claims, results)
    vouchers = [machine.honest_voucher(client, HONEST_NODE, clients.count(client)) for client in dict.fromkeys(clients)]
    machine.post(HONEST_NODE, claims, results, vouchers, len(claims))


def post(machine: Machine, random: Random) -> None:
    """The crook posts a batch with wrong claims, wrong fees and other people's vouchers."""
    if len(machine.open) >= MAX_OPEN:
        return
    return_to_service(machine)
    claims, results = [], []
    for index in range(random.choice((1, 2, 3, 4, 5, 8))):
        client = random.choice((HONEST_CLIENT, HONEST_CLIENT, CROOKED_CLIENT))
        blank = machine.blank(index, client, random.choice((FEE, FEE, 0, 1, 2 * FEE, LARGE)))
        make_wrong = random.randrange(2) == 0
        claim, result = machine.duty.wrong(blank, CROOK, index) if make_wrong else machine.duty.right(blank, CROOK)
        machine.sign_answer(CROOK, claim)
        claims.append(claim)
        results.append(result)
    forced(machine, CROOK, claims, results)
    honest = sum(claim.client == machine.arena.address(HONEST_CLIENT) for claim in claims)
    vouchers = [machine.honest_voucher(HONEST_CLIENT, CROOK, honest)] if honest else []
    vouchers += [strange_voucher(machine, random) for _ in range(random.randrange(3))]
    count = len(claims)
    seldom = 30 if machine.arena.setting.governed else 3  # who has lost all that it had in a pool can't come back
    if random.randrange(seldom) == 0:
        claims, results, count = misshapen(random, claims, results)
    machine.post(CROOK, claims, results, vouchers, count)


def return_to_service(machine: Machine) -> None:
    """The crook stakes anew what it lost, out of what it has elsewhere, and leaves jail."""
    address = machine.arena.address(CROOK)
    if machine.arena.read("Staking.isActiveAs", address, ROLES[CROOK]):
        return
    if until := machine.arena.read("Staking.jailedUntil", address):
        machine.wait(max(1, until - machine.arena.now))
    if machine.arena.read("Staking.stakeOf", address) < PARAMETERS.min_stake_inference:
        machine.attempt(DEPLOYER, "OPG.transfer", address, FRESH_STAKE)
        machine.attempt(CROOK, "Staking.stake", ROLES[CROOK], FRESH_STAKE)
    machine.attempt(CROOK, "Staking.unjail")


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
    made = machine.voucher(signer, CROOK, cumulative, random.choice((0, FEE, LARGE)))
    return (machine.arena.address(client), *made[1:])


def forced(machine: Machine, node: str, claims: list[Claim], results: list[bytes]) -> None:
    """Add a forced error, where there are such and the lot has won."""
    if not isinstance(machine.duty, ForcedErrorDuty):
        return
    now = machine.arena.now
    task = machine.duty.forced_task(node, now)
    if task is None:
        return
    blank = replace(machine.blank(len(claims), CROOKED_CLIENT), task=task, answered_at=now)
    claim, result = machine.duty.wrong(blank, node, machine.posts)
    claims.append(claim)
    results.append(result)


# ---- steps that anybody can take ----


def some_batch(machine: Machine, random: Random) -> Batch | None:
    """Mostly one that is open."""
    chosen = machine.open if random.randrange(8) else list(machine.books.batches.values())
    return random.choice(chosen) if chosen else None


def prove(machine: Machine, random: Random) -> None:
    """Somebody shows an answer of a node, hoping that it contradicts a claim of its."""
    batch = some_batch(machine, random)
    if batch is None:
        return
    position = random.randrange(len(batch.claims))
    claim = batch.claims[position]
    if batch.node == CROOK:
        told = replace(claim, output_hash=Hash32(digest("another", random.randrange(4))))
        answer = machine.sign_answer(CROOK, told)
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
    machine.attempt_by_name(random.choice(CROOKS), "Settlement.proveEquivocation", values)


def prove_malformed(machine: Machine, random: Random) -> None:
    """Somebody says that a tree is malformed."""
    if batch := some_batch(machine, random):
        at = random.randrange(len(batch.claims))
        position = random.choice((at, at, at + 1, 2**255))
        charges = batch.charges if random.randrange(4) else ()
        machine.attempt(
            random.choice(CROOKS), "Settlement.proveMalformed", batch.id, batch.opening(at), position, charges
        )


NEXT = ("draw", "finalise", "arbitrate", "resolve", "reclaim", "conclude")


def conclude(machine: Machine, random: Random) -> None:
    """Somebody takes the next step of a batch before the honest do, or out of turn."""
    batch = some_batch(machine, random)
    if batch is None:
        return
    court = machine.arena.setting.court or "Settlement"
    known = [name for name in NEXT if name in machine.functions(court)]
    function = random.choice([*known, "voidBatch"])
    target = f"Settlement.{function}" if function == "voidBatch" else f"{court}.{function}"
    fallen = batch.proven
    if function == "resolve" and batch.sitting is not None and batch.is_open:
        _, rejected, voided, _ = machine.arena.read(f"{court}.tally", batch.id)
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
    machine.attempt_by_name(random.choice(CROOKS), target, values)


def vote(machine: Machine, random: Random) -> None:
    """Who is on a panel, or is not, says what it likes."""
    batch = some_batch(machine, random)
    court = machine.arena.setting.court
    if batch is None or batch.sitting is None:
        return
    places = [(seat, who) for seat, who in batch.sitting.seats() if who not in HONEST_FULL]
    seat, who = random.choice(places) if places and random.randrange(4) else (random.randrange(6), CROOKED_FULL)
    said = [random.choice("yn-") for _ in range(batch.count)]
    votes = pack_votes([word == "y" for word in said], [word == "n" for word in said])
    votes = random.choice(
        (votes, batch.wrong, (batch.everything & ~batch.wrong) << 128, batch.wrong << 128, 2**256 - 1)
    )
    values = {"batch": batch.id, "seat": seat, "votes": votes, "salt": SALT, "commitBy": batch.sitting.commit_by}
    values["commitment"] = vote_commitment(batch.id, machine.arena.address(who), votes, SALT)
    machine.attempt_by_name(who, f"{court}.{random.choice(('commit', 'reveal', 'vote'))}", values)


def anything(machine: Machine, random: Random) -> None:
    """Anybody calls any function with anything."""
    contract, function, args = call_of_chance(machine, random)
    who = random.choice(CROOKS)
    machine.attempt(who, f"{contract}.{function}", *args)


# ---- what only some contracts know ----


def challenge(machine: Machine, random: Random) -> None:
    """Somebody challenges right claims and wrong ones, openly and under seal, opens late, and takes others' bonds."""
    batch, who = some_batch(machine, random), random.choice(CROOKS)
    if batch is None:
        return
    claims = random.choice((batch.wrong, batch.everything, random.getrandbits(batch.count), 1, 1 << 127))
    values = {
        "batch": batch.id,
        "claims": claims,
        "salt": SALT,
        "commitment": vote_commitment(batch.id, machine.arena.address(who), claims, SALT),
        "challenger": machine.arena.address(random.choice((*CROOKS, *HONEST_FULL))),
    }
    court = machine.arena.setting.court
    function = random.choice(("challenge", "challenge", "sealChallenge", "openChallenge", "forfeit"))
    if function == "sealChallenge":
        values["claims"] = random.choice((claims.bit_count(), 1, 129))
    machine.attempt_by_name(who, f"{court}.{function}", values)


def show_forced(machine: Machine, random: Random) -> None:
    """The crook shows a forced error, or says that another claim is one."""
    batch = some_batch(machine, random)
    if batch is None or not isinstance(machine.duty, ForcedErrorDuty):
        return
    at = random.choice((random.randrange(len(batch.claims)), len(batch.claims) - 1))
    secrets = [secret for (_, who), secret in machine.duty.forced.items() if who == CROOK]
    secret = machine.duty.forced.get((batch.claims[at].task, CROOK)) or (random.choice(secrets) if secrets else SALT)
    if batch.is_open and random.randrange(2):
        machine.wait(max(1, machine.duty.known_at(batch) + 1 - machine.arena.now))
    receipt = machine.attempt(random.choice(CROOKS), "ForcedError.showForced", batch.id, secret, batch.opening(at))
    if receipt.ok and batch.claims[at].index == at:
        batch.made_wrong &= ~(1 << at)


def accuse(machine: Machine, random: Random) -> None:
    """Somebody accuses a full node of a call that it answered, or that was none, or of its silence."""
    batch = some_batch(machine, random)
    if batch is None or not isinstance(machine.duty, AttentionDuty):
        return
    misplaced = [i for i, claim in enumerate(batch.claims) if claim.index != i]
    at = random.choice(misplaced) if misplaced else random.randrange(len(batch.claims))
    node = random.choice((*HONEST_FULL, CROOKED_FULL))
    if batch.is_open and random.randrange(2):
        machine.wait(max(1, machine.duty.known_at(batch) + 1 - machine.arena.now))
    address = machine.arena.address(node)
    who = random.choice(CROOKS)
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
        machine.attempt(random.choice(CROOKS), "AttentionChallenge.respond", batch.id, batch.posted_at, claims)


def report(machine: Machine, random: Random) -> None:
    """Somebody commits to seeds, reports what it did not check, and has epochs paid."""
    batch, who = some_batch(machine, random), random.choice(CROOKS)
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
    places = [(seat, who) for seat, who in enumerate(batch.members) if who in CROOKS]
    seat, who = random.choice([*places, (random.randrange(6), CROOK)])
    result = random.choice((batch.tree.root, digest("another root"), ZERO_HASH))
    if random.randrange(2):
        commitment = committed(batch, machine.arena.address(who), result)
        machine.attempt(who, "IndexedCommitment.submit", batch.id, seat, batch.submit_by, commitment)
    else:
        machine.attempt(who, "IndexedCommitment.show", batch.id, seat, result, SALT)


def protest(machine: Machine, random: Random) -> None:
    """Somebody says that it could not get a batch's data, or that good evidence is bad."""
    batch, who = some_batch(machine, random), random.choice(CROOKS)
    if batch is None:
        return
    at = random.randrange(len(batch.claims))
    court = machine.arena.setting.court
    evidence = random.choice((batch.results[at], b"", bytes(65), bytes(352)))
    prover = random.choice(("", "SignedEvidence", "TEEEvidence")) if court == "Attested" else ""
    if prover:
        machine.attempt(who, f"{prover}.proveBad", batch.id, batch.opening(at), evidence)
    else:
        machine.attempt(who, f"{court}.protest", batch.id)


def pledge(machine: Machine, random: Random) -> None:
    """Somebody pledges, proves for others, proves twice, or has rejected what is proven."""
    batch = some_batch(machine, random)
    if batch is None or not isinstance(machine.duty, ProvenDuty):
        return
    at, who = random.randrange(len(batch.claims)), random.choice((CROOK, CROOK, SECOND_NAME))
    proof = machine.duty.proof(batch, at)
    calls = [
        ("Proven.pledge", batch.id),
        ("Proven.prove", batch.id, *proof),
        ("Proven.prove", batch.id, *proof[:3], SALT),
        ("Proven.rejectUnproven", batch.id, batch.opening(at)),
    ]
    target, *args = random.choice(calls)
    machine.attempt(who, str(target), *args)


def delegate(machine: Machine, random: Random) -> None:
    """Somebody stands behind a node, leaves it, moves on, and claims rewards for itself and others."""
    who, amount = random.choice(CROOKS), random.choice(AMOUNTS)
    node, other, owner = (machine.arena.address(random.choice((*FULL, *INFERENCE, SECOND_NAME))) for _ in range(3))
    target, *args = random.choice(
        (
            ("Staking.setCapacity", random.choice((0, 10_000 * OPG, LARGE))),
            ("Staking.setCommission", random.choice((0, 5_000, 5_001))),
            ("Staking.delegate", node, amount),
            ("Staking.delegate", node, amount),
            ("Staking.undelegate", node, amount),
            ("Staking.redelegate", node, other, amount),
            ("Staking.release", machine.arena.address(random.choice(CROOKS))),
            ("Rewards.close",),
            ("Rewards.claim", node, owner, random.choice((1, 5, 96))),
            ("Rewards.endow", amount),
        )
    )
    if target == "Staking.release" and random.randrange(3) == 0:
        machine.wait(PARAMETERS.unbonding_s)
    if target == "Staking.setCapacity":
        who = random.choice((CROOK, CROOKED_FULL, who))
    machine.attempt(who, str(target), *args)


COMMON: dict[str, tuple[Move, int]] = {
    "wait": (wait, 12),
    "money": (money, 8),
    "dust": (dust, 1),
    "donate": (donate, 2),
    "post_honestly": (post_honestly, 8),
    "post": (post, 16),
    "prove": (prove, 10),
    "prove_malformed": (prove_malformed, 3),
    "conclude": (conclude, 14),
    "anything": (anything, 16),
}
"""Moves under every setting, and how often each is made beside the others."""

PANELS: dict[str, tuple[Move, int]] = {"vote": (vote, 20)}
DISPUTES: dict[str, tuple[Move, int]] = {**PANELS, "challenge": (challenge, 20)}

ECONOMY: dict[str, tuple[Move, int]] = {"delegate": (delegate, 40)}

OWN: dict[str, dict[str, tuple[Move, int]]] = {
    "Committee": PANELS,
    "Sampling": PANELS,
    "Optimistic": DISPUTES,
    "ForcedError": {**DISPUTES, "show_forced": (show_forced, 16)},
    "AttentionChallenge": {**DISPUTES, "accuse": (accuse, 20), "respond": (respond, 8)},
    "SecretSeed": {**PANELS, "report": (report, 24)},
    "IndexedCommitment": {**PANELS, "submit": (submit, 12)},
    "Attested": {"protest": (protest, 20)},
    "Proven": {"protest": (protest, 8), "pledge": (pledge, 32)},
}
"""Moves that only some verification contracts know."""

MOVES: dict[str, Move] = {name: move for group in (COMMON, ECONOMY, *OWN.values()) for name, (move, _) in group.items()}
"""By name."""


def moves_of(setting: Setting) -> dict[str, int]:
    """Moves under a setting, and how often each is made."""
    moves = {**COMMON, **OWN.get(setting.court, {}), **(ECONOMY if setting.governed else {})}
    return {name: often for name, (_, often) in moves.items()}
