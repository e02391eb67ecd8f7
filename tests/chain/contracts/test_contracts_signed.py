"""SignedEvidence: a claim that owes its node's signature falls without one, and cannot fall with one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from chain.deploy import ProverSpec, VerifierSpec
from chain.formats.claims import Claim, task_name
from chain.formats.modes import Mode, marked
from chain.formats.signing import answer_digest
from chain.hashing import keccak
from chain.quantities import OPG
from simnet.strategies.evidence.signature import fault
from tests.contracts_world import FEE, PARAMETERS, STAKE, Batch, World, event, hash_of, reason

PROVER = ProverSpec("SignedEvidence")


@cache
def prepared() -> World:
    world = World(verifier=VerifierSpec("Attested", ((100, 5_000),)), provers=(PROVER,))
    world.stake("node")
    world.deposit("cleo", OPG)
    return world


@pytest.fixture
def world() -> Iterator[World]:
    world = prepared()
    point = world.chain.snapshot()
    yield world
    world.chain.revert_to(point)


def signed(world: World, claim: Claim, signer: str = "node") -> bytes:
    digest = answer_digest(world.domain, claim.task, claim.model, claim.input_hash, claim.output_hash)
    return world.key(signer).sign(digest)


def post(world: World, evidence: bytes | None, mode: Mode = Mode.VANILLA) -> Batch:
    """Post one claim, with this evidence or with none."""
    [claim] = world.claims(["cleo"])
    task = bytes.fromhex(marked(task_name(claim.task), mode)[2:])
    claim = replace(claim, task=task, evidence_hash=keccak(evidence) if evidence else bytes(32))
    return world.post("node", [claim], [world.voucher("cleo", "node", FEE)])


def asked(world: World) -> Claim:
    [claim] = world.claims(["cleo"])
    return replace(claim, task=bytes.fromhex(marked(task_name(claim.task), Mode.VANILLA)[2:]))


def test_a_claim_under_its_nodes_signature_stands(world: World) -> None:
    evidence = signed(world, asked(world))
    batch = post(world, evidence)
    assert (
        world.fails("cleo", "SignedEvidence.proveBad", batch.id, batch.opening(0), evidence).error == "EvidenceIsGood"
    )


@pytest.mark.parametrize("wrong", ["another signer", "another answer", "no signature"])
def test_a_claim_under_any_other_falls_and_costs_stake(world: World, wrong: str) -> None:
    claim = asked(world)
    evidence = {
        "another signer": signed(world, claim, "cleo"),
        "another answer": signed(world, replace(claim, output_hash=hash_of("other"))),
        "no signature": b"\x01" * 65,
    }[wrong]
    batch = post(world, evidence)
    receipt = world.ok("cleo", "SignedEvidence.proveBad", batch.id, batch.opening(0), evidence)
    assert event(receipt, "ClaimRejected")["reason"].rstrip(b"\0") == b"bad_signature"
    assert event(receipt, "Slashed")["amount"] == STAKE * PARAMETERS.slash_share_bps // 10_000
    assert fault(evidence, batch.claims[0], world.address("node"), world.domain) == "bad_signature"


def test_so_does_one_without_a_signature(world: World) -> None:
    batch = post(world, None)
    receipt = world.ok("cleo", "SignedEvidence.proveBad", batch.id, batch.opening(0), b"")
    assert event(receipt, "ClaimRejected")["reason"].rstrip(b"\0") == b"no_evidence"


def test_who_shows_something_else_than_the_claims_evidence_proves_nothing(world: World) -> None:
    batch = post(world, signed(world, asked(world)))
    receipt = world.send("cleo", "SignedEvidence.proveBad", batch.id, batch.opening(0), b"\x01" * 65)
    assert reason(receipt) == "WrongEvidence"


def test_a_task_that_asks_for_no_mode_that_there_is_owes_a_signature(world: World) -> None:
    [claim] = world.claims(["cleo"])
    batch = world.post("node", [replace(claim, task=claim.task[:31] + b"\xff")])
    receipt = world.ok("cleo", "SignedEvidence.proveBad", batch.id, batch.opening(0), b"")
    assert event(receipt, "ClaimRejected")["reason"].rstrip(b"\0") == b"no_evidence"


@pytest.mark.parametrize("mode", [Mode.TEE, Mode.ZKML])
def test_claims_of_other_modes_owe_none(world: World, mode: Mode) -> None:
    batch = post(world, None, mode)
    assert world.fails("cleo", "SignedEvidence.proveBad", batch.id, batch.opening(0), b"").error == "EvidenceIsGood"


def test_verifying_a_signature_on_chain_takes_little_gas(world: World) -> None:
    """The transaction and its calldata included."""
    evidence = signed(world, asked(world))
    claim = asked(world)
    claim = replace(claim, evidence_hash=keccak(evidence))
    receipt = world.send("cleo", "SignedEvidence.faultOf", world.address("node"), claim.as_tuple(), evidence)
    assert receipt.ok
    assert 30_000 < receipt.gas_used < 40_000
