"""Proven and ZKMLEvidence: what a proof is held against, and what becomes of claims that get none."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.formats.modes import Mode
from nodes.models.tensors import encode, tensor_hash
from tests.contracts_world import FEE, PARAMETERS, STAKE, event, hash_of, reason
from tests.proven_world import (
    NOTICE,
    OTHER,
    OUTPUTS,
    PERIOD,
    VALUE,
    WINDOW,
    ProvenWorld,
    floats,
    proof_of,
)


@cache
def prepared(by_mode: bool = True) -> ProvenWorld:
    return ProvenWorld(by_mode)


@pytest.fixture
def world() -> Iterator[ProvenWorld]:
    world = prepared()
    point = world.chain.snapshot()
    yield world
    world.chain.revert_to(point)


# -- what a proof is held against ----------------------------------------------------------------------------


def test_a_proof_of_what_was_claimed_is_taken(world: ProvenWorld) -> None:
    posted = world.posted()
    assert posted.prove() == ""
    assert world.read("Proven.unproven", posted.batch.id) == 0


def test_a_proof_for_another_model_is_refused(world: ProvenWorld) -> None:
    assert world.posted().prove(proof=proof_of(VALUE, OUTPUTS, OTHER)) == "InvalidProof"
    assert world.posted(model=OTHER).prove() == "InvalidProof"
    assert world.posted(model=OTHER).prove(proof=proof_of(VALUE, OUTPUTS, OTHER)) == ""


def test_a_model_without_a_circuit_cannot_be_proven(world: ProvenWorld) -> None:
    assert world.posted(model=hash_of("unheard of")).prove() == "NoCircuit"


def test_a_proof_of_another_input_is_refused(world: ProvenWorld) -> None:
    other = VALUE + np.float32(1)
    assert world.posted().prove(proof=proof_of(other, OUTPUTS)) == "InvalidProof"
    assert world.posted().prove(input=encode(other), proof=proof_of(other, OUTPUTS)) == "WrongInput"


def test_a_proof_of_another_output_is_refused(world: ProvenWorld) -> None:
    other = (OUTPUTS[0] + 1, OUTPUTS[1])
    assert world.posted().prove(proof=proof_of(VALUE, other)) == "InvalidProof"
    assert world.posted().prove(outputs=other, proof=proof_of(VALUE, other)) == "WrongOutput"
    assert world.posted().prove(outputs=OUTPUTS[:1]) == "WrongOutput"


def test_an_output_is_the_circuits_and_no_float_beside_it(world: ProvenWorld) -> None:
    beside = np.nextafter(floats(OUTPUTS), np.float32(9))
    assert world.posted(output_hash=tensor_hash(beside)).prove() == "WrongOutput"


def test_an_input_of_another_shape_is_refused_even_if_its_hash_is_the_claims(world: ProvenWorld) -> None:
    flat = VALUE.reshape(1, 3)
    assert world.posted(input_hash=tensor_hash(flat)).prove(input=encode(flat)) == "WrongInput"


def test_a_proof_is_good_for_one_task(world: ProvenWorld) -> None:
    posted = world.posted(2)
    once = proof_of(VALUE, OUTPUTS)
    assert posted.prove(0, proof=once) == ""
    assert posted.prove(1, proof=once) == "ProofUsed"
    assert world.posted().prove(0, proof=once) == "ProofUsed"
    assert posted.prove(0, proof=proof_of(VALUE, OUTPUTS, number=9)) == "AlreadyProven"


def test_a_proof_that_was_refused_is_not_used_up(world: ProvenWorld) -> None:
    posted, proof = world.posted(), proof_of(VALUE, OUTPUTS)
    assert posted.prove(outputs=(0, 0), proof=proof) == "WrongOutput"
    assert posted.prove(proof=proof) == ""


def test_only_its_node_proves_a_claim_and_only_of_its_batch(world: ProvenWorld) -> None:
    posted, other = world.posted(), world.posted(2)
    assert posted.prove(who="rival") == "NotItsNode"
    args = (posted.batch.id, other.batch.opening(1), encode(VALUE), OUTPUTS, proof_of(VALUE, OUTPUTS))
    assert world.fails("node", "Proven.prove", *args).error == "InvalidOpening"


numbers = st.floats(-8, 8, width=32) | st.sampled_from([0.0, -0.0, 2.0**-14, -(2.0**-14), 3 * 2.0**-14, 2.0**-127])
outputs = st.integers(-(2**60), 2**60) | st.integers(-(2**25), 2**25)


@given(st.lists(numbers, min_size=3, max_size=3), st.tuples(outputs, outputs))
def test_floats_and_fixed_point_are_the_same_on_chain_as_off_it(value: list[float], results: tuple[int, int]) -> None:
    world = prepared()
    point = world.chain.snapshot()
    tensor = np.array(value, dtype=np.float32)
    posted = world.posted(input_hash=tensor_hash(tensor), output_hash=tensor_hash(floats(results)))
    proof = proof_of(tensor, results)
    assert posted.prove(input=encode(tensor), outputs=results, proof=proof) == ""
    world.chain.revert_to(point)


@pytest.mark.parametrize("bits", [np.inf, -np.inf, np.nan])
def test_what_is_no_number_cannot_be_proven(world: ProvenWorld, bits: float) -> None:
    tensor = np.array([bits, 0, 0], dtype=np.float32)
    assert world.posted(input_hash=tensor_hash(tensor)).prove(input=encode(tensor)) == "NotANumber"


# -- when a batch is final -----------------------------------------------------------------------------------


def test_a_pledged_batch_is_final_when_all_of_it_is_proven_and_clients_had_time_to_object(world: ProvenWorld) -> None:
    posted = world.posted(2)
    posted_at = world.read("Settlement.batchOf", posted.batch.id)[1]
    assert posted.prove(0) == posted.prove(1) == ""
    world.at(posted_at + NOTICE)
    assert reason(posted.finalise()) == "TooEarly"
    world.at(posted_at + NOTICE + 1)
    assert event(posted.finalise(), "BatchFinal")["accepted"] == 2


def test_it_is_never_final_while_a_claim_is_unproven(world: ProvenWorld) -> None:
    posted = world.posted(2)
    assert posted.prove(0) == ""
    for later in (NOTICE + 1, WINDOW + 1, PERIOD + 1):
        world.later(later).tick()
        assert reason(posted.finalise()) == "Unproven"


def test_what_is_unproven_in_the_end_is_rejected_slashed_and_refunded(world: ProvenWorld) -> None:
    posted = world.posted(2)
    posted_at = world.read("Settlement.batchOf", posted.batch.id)[1]
    assert posted.prove(0) == ""
    world.at(posted_at + PERIOD)
    assert posted.reject(1) == "TooEarly"
    world.at(posted_at + PERIOD + 1).tick()
    assert posted.reject(0) == "AlreadyProven"
    assert posted.prove(1) == "TooLate"
    receipt = world.ok("ann", "Proven.rejectUnproven", posted.batch.id, posted.batch.opening(1))
    assert event(receipt, "ClaimRejected")["reason"].rstrip(b"\0") == b"unproven"
    assert event(receipt, "Slashed")["amount"] == STAKE * PARAMETERS.slash_share_bps // 10_000
    final = event(posted.finalise(1), "BatchFinal")
    assert (final["accepted"], final["rejected"], final["refunded"]) == (1, 1, FEE)


def test_who_does_not_pledge_in_time_cannot_prove_and_loses_the_claim(world: ProvenWorld) -> None:
    posted = world.posted(pledged=False)
    assert posted.prove() == "NotPledged"
    world.later(NOTICE + 1).tick()
    assert posted.pledge() == "TooLate"
    assert posted.reject() == ""


def test_claims_of_other_modes_owe_no_proof_unless_their_batch_was_pledged(world: ProvenWorld) -> None:
    plain, pledged = (world.posted(mode=Mode.TEE, pledged=pledged) for pledged in (False, True))
    world.later(PERIOD + 1).tick()
    assert plain.reject() == "OwesNoProof"
    assert pledged.reject() == ""
    assert event(plain.finalise(), "BatchFinal")["accepted"] == 1


def test_where_modes_play_no_part_every_claim_owes_one() -> None:
    world = prepared(by_mode=False)
    posted = world.posted(mode=Mode.VANILLA, pledged=False)
    world.later(NOTICE + 1).tick()
    assert posted.reject() == ""


def test_nobody_pledges_for_somebody_else(world: ProvenWorld) -> None:
    assert world.posted(pledged=False).pledge(who="rival") == "NotItsNode"


def test_an_unproven_batch_of_which_most_full_nodes_got_no_data_is_void(world: ProvenWorld) -> None:
    posted = world.posted()
    for name in ("ann", "bob"):
        world.ok(name, "Proven.protest", posted.batch.id)
    assert reason(posted.finalise()) in ("TooEarly", "Unproven")
    world.later(PERIOD + 1).tick()
    assert event(posted.finalise(), "BatchFinal")["voided"] == 1


def test_a_proven_one_is_final_whatever_they_say(world: ProvenWorld) -> None:
    posted = world.posted()
    for name in ("ann", "bob"):
        world.ok(name, "Proven.protest", posted.batch.id)
    assert posted.prove() == ""
    world.later(NOTICE + 1).tick()
    assert event(posted.finalise(), "BatchFinal")["accepted"] == 1
