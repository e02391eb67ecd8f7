"""What every prover does, whether its proofs prove something or are simulated."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from pathlib import Path

import numpy as np
import pytest

from nodes.models.execution import OnnxExecutor
from nodes.models.tensors import InputRefused
from nodes.models.zoo import default_zoo
from nodes.proofs.circuits.field import MODULUS, dequantise
from nodes.proofs.circuits.times import proof_times
from nodes.proofs.prover import Proof, Prover, Statement
from nodes.proofs.simulated import SimulatedProver

MODEL = "diabetes_risk"
ZOO = default_zoo()
EXECUTOR = OnnxExecutor(ZOO, "cpu")
VALUE, OTHER = ZOO.inputs(MODEL)[0][:2]
REFERENCE = EXECUTOR.run(MODEL, "fp32", VALUE).output


@pytest.fixture(params=["simulated", pytest.param("ezkl", marks=pytest.mark.long)])
def prover(request: pytest.FixtureRequest) -> Iterator[Prover]:
    models, times = {MODEL: ZOO.model(MODEL)}, proof_times("ezkl")
    if request.param == "simulated":
        yield SimulatedProver(models, EXECUTOR, times, repeat(0.5))
        return
    cache: Path = request.getfixturevalue("zkml_cache")
    assert cache
    from nodes.proofs.ezkl import EzklProver

    made = EzklProver(models, times, repeat(0.5))
    yield made
    made.close()


def proven(prover: Prover, statement: Statement) -> Proof:
    return prover.start(statement)()


def test_a_proof_is_one_of_the_circuits_answer_and_of_nothing_else(prover: Prover) -> None:
    output = prover.answer(MODEL, "fp32", VALUE, REFERENCE)
    assert np.abs(output - REFERENCE).max() < 1e-2
    proof = Proof.unpack(proven(prover, Statement(MODEL, VALUE)).pack(), output.size)
    scale = prover.record(MODEL).output_scale
    assert np.array_equal(dequantise([one % MODULUS for one in proof.outputs], scale), output)
    assert prover.verify(MODEL, VALUE, output, proof)
    assert not prover.verify(MODEL, OTHER, output, proof)
    assert not prover.verify(MODEL, VALUE, output[::-1].copy(), proof)
    assert not prover.verify(MODEL, VALUE, output, Proof(proof.outputs, proof.data[::-1]))


def test_neither_a_made_up_witness_nor_another_circuit_gives_a_proof(prover: Prover) -> None:
    output = prover.answer(MODEL, "fp32", VALUE, REFERENCE)
    swapped = output[::-1].copy()
    forged = proven(prover, Statement(MODEL, VALUE, forced=swapped))
    scale = prover.record(MODEL).output_scale
    assert np.array_equal(dequantise([one % MODULUS for one in forged.outputs], scale), swapped)
    assert not prover.verify(MODEL, VALUE, swapped, forged)
    small = EXECUTOR.run(MODEL, "small", VALUE).output
    answer = prover.answer(MODEL, "small", VALUE, small)
    assert not prover.verify(MODEL, VALUE, answer, proven(prover, Statement(MODEL, VALUE, variant="small")))


@pytest.mark.parametrize("number", [np.nan, np.inf, 3e38])
def test_an_input_beyond_the_circuits_range_is_refused_and_has_no_proof(prover: Prover, number: float) -> None:
    wild = np.full_like(VALUE, number)
    with pytest.raises(InputRefused):
        prover.answer(MODEL, "fp32", wild, REFERENCE)
    proof = proven(prover, Statement(MODEL, VALUE))
    assert not prover.verify(MODEL, wild, prover.answer(MODEL, "fp32", VALUE, REFERENCE), proof)


def test_no_two_proofs_are_alike(prover: Prover) -> None:
    first, second = (proven(prover, Statement(MODEL, VALUE)) for _ in range(2))
    assert first.outputs == second.outputs
    assert first.data != second.data
    assert prover.verify(MODEL, VALUE, prover.answer(MODEL, "fp32", VALUE, REFERENCE), second)


def test_times_are_those_that_were_named(prover: Prover) -> None:
    times = proof_times("ezkl")
    assert prover.prove_s(MODEL) == times.prove(ZOO.model(MODEL), 0.5) > 0
    assert prover.verify_s(MODEL) == times.verify(ZOO.model(MODEL), 0.5) > 0
