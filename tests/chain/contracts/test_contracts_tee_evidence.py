"""TEEEvidence: what is wrong with the evidence behind a claim can be proven, and what is right cannot.

Every verdict of the contract is held against `nodes.enclave.evidence`, by which full nodes judge off chain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.deploy import ProverSpec, VerifierSpec
from chain.formats.claims import Claim, word
from chain.hashing import keccak
from chain.quantities import OPG, Hash32
from chain.seam import Revert
from nodes.enclave.enclave import Enclave
from nodes.enclave.evidence import Evidence, Fault, Record, Rules, fault, request_hash
from nodes.enclave.vendor import Vendor
from tests.contracts_world import FEE, STAKE, Batch, event, hash_of
from tests.tee_world import GATEWAY, VENDOR, TeeWorld, enclave, pcr_hash

QUOTE_AGE, POSTING_DELAY, NOTICE, WINDOW = 120, 60, 30, 100
PROVER = ProverSpec("TEEEvidence", ("TEERegistry",), ((QUOTE_AGE, POSTING_DELAY, NOTICE, False),))
ATTESTED = VerifierSpec("Attested", ((WINDOW, 5_000),))
RULES = Rules(QUOTE_AGE, POSTING_DELAY, NOTICE, VENDOR.root_pem)
ONE, OTHER = enclave("one"), enclave("other")


@dataclass
class Posted:
    """A batch with evidence."""

    batch: Batch
    evidence: list[bytes]
    document: bytes


@cache
def prepared() -> TeeWorld:
    world = TeeWorld(verifier=ATTESTED, provers=(PROVER,))
    for node, device in (("node", ONE), ("rival", OTHER)):
        world.stake(node)
        world.ok("deployer", "TEERegistry.grantRole", world.role("TEE_OPERATOR"), world.address(node))
        world.register(device, who=node)
    world.deposit("cleo", OPG)
    return world


@pytest.fixture
def world() -> Iterator[TeeWorld]:
    world = prepared()
    point = world.chain.snapshot()
    yield world
    world.chain.revert_to(point)


def evidence_for(claim: Claim, device: Enclave = ONE, document: bytes = b"", **changes: Any) -> bytes:
    """What the enclave says of a claim, with parts replaced."""
    request = request_hash(claim.task, claim.model, claim.input_hash)
    response = device.respond(request, claim.output_hash, changes.pop("at", claim.answered_at))
    said = Evidence(response.tee, response.timestamp, Hash32(keccak(document)), response.signature)
    return replace(said, **changes).pack()


def post(
    world: TeeWorld, tag: str = "", document: bytes | None = None, raw: bytes | None = None, **changes: Any
) -> Posted:
    """Post two claims of the node; the evidence behind the second is `raw`, or has parts replaced."""
    document = ONE.attest(world.now) if document is None else document
    plain = world.claims(["cleo", "cleo"], tag=tag)
    evidence = [evidence_for(plain[0], document=document), evidence_for(plain[1], document=document, **changes)]
    if raw is not None:
        evidence[1] = raw
    claims = [replace(claim, evidence_hash=keccak(said)) for claim, said in zip(plain, evidence, strict=True)]
    return Posted(world.post("node", claims, [world.voucher("cleo", "node", 2 * FEE)]), evidence, document)


def judged(world: TeeWorld, posted: Posted, index: int = 1) -> str:
    """The contract's verdict on a claim, which must be the full nodes'."""
    batch, raw = posted.batch, posted.evidence[index]
    posted_at = world.read("Settlement.batchOf", batch.id)[1]
    node = world.address("node")
    claim = batch.claims[index]
    verdict: bytes = world.read("TEEEvidence.faultOf", node, posted_at, claim.as_tuple(), raw)
    said = Evidence.unpack(raw)
    record = record_of(world, said.tee, said.timestamp) if said else None
    assert verdict.rstrip(b"\0").decode() == (fault(raw, claim, node, posted_at, record, RULES) or "")
    return verdict.rstrip(b"\0").decode()


def record_of(world: TeeWorld, tee: bytes, timestamp: int) -> Record | None:
    owner = world.read("TEERegistry.ownerOf", tee)
    if int(owner, 16) == 0:
        return None
    row = world.read("TEERegistry.getTEE", tee)
    return Record(owner, row[3], row[4], row[5], world.read("TEERegistry.outOfServiceSince", tee, timestamp))


def prove(world: TeeWorld, posted: Posted, index: int = 1) -> Revert | None:
    args = (posted.batch.id, posted.batch.opening(index), posted.evidence[index])
    return world.send("cleo", "TEEEvidence.proveBad", *args).revert


def prove_quote(world: TeeWorld, posted: Posted, document: bytes | None = None, index: int = 1) -> Revert | None:
    args = (posted.batch.id, posted.batch.opening(index), posted.evidence[index], document or posted.document)
    return world.send("cleo", "TEEEvidence.proveBadQuote", *args).revert


def why(revert: Revert | None) -> str:
    return revert.error if revert else ""


# -- evidence ----------------------------------------------------------------------------------------------


def test_good_evidence_cannot_be_proven_bad(world: TeeWorld) -> None:
    posted = post(world)
    for index in (0, 1):
        assert judged(world, posted, index) == ""
        assert why(prove(world, posted, index)) == "EvidenceIsGood"
        assert why(prove_quote(world, posted, index=index)) == "EvidenceIsGood"


def test_what_an_enclave_signs_names_task_model_and_input(world: TeeWorld) -> None:
    claim = post(world).batch.claims[0]
    said = world.read("TEEEvidence.requestHashOf", claim.as_tuple())
    assert said == request_hash(claim.task, claim.model, claim.input_hash)


def test_bad_evidence_costs_the_node_its_claim_and_pays_who_proved_it(world: TeeWorld) -> None:
    posted = post(world, signature=bytes(256))
    args = (posted.batch.id, posted.batch.opening(1), posted.evidence[1])
    receipt = world.ok("cleo", "TEEEvidence.proveBad", *args)
    rejected = event(receipt, "ClaimRejected")
    assert (rejected["index"], rejected["reason"].rstrip(b"\0")) == (1, b"bad_signature")
    assert event(receipt, "Slashed")["amount"] == STAKE // 10
    assert receipt.gas_used < 250_000
    assert why(prove(world, posted)) == "AlreadyRejected"
    ends = (posted.batch.id, posted.batch.openings(1), posted.batch.charges)
    paid = event(world.later(7_200).ok("anyone", "Attested.finalise", *ends), "BountyPaid")
    assert (paid["to"], paid["amount"]) == (world.address("cleo"), STAKE // 10 * 4 // 10)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"raw": b""}, Fault.MALFORMED),
        ({"raw": bytes(351)}, Fault.MALFORMED),
        ({"raw": bytes(353)}, Fault.MALFORMED),
        ({"raw": bytes(352)}, Fault.NOT_ITS_ENCLAVE),
        ({"tee": OTHER}, Fault.NOT_ITS_ENCLAVE),
        ({"device": OTHER}, Fault.NOT_ITS_ENCLAVE),
        ({"device": OTHER, "tee": ONE}, Fault.BAD_SIGNATURE),
        ({"timestamp": 7}, Fault.ANOTHER_TIME),
        ({"timestamp": 2**256 - 1}, Fault.ANOTHER_TIME),
        ({"signature": bytes(256)}, Fault.BAD_SIGNATURE),
    ],
)
def test_each_thing_wrong_with_evidence_has_its_name(world: TeeWorld, changes: dict[str, Any], expected: Fault) -> None:
    posted = post(world, **{name: value.id if name == "tee" else value for name, value in changes.items()})
    assert judged(world, posted, 0) == ""
    assert judged(world, posted) == expected
    assert prove(world, posted) is None
    assert why(prove(world, posted, 0)) == "EvidenceIsGood"


@pytest.mark.parametrize("field", ["task", "model", "input_hash", "output_hash"])
def test_a_signature_is_good_for_one_claim(world: TeeWorld, field: str) -> None:
    plain = world.claims(["cleo"])[0]
    changed = replace(plain, **{field: hash_of("other")})  # type: ignore[arg-type]
    claim = replace(changed, evidence_hash=keccak(evidence_for(plain)))
    posted = Posted(world.post("node", [claim]), [evidence_for(plain)], b"")
    assert judged(world, posted, 0) == Fault.BAD_SIGNATURE
    assert prove(world, posted, 0) is None


def test_a_claim_without_evidence_is_proven_bad_with_nothing(world: TeeWorld) -> None:
    claim = world.claims(["cleo"])[0]
    posted = Posted(world.post("node", [claim]), [b"anything"], b"")
    assert judged(world, posted, 0) == Fault.NONE_GIVEN
    assert prove(world, posted, 0) is None


def test_evidence_must_be_what_the_claim_committed_to(world: TeeWorld) -> None:
    posted = post(world)
    posted.evidence[1] = bytes(352)
    assert why(prove(world, posted)) == "WrongEvidence"
    assert why(prove_quote(world, posted)) == "WrongEvidence"


def test_a_claim_must_be_of_the_batch_and_the_batch_open(world: TeeWorld) -> None:
    posted, other = post(world, "a", signature=bytes(256)), post(world, "b")
    args = (other.batch.id, posted.batch.opening(1), posted.evidence[1])
    assert world.fails("cleo", "TEEEvidence.proveBad", *args).error == "InvalidProof"
    world.later(WINDOW + 1).ok("any", "Attested.finalise", posted.batch.id, [], [])
    assert why(prove(world, posted)) == "BatchNotOpen"


def test_an_answer_must_be_posted_soon_and_not_before_it_was_given(world: TeeWorld) -> None:
    for after, expected in ((POSTING_DELAY, ""), (POSTING_DELAY + 1, Fault.POSTED_LATE), (-1, Fault.POSTED_LATE)):
        plain = replace(world.claims(["cleo"], tag=str(after))[0], answered_at=world.now)
        claim = replace(plain, evidence_hash=keccak(evidence_for(plain)))
        if after > 0:
            world.later(after)
        else:
            claim = replace(plain, answered_at=world.now + 2)
            claim = replace(claim, evidence_hash=keccak(evidence_for(claim)))
        batch = world.post("node", [claim])
        posted = Posted(batch, [evidence_for(replace(claim, evidence_hash=bytes(32)))], b"")
        assert judged(world, posted, 0) == expected


def test_an_enclave_out_of_service_is_believed_in_what_it_said_before(world: TeeWorld) -> None:
    before = post(world, "before")
    world.ok("deployer", "TEERegistry.revokePCR", pcr_hash(world, "v1"), GATEWAY)
    revoked = world.now
    world.at(revoked + NOTICE - 1).tick()
    meanwhile = post(world, "meanwhile")
    after = post(world, "after")
    assert [claim.answered_at - revoked for claim in (meanwhile.batch.claims[0], after.batch.claims[0])] == [29, 30]
    assert judged(world, before) == judged(world, meanwhile) == ""
    assert judged(world, after) == Fault.OUT_OF_SERVICE
    assert prove(world, after) is None
    assert why(prove(world, before)) == "EvidenceIsGood"


def test_an_operator_that_puts_its_enclave_back_into_service_has_still_been_out_of_it(world: TeeWorld) -> None:
    world.ok("node", "TEERegistry.disableTEE", enclave("one").id)
    world.later(NOTICE).tick()
    out = post(world, "out")
    for _ in range(2):
        world.ok("node", "TEERegistry.enableTEE", enclave("one").id)
        back = post(world, f"back {world.now}")
        world.ok("node", "TEERegistry.disableTEE", enclave("one").id)
    world.ok("node", "TEERegistry.enableTEE", enclave("one").id)
    assert judged(world, out) == Fault.OUT_OF_SERVICE
    assert judged(world, back) == ""
    assert prove(world, out) is None


@given(st.integers(0, 351), st.integers(1, 255))
def test_contract_and_full_nodes_judge_any_changed_byte_alike(place: int, change: int) -> None:
    world = prepared()
    point = world.chain.snapshot()
    try:
        raw = bytearray(evidence_for(world.claims(["cleo", "cleo"])[1]))
        raw[place] ^= change
        judged(world, post(world, raw=bytes(raw)))
    finally:
        world.chain.revert_to(point)


# -- attestation documents ---------------------------------------------------------------------------------


WRONG_DOCUMENTS: dict[str, Callable[[int], bytes]] = {
    "forged": lambda now: replace(ONE, vendor=Vendor(b"stranger")).attest(now),
    "of another enclave": lambda now: OTHER.attest(now),
    "of another image": lambda now: replace(ONE, pcrs=enclave("one", "v2").pcrs).attest(now),
    "old": lambda now: ONE.attest(now - 301),
    "none": lambda _: b"no document",
}


@pytest.mark.parametrize("wrong", WRONG_DOCUMENTS)
def test_a_bad_document_is_proven_bad(world: TeeWorld, wrong: str) -> None:
    posted = post(world, document=WRONG_DOCUMENTS[wrong](world.now))
    assert judged(world, posted) == ""
    args = (posted.batch.id, posted.batch.opening(1), posted.evidence[1], posted.document)
    receipt = world.ok("cleo", "TEEEvidence.proveBadQuote", *args)
    assert event(receipt, "ClaimRejected")["reason"].rstrip(b"\0") == b"bad_quote"
    assert receipt.gas_used < 1_000_000


def test_a_document_must_be_the_one_committed_to(world: TeeWorld) -> None:
    posted = post(world)
    assert why(prove_quote(world, posted, b"another")) == "WrongDocument"
    malformed = post(world, "m", raw=bytes(10))
    assert why(prove_quote(world, malformed)) == "WrongDocument"


def test_a_good_document_never_grows_bad_while_it_can_be_proven_so(world: TeeWorld) -> None:
    """As old as it may be when used, and held against its claim at the last moment."""
    answered = world.now
    posted = post(world, document=ONE.attest(answered - QUOTE_AGE))
    last = answered + 300 - QUOTE_AGE
    world.at(last)
    assert why(prove_quote(world, posted)) == "EvidenceIsGood"
    assert why(prove_quote(world, posted)) == "TooLate"


def test_a_root_replaced_meanwhile_makes_no_document_bad(world: TeeWorld) -> None:
    posted = post(world)
    world.ok("deployer", "TEERegistry.setAWSRootCertificate", Vendor(b"stranger").root_pem)
    assert why(prove_quote(world, posted)) == "RootReplaced"


# -- parameters --------------------------------------------------------------------------------------------


def test_periods_leave_time_to_prove_a_document_bad() -> None:
    world = prepared()
    chain, deployer = world.chain, world.address("deployer")
    known = [chain.address_of(name) for name in ("Settlement", "TEERegistry")]
    chain.deploy("TEEEvidence", [*known, (200, 99, 0, False)], deployer, name="Tight")
    with pytest.raises(Exception, match="InvalidParameters"):
        chain.deploy("TEEEvidence", [*known, (200, 100, 0, False)], deployer, name="None")


def test_only_contracts_with_the_role_reject_claims(world: TeeWorld) -> None:
    posted = post(world)
    args = (posted.batch.id, posted.batch.opening(1), world.address("cleo"), b"because".ljust(32, b"\0"))
    for who in ("cleo", "deployer", "node"):
        assert world.fails(who, "Settlement.reject", *args).error == "AccessControlUnauthorizedAccount"


def test_evidence_is_packed_as_the_contract_reads_it() -> None:
    said = Evidence(Hash32(bytes(32)), 7, Hash32(b"\1" * 32), b"\2" * 256)
    assert said.pack() == bytes(32) + word(7) + b"\1" * 32 + b"\2" * 256
    assert Evidence.unpack(said.pack()) == said
    assert Evidence.unpack(said.pack()[1:]) is None
