"""Proofs of inference: good ones are accepted off chain and on it, all others by neither."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.backends.revm import RevmChain
from chain.errors import SimnetError
from chain.quantities import Address, Gas, Timestamp
from chain.seam import Call
from nodes.models.tensors import InputRefused
from nodes.models.zoo import default_zoo
from nodes.proofs.circuits import proofs
from nodes.proofs.circuits.field import MODULUS, dequantise
from nodes.proofs.circuits.pinned import circuit
from nodes.proofs.circuits.pool import ProofFailed
from nodes.proofs.circuits.proofs import Proof, Prover, compute, verify

pytest.importorskip("ezkl")

CIRCUIT = circuit("diabetes_risk")
INPUTS = default_zoo().inputs("diabetes_risk")[0]
SENDER = Address("0x" + "a1" * 20)
GAS = Gas(2_000_000)


@pytest.fixture(scope="module")
def prover(zkml_cache: Path) -> Iterator[Prover]:
    with Prover() as prover:
        yield prover


@pytest.fixture(scope="module")
def good(prover: Prover) -> Proof:
    return prover.prove(CIRCUIT, INPUTS[0])


@pytest.fixture(scope="module")
def chain() -> Iterator[RevmChain]:
    pytest.importorskip("pyrevm")
    chain = RevmChain()
    chain.fund(SENDER)
    chain.deploy(CIRCUIT.verifier, [], SENDER)
    yield chain
    chain.close()


def accepted(chain: RevmChain, proof: Proof) -> bool:
    """What off-chain verification and the contract agree on."""
    call = Call(SENDER, CIRCUIT.verifier, "verifyProof", (proof.proof, list(proof.instances)), GAS)
    on_chain = chain.mine([call], Timestamp(chain.head[1] + 1)).receipts[0].ok
    assert verify(CIRCUIT, proof.proof, proof.instances) is on_chain
    return on_chain


def with_instance(proof: Proof, index: int, value: int) -> Proof:
    instances = list(proof.instances)
    instances[index] = value
    return dataclasses.replace(proof, instances=tuple(instances))


def test_a_good_proof_is_accepted_and_says_what_it_proves(good: Proof, chain: RevmChain) -> None:
    assert accepted(chain, good)
    assert good.instances[: CIRCUIT.inputs] == CIRCUIT.input_instances(INPUTS[0])
    assert np.array_equal(good.output, dequantise(good.instances[CIRCUIT.inputs :], CIRCUIT.output_scale))
    assert len(good.proof) == CIRCUIT.proof_bytes
    assert good.output.shape == CIRCUIT.output_shape
    assert compute(CIRCUIT, INPUTS[0]) == good.instances[CIRCUIT.inputs :]


@pytest.mark.parametrize("index", [0, CIRCUIT.inputs - 1, CIRCUIT.inputs, CIRCUIT.inputs + CIRCUIT.outputs - 1])
@pytest.mark.parametrize("step", [-1, 1])
def test_an_input_or_output_one_step_away_is_refused(good: Proof, chain: RevmChain, index: int, step: int) -> None:
    assert not accepted(chain, with_instance(good, index, (good.instances[index] + step) % MODULUS))


def test_another_name_of_the_same_element_is_refused(good: Proof, chain: RevmChain) -> None:
    assert not accepted(chain, with_instance(good, 0, good.instances[0] + MODULUS))


@given(st.data())
@settings(max_examples=25)
def test_a_proof_with_any_byte_changed_is_refused(good: Proof, chain: RevmChain, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(good.proof) - 1))
    change = data.draw(st.integers(1, 255))
    changed = bytearray(good.proof)
    changed[place] ^= change
    assert not accepted(chain, dataclasses.replace(good, proof=bytes(changed)))


@pytest.mark.parametrize("change", [lambda p: b"", lambda p: p[:-32], lambda p: p + bytes(32), lambda p: bytes(len(p))])
def test_a_proof_of_another_length_or_of_zeros_is_refused(good: Proof, chain: RevmChain, change: object) -> None:
    assert callable(change)
    assert not accepted(chain, dataclasses.replace(good, proof=change(good.proof)))


def test_instances_dropped_or_added_are_refused(good: Proof, chain: RevmChain) -> None:
    assert not accepted(chain, dataclasses.replace(good, instances=good.instances[:-1]))
    assert not accepted(chain, dataclasses.replace(good, instances=(*good.instances, 0)))


@pytest.mark.long
def test_a_forged_witness_gives_a_proof_that_is_refused(good: Proof, prover: Prover, chain: RevmChain) -> None:
    claimed = tuple(reversed(good.instances[CIRCUIT.inputs :]))
    forged = prover.prove(CIRCUIT, INPUTS[0], claimed=claimed)
    assert forged.instances[CIRCUIT.inputs :] == claimed
    assert not accepted(chain, forged)


def test_a_proof_of_another_model_is_refused(prover: Prover, chain: RevmChain) -> None:
    small = circuit("diabetes_risk-small")
    other = prover.prove(small, INPUTS[0])
    assert verify(small, other.proof, other.instances), "by its own key it is good"
    assert not accepted(chain, other)


@pytest.mark.long
def test_proofs_of_one_statement_differ_unless_they_are_kept(good: Proof, prover: Prover, chain: RevmChain) -> None:
    assert prover.prove(CIRCUIT, INPUTS[0]) == good
    with Prover(fresh=True) as other:
        anew = other.prove(CIRCUIT, INPUTS[0])
    assert anew.proof != good.proof
    assert anew.instances == good.instances
    assert accepted(chain, anew)


@pytest.mark.long
def test_a_damaged_proof_in_the_cache_is_made_anew(good: Proof, prover: Prover) -> None:
    path = proofs._path(CIRCUIT, proofs._statement(CIRCUIT, INPUTS[0], (), 0))
    kept = path.read_bytes()
    for damaged in (kept[:-10], kept.replace(b'"0x', b'"0y', 1)):
        path.write_bytes(damaged)
        assert verify(CIRCUIT, (anew := prover.prove(CIRCUIT, INPUTS[0])).proof, anew.instances)
    assert json.loads(path.read_bytes()[64:])


@pytest.mark.long
def test_two_runs_at_once_come_to_one_proof(prover: Prover) -> None:
    with Prover() as one, Prover() as other:
        for each in (one, other):
            each.start(CIRCUIT, INPUTS[4])
        assert one.prove(CIRCUIT, INPUTS[4]) == other.prove(CIRCUIT, INPUTS[4])


@pytest.mark.long
def test_proofs_asked_for_together_are_made_together(prover: Prover) -> None:
    with Prover(workers=2) as other:
        for value in INPUTS[1:4]:
            other.start(CIRCUIT, value)
        assert len(other._pool._running) == 2
        for value in reversed(INPUTS[1:4]):
            made = other.prove(CIRCUIT, value)
            assert made.instances[: CIRCUIT.inputs] == CIRCUIT.input_instances(value)


def test_a_value_beyond_the_circuits_range_cannot_be_proven(prover: Prover) -> None:
    with pytest.raises(ProofFailed, match="ezkl failed: Failed to generate witness"):
        prover.prove(CIRCUIT, np.full(CIRCUIT.input_shape, 1e9, np.float32))
    with pytest.raises(InputRefused, match="cannot take this input"):
        compute(CIRCUIT, np.full(CIRCUIT.input_shape, 1e9, np.float32))


def test_what_is_no_input_cannot_be_proven(prover: Prover) -> None:
    with pytest.raises(SimnetError, match="shape"):
        prover.prove(CIRCUIT, np.zeros(3, np.float32))
    with pytest.raises(SimnetError, match="finite"):
        prover.prove(CIRCUIT, np.full(CIRCUIT.input_shape, np.nan, np.float32))
