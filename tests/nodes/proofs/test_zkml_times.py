"""How long proofs take in simulated time: the same everywhere, or measured here and said to be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chain.errors import SimnetError
from chain.quantities import Seconds
from nodes.models.zoo import default_zoo
from nodes.proofs.circuits import keys
from nodes.proofs.circuits.pinned import circuit, circuits
from nodes.proofs.circuits.times import DEFAULT, MEASURED, MODELLED, Measured, proof_times

DIGITS = default_zoo().model("digits_mlp")
SMALL = default_zoo().model("diabetes_risk")
TEXT = default_zoo().model("text_transformer")


@pytest.mark.parametrize("name", list(MODELLED))
def test_modelled_times_say_their_source_and_do_not_depend_on_the_draw(name: str) -> None:
    times = proof_times(name)
    assert times.reproducible
    assert times.source.startswith("modelled (")
    assert times.prove(DIGITS, 0.0) == times.prove(DIGITS, 0.99) > 0
    assert times.verify(DIGITS, 0.0) == times.verify(DIGITS, 0.99) > 0


def test_the_default_has_every_circuit_and_no_other_model() -> None:
    times = proof_times(DEFAULT)
    for found in circuits().values():
        assert times.prove(default_zoo().model(found.model), 0.5) > times.verify(default_zoo().model(found.model), 0.5)
    with pytest.raises(SimnetError, match="text_transformer"):
        times.prove(TEXT, 0.5)


def test_a_faster_system_is_faster_by_what_was_published() -> None:
    ezkl, deepprove = proof_times("ezkl"), proof_times("deepprove")
    assert ezkl.prove(DIGITS, 0.5) / deepprove.prove(DIGITS, 0.5) == pytest.approx(126.83 / 2.335)
    assert ezkl.prove(DIGITS, 0.5) / ezkl.prove(SMALL, 0.5) == pytest.approx(
        deepprove.prove(DIGITS, 0.5) / deepprove.prove(SMALL, 0.5)
    )


def test_a_published_workload_takes_as_long_whatever_model_stands_in_for_it() -> None:
    times = proof_times("zkllm_llama2_13b")
    assert times.prove(TEXT, 0.5) == times.prove(SMALL, 0.5) == Seconds(900.0)


def test_measured_times_are_drawn_from_the_samples_and_cannot_be_repeated_elsewhere() -> None:
    times = Measured({"digits_mlp": ((1.0, 2.0, 4.0), (0.1, 0.2, 0.3))})
    assert not times.reproducible
    assert times.source.startswith("measured (")
    assert [times.prove(DIGITS, draw) for draw in (0.0, 0.34, 0.999)] == [1.0, 2.0, 4.0]
    assert [times.verify(DIGITS, draw) for draw in (0.0, 0.34, 0.999)] == [0.1, 0.2, 0.3]
    with pytest.raises(SimnetError, match="diabetes_risk"):
        times.prove(SMALL, 0.5)


@pytest.mark.long
def test_a_machine_is_measured_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ezkl")
    monkeypatch.setenv("SIMNET_CACHE", str(tmp_path))
    monkeypatch.setattr("nodes.proofs.circuits.times.SAMPLES", 1)
    told: list[str] = []
    first = proof_times(MEASURED, ("diabetes_risk",), told.append)
    assert told == ["zkml: making the proving key of diabetes_risk (20 MB)", "zkml: timing proofs of diabetes_risk"]
    again = proof_times(MEASURED, ("diabetes_risk",), told.append)
    assert len(told) == 2
    assert again == first
    kept = keys.directory(circuit("diabetes_risk")) / "times.json"
    assert first.prove(SMALL, 0.0) in json.loads(kept.read_text())["prove_s"]
    kept.write_text("{")
    proof_times(MEASURED, ("diabetes_risk",), told.append)
    assert len(told) == 3, "damaged samples are taken anew"


def test_an_unknown_name_gets_the_nearest_one() -> None:
    with pytest.raises(SimnetError, match="unknown proof times: deeprove") as caught:
        proof_times("deeprove")
    assert caught.value.hint == "did you mean 'deepprove'?"
