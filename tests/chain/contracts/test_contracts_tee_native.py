"""Stand-ins for what a chain runs natively, on every backend: the contract at 0x900 answers what the checks came to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chain.errors import CallReverted
from chain.quantities import Address, Gas, Timestamp
from chain.seam import Block, Call, Chain
from nodes.enclave import native, nitro
from nodes.enclave.attestation import pcr_hash
from nodes.enclave.enclave import Enclave
from nodes.enclave.nitro import open_envelope, read
from nodes.enclave.vendor import Vendor

ALICE = Address("0x" + "a1" * 20)
VENDOR, STRANGER = Vendor(b"vendor"), Vendor(b"stranger")
ENCLAVE = Enclave(VENDOR, "i-1", nitro.measurement("v1"), b"enclave", 1_750_000_000)
GAS = Gas(2_000_000)


@pytest.fixture
def chain(any_chain: Chain) -> Chain:
    """Any chain, with the verifier."""
    any_chain.fund(ALICE)
    native.install(any_chain, b"", VENDOR.root_pem)
    return any_chain


def asking(document: bytes, root: bytes = VENDOR.root_pem, gas: int = GAS) -> Call:
    args = (document, ENCLAVE.key.spki, ENCLAVE.tls.der, root)
    return Call(ALICE, "TEENative", "verifyAttestation", args, Gas(gas))


def mine(chain: Chain, *calls: Call, after_s: int = 1) -> Block:
    return chain.mine(calls, Timestamp(chain.head[1] + after_s))


def answer(chain: Chain, document: bytes, root: bytes = VENDOR.root_pem) -> tuple[bool, bytes]:
    """What the contract answers at the head, once a block has asked."""
    valid, found = chain.read("TEENative", "verifyAttestation", document, ENCLAVE.key.spki, ENCLAVE.tls.der, root)
    return valid, found


def test_the_stand_in_is_where_the_verifier_is_on_opengradient(chain: Chain) -> None:
    assert chain.address_of("TEENative") == "0x0000000000000000000000000000000000000900"


def test_a_good_document_is_accepted_with_its_measurement(chain: Chain) -> None:
    document = ENCLAVE.attest(chain.head[1])
    assert mine(chain, asking(document)).receipts[0].ok
    assert answer(chain, document) == (True, pcr_hash(read(open_envelope(document).payload)))


def test_a_bad_document_is_refused_without_a_revert(chain: Chain) -> None:
    forged = replace(ENCLAVE, vendor=STRANGER).attest(chain.head[1])
    assert mine(chain, asking(forged)).receipts[0].ok
    assert answer(chain, forged) == (False, bytes(32))


def test_the_root_decides_whose_documents_are_good(chain: Chain) -> None:
    document = ENCLAVE.attest(chain.head[1])
    mine(chain, asking(document, b""))
    assert answer(chain, document, b"") == (False, bytes(32))


def test_a_question_that_was_not_foreseen_reverts(chain: Chain) -> None:
    document = ENCLAVE.attest(chain.head[1])
    assert str(mine(chain, asking(document, STRANGER.root_pem)).receipts[0].revert).startswith("NotAnswered")
    with pytest.raises(CallReverted, match="NotAnswered"):
        answer(chain, b"never seen")


def test_an_answer_is_for_one_moment(chain: Chain) -> None:
    document = ENCLAVE.attest(chain.head[1])
    mine(chain, asking(document))
    mine(chain)
    with pytest.raises(CallReverted, match="NotAnswered"):
        answer(chain, document)
    mine(chain, asking(document), after_s=400)
    assert answer(chain, document) == (False, bytes(32))


def test_checking_costs_what_it_costs_on_opengradient(chain: Chain) -> None:
    document = ENCLAVE.attest(chain.head[1])
    enough, short = mine(chain, asking(document), asking(document, gas=500_000)).receipts
    intrinsic = enough.gas_used - 500_000
    assert 60_000 < intrinsic < 120_000  # calldata of some 5 kB
    assert str(short.revert) == "OutOfGas()"


def test_a_reorg_takes_answers_along_and_the_block_mined_anew_gets_its_own(chain: Chain) -> None:
    document = ENCLAVE.attest(chain.head[1])
    first = mine(chain, asking(document))
    chain.reorg(1)
    again = mine(chain, asking(document))
    assert again.receipts[0].gas_used == first.receipts[0].gas_used
    assert answer(chain, document)[0]
    point = chain.snapshot()
    mine(chain, asking(document))
    chain.revert_to(point)
    assert mine(chain, asking(document)).receipts[0].ok
    assert answer(chain, document)[0]


def test_etching_is_never_undone_by_a_reorg(chain: Chain) -> None:
    with pytest.raises(ValueError, match="cannot replace"):
        chain.reorg(1)
    mine(chain)
    chain.reorg(1)
    assert chain.read("TEENative", "ATTESTATION_GAS") == 500_000


def test_signatures_are_verified_for_real(chain: Chain) -> None:
    message = bytes(range(32))
    signature = ENCLAVE.key.sign(message)
    assert chain.read("TEENative", "verifyRSAPSS", ENCLAVE.key.spki, message, signature)
    assert not chain.read("TEENative", "verifyRSAPSS", ENCLAVE.key.spki, bytes(32), signature)
