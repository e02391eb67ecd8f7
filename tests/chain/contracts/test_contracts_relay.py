"""InferenceSettlementRelay: who records, what it verifies and what it does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chain.formats.standard_tree import Inference, hashes_of
from chain.quantities import Address
from nodes.enclave.signing import SignedResponse
from tests.contracts_world import event
from tests.tee_world import TeeWorld, enclave, fresh_world

ROOT = b"\x07" * 32
ONE = enclave("one")


@pytest.fixture
def world() -> Iterator[TeeWorld]:
    with fresh_world() as found:
        found.chain.deploy(
            "InferenceSettlementRelay", [found.chain.address_of("TEEInferenceVerifier")], found.address("deployer")
        )
        role = found.read("InferenceSettlementRelay.SETTLEMENT_RELAY_ROLE")
        found.ok("deployer", "InferenceSettlementRelay.grantRole", role, found.address("relayer"))
        found.register(ONE)
        yield found


def single(world: TeeWorld, signed: SignedResponse, **changes: Any) -> tuple[Any, ...]:
    honest = {
        "tee": signed.tee,
        "input": signed.input_hash,
        "output": signed.output_hash,
        "timestamp": signed.timestamp,
        "payer": Address("0x" + "11" * 20),
        "blob": b"blob",
        "signature": signed.signature,
    }
    return tuple({**honest, **changes}.values())


def test_the_relayer_records_any_root_as_often_as_it_likes(world: TeeWorld) -> None:
    """Nothing is verified, and nothing kept: as OpenGradient's."""
    for _ in range(2):
        receipt = world.ok("relayer", "InferenceSettlementRelay.batchSettle", ROOT, 5, b"blob")
        assert event(receipt, "BatchSettlement") == {"merkleRoot": ROOT, "batchSize": 5, "walrusBlobId": b"blob"}


@pytest.mark.parametrize("function", ["batchSettle", "settleIndividual"])
def test_nobody_else_records_anything(world: TeeWorld, function: str) -> None:
    signed = ONE.respond(b"i" * 32, b"o" * 32, world.now)
    args = (ROOT, 5, b"blob") if function == "batchSettle" else single(world, signed)
    failure = world.fails("stranger", f"InferenceSettlementRelay.{function}", *args)
    assert failure.error == "AccessControlUnauthorizedAccount"


def test_a_single_inference_is_recorded_if_an_enclave_in_service_signed_it(world: TeeWorld) -> None:
    signed = ONE.respond(b"i" * 32, b"o" * 32, world.now)
    receipt = world.ok("relayer", "InferenceSettlementRelay.settleIndividual", *single(world, signed))
    logged = event(receipt, "IndividualSettlement")
    assert (logged["teeId"], logged["inputHash"], logged["signature"]) == (ONE.id, b"i" * 32, signed.signature)


@pytest.mark.parametrize(
    "change", [{"input": b"x" * 32}, {"output": b"x" * 32}, {"tee": b"x" * 32}, {"signature": b""}]
)
def test_a_single_inference_that_nobody_signed_is_refused(world: TeeWorld, change: dict[str, bytes]) -> None:
    signed = ONE.respond(b"i" * 32, b"o" * 32, world.now)
    failure = world.fails("relayer", "InferenceSettlementRelay.settleIndividual", *single(world, signed, **change))
    assert (failure.error, failure.args["reason"]) == ("Error", "Invalid signature")


@pytest.mark.parametrize("count", [1, 2, 5])
def test_leaves_are_proven_under_roots_that_are_made_here(world: TeeWorld, count: int) -> None:
    inferences = [Inference(bytes([n]) * 32, b"i" * 32, b"o" * 32, b"s", n) for n in range(count)]
    tree = hashes_of(inferences)
    for one in inferences:
        at, proof = tree.index(one.leaf), []
        while at:
            proof.append(tree[at + 1 if at % 2 else at - 1])
            at = (at - 1) // 2
        assert world.read("InferenceSettlementRelay.verifyProof", proof, tree[0], one.leaf)
        assert not world.read("InferenceSettlementRelay.verifyProof", proof, ROOT, one.leaf)
