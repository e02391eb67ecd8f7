"""The pinned circuits: they follow from the model zoo and the development SRS, and are what everybody has."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from chain.errors import SimnetError
from chain.evm import abi
from nodes.models.zoo import default_zoo
from nodes.proofs.circuits import library, make
from nodes.proofs.circuits import pinned as pinned
from nodes.proofs.circuits.gap import gap, measure
from nodes.proofs.circuits.pinned import circuit, circuit_of, circuits
from nodes.proofs.circuits.pool import Pool

HONEST = [name for name, found in circuits().items() if found.honest]


@pytest.mark.long
@pytest.mark.parametrize("name", list(circuits()))
def test_keys_and_verifier_follow_from_model_and_srs(name: str, zkml_cache: Path, tmp_path: Path) -> None:
    found, recipe = circuit(name), make.RECIPES[name]
    make.compile_circuit(name, recipe, tmp_path)
    assert (tmp_path / "settings.json").read_bytes() == found.settings.read_bytes()
    arguments = [str(tmp_path / file) for file in ("circuit.ezkl", "vk", "pk")]
    library.load().setup(*arguments, str(found.srs))
    assert (tmp_path / "vk").read_bytes() == found.vk.read_bytes()
    assert hashlib.sha256((tmp_path / "pk").read_bytes()).hexdigest() == found.files["pk"]
    if found.verifier:
        with Pool() as pool:
            source = make.contract_source(found.vk, found.settings, found.srs, found.verifier, pool)
        assert source == (make.GENERATED / f"{found.verifier}.sol").read_text()


@pytest.mark.parametrize("name", list(circuits()))
def test_the_pinned_files_are_what_the_manifest_says(name: str) -> None:
    circuit(name).check()


def test_a_changed_file_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for file in ("settings.json", "circuit.ezkl", "vk"):
        path = tmp_path / "diabetes_risk" / file
        path.parent.mkdir(exist_ok=True)
        path.write_bytes((pinned.CIRCUITS / "diabetes_risk" / file).read_bytes())
    monkeypatch.setattr(pinned, "CIRCUITS", tmp_path)
    circuit("diabetes_risk").check()
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(SimnetError, match="corrupt file of circuit diabetes_risk"):
        circuit("diabetes_risk").check()


def test_three_models_have_circuits_and_adversaries_have_others() -> None:
    assert {circuit(name).model for name in HONEST} == {"digits_mlp", "medical_risk", "diabetes_risk"}
    for model in HONEST:
        assert circuit_of(model).name == model
        assert circuit_of(model, "small").name == f"{model}-small"
        assert circuit_of(model, "small").output_scale == circuit_of(model).output_scale


@pytest.mark.parametrize("name", list(circuits()))
def test_a_circuit_fits_its_model_and_has_a_contract(name: str) -> None:
    found = circuit(name)
    model = default_zoo().model(found.model)
    assert (found.input_shape, found.output_shape) == (model.input_shape, model.output_shape)
    assert found.variant in model.variants
    assert not found.honest or "verifyProof" in (abi.ARTIFACTS / f"{found.verifier}.json").read_text()


def test_an_unknown_name_gets_the_nearest_one() -> None:
    with pytest.raises(SimnetError, match="unknown circuit: digits_mpl") as caught:
        circuit("digits_mpl")
    assert caught.value.hint == "did you mean 'digits_mlp'?"
    with pytest.raises(SimnetError, match="text_transformer"):
        circuit_of("text_transformer")


@pytest.mark.long
def test_the_gap_is_what_the_manifest_says(zkml_cache: Path) -> None:
    pinned_gap = circuit("diabetes_risk").gap
    found = measure(circuit("diabetes_risk"))
    assert found.inputs == pinned_gap.inputs
    assert found.max_error == pytest.approx(pinned_gap.max_error, abs=1e-5)  # machines differ in the last bits
    assert found.argmax_agreement == pinned_gap.argmax_agreement


def test_the_gap_is_small_for_honest_circuits_and_not_for_others() -> None:
    assert all(circuit(name).gap.argmax_agreement == 1 for name in HONEST)
    assert all(circuit(name).gap.max_error < 0.02 for name in HONEST)
    assert all(found.gap.max_error > 1 for found in circuits().values() if not found.honest)


def test_the_gap_counts_the_largest_error_and_the_same_classes() -> None:
    exact = np.array([[0.0, 1.0], [2.0, 1.0]], np.float32)
    assert gap(exact, exact).max_error == 0
    found = gap(np.array([[0.0, 1.5], [0.0, 1.0]], np.float32), exact)
    assert (found.inputs, found.max_error, found.argmax_agreement) == (2, 2.0, 0.5)


def test_an_input_of_another_shape_is_refused() -> None:
    with pytest.raises(SimnetError, match="takes inputs of shape"):
        circuit("diabetes_risk").input_instances(np.zeros(3, np.float32))
