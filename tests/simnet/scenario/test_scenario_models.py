"""Models that a scenario brings: what is wrong with one is told at its line, and what is right with it is served."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from nodes.models.tensors import fields
from simnet.scenario.models import zoo_of
from tests.scenario_text import one_error, parse
from tests.small import Played, play
from tests.user_models import MADE, broken, write

BASE = "name: t\nstrategy: none\n"


def served(directory: Path, name: str, **more: Any) -> Played:
    """A short run of one of the made models."""
    choice = {"name": "mine", "path": str(write(directory, name))}
    return play(models=[choice], duration="30 s", **more)


# -- told at its line --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["gives_maps", "custom", "opset99", "free_axis"])
def test_what_keeps_a_model_from_being_served_is_told_at_its_path(tmp_path: Path, name: str) -> None:
    error = one_error(f"models:\n  - name: mine\n    path: {write(tmp_path, name)}", base=BASE)
    assert error.startswith("x.yaml:5:11: ")


@pytest.mark.parametrize("kind", ["cut short", "empty", "pointer", "text", "external"])
def test_a_file_that_is_no_model_is_told_at_its_path(tmp_path: Path, kind: str) -> None:
    error = one_error(f"models:\n  - name: mine\n    path: {broken(tmp_path, kind)}", base=BASE)
    assert error.startswith("x.yaml:5:11: ")


@pytest.mark.parametrize(
    ("more", "place", "complaint"),
    [
        ("sizes: {tme: 4}", "6:18", "no axis 'tme' of any size"),
        ("sizes: {time: 0}", "6:19", "too small"),
        ("inputs: {z: {low: 1}}", "6:17", "no input 'z'"),
        ("inputs: {x: {low: 2, high: 1}}", "6:17", "ends before it begins"),
        ("inputs: nowhere.npy", "6:13", "no file 'nowhere.npy'"),
    ],
)
def test_what_is_said_about_a_model_is_held_against_its_file(
    tmp_path: Path, more: str, place: str, complaint: str
) -> None:
    name = "free_axis" if "sizes" in more else "plain"
    error = one_error(f"models:\n  - name: mine\n    path: {write(tmp_path, name)}\n    {more}", base=BASE)
    assert complaint in error
    assert f"x.yaml:{place[0]}:" in error


def test_the_same_file_under_two_names_is_told_at_the_second(tmp_path: Path) -> None:
    file = write(tmp_path, "plain")
    models = f"models:\n  - {{name: small, path: {file}}}\n  - {{name: large, path: {file}}}"
    error = one_error(models, base=BASE)
    assert error.startswith("x.yaml:5:")
    assert "model 'large' is the same file as 'small'" in error


@pytest.mark.parametrize("own", ["macs: 7", "sizes: {N: 2}", "inputs: {x: {low: 0}}"])
def test_what_is_known_of_a_model_of_the_zoo_need_not_be_said(own: str) -> None:
    error = one_error(f"models: [{{name: digits_mlp, {own}}}]", base=BASE)
    assert "of a model of the zoo are known" in error


def test_a_models_own_part_of_a_scenario_loads_back(tmp_path: Path) -> None:
    np.save(tmp_path / "x2.npy", np.ones((4, 8)))
    file = write(tmp_path, "two_inputs")
    own = f"{{name: mine, path: {file}, sizes: {{N: 2}}, inputs: {{x: {{low: -1, high: 1}}}}}}"
    scenario = parse(f"{BASE}models: [{own}]")
    assert parse(scenario.resolved_yaml()) == scenario
    assert fields(np.asarray(zoo_of(scenario.models).inputs("mine")[0][0])) == ("x", "x2")


def entry(directory: Path, name: str, variants: str) -> str:
    """A scenario's model with variants, on line 6."""
    return f"models:\n  - name: mine\n    path: {write(directory, name)}\n    variants: {variants}\n"


@pytest.mark.parametrize(
    ("name", "variants", "column", "complaint"),
    [
        ("plain", "[int3]", 16, "int3"),
        ("plain", "[fp16, small]", 22, "'small' cannot be made by rounding"),
        ("plain", "[{name: small, path: nowhere.onnx}]", 36, "no file 'nowhere.onnx'"),
        ("plain", "[int8, int8]", 22, "with a variant int8 already"),
        ("tokens", "[int8]", 16, "int8 cannot be made: no MatMul, Gemm or Conv"),
    ],
)
def test_what_keeps_a_variant_from_being_made_is_told_at_it(
    tmp_path: Path, name: str, variants: str, column: int, complaint: str
) -> None:
    error = one_error(entry(tmp_path, name, variants), base=BASE)
    assert error.startswith(f"x.yaml:6:{column}: ")
    assert complaint in error


def test_a_users_variant_must_answer_as_the_model_does(tmp_path: Path) -> None:
    other = write(tmp_path, "gives_labels")
    error = one_error(entry(tmp_path, "plain", f"[{{name: small, path: {other}}}]"), base=BASE)
    assert error.startswith("x.yaml:6:36: ")
    assert "its outputs are not those of model mine" in error
    same = one_error(entry(tmp_path, "plain", f"[{{name: small, path: {tmp_path / 'plain.onnx'}}}]"), base=BASE)
    assert "the same file" in same


@pytest.mark.parametrize(
    ("behaviour", "hint"),
    [("quantize", "variants: [int8]"), ("early_exit", "variants: [{name: early_exit, path: FILE.onnx}]")],
)
def test_an_adversary_that_lacks_its_variant_is_told_how_to_give_it(tmp_path: Path, behaviour: str, hint: str) -> None:
    adversary = f"nodes: {{inference: {{count: 1}}}}\nadversaries: [{{behaviour: {behaviour}, count: 1}}]\n"
    error = one_error(entry(tmp_path, "plain", "[fp16]") + adversary, base=BASE)
    assert hint in error
    file = tmp_path / "other.onnx"
    file.write_bytes(MADE["plain"]().SerializeToString())
    given = "[int8]" if behaviour == "quantize" else f"[{{name: early_exit, path: {changed(file)}}}]"
    scenario = parse(BASE + entry(tmp_path, "plain", given) + adversary)
    assert parse(scenario.resolved_yaml()) == scenario


def changed(file: Path) -> Path:
    """The model in a file, with other weights."""
    model = onnx.load(file)
    weights = onnx.numpy_helper.to_array(model.graph.initializer[0])
    model.graph.initializer[0].CopyFrom(onnx.numpy_helper.from_array(weights / 2, model.graph.initializer[0].name))
    onnx.save(model, file)
    return file


# -- served ------------------------------------------------------------------------------------------------------

UNUSUAL = ["nan", "mask", "overflow", "boxes", "gives_labels", "gives_text", "two_outputs", "text"]


@pytest.mark.parametrize("name", UNUSUAL)
@pytest.mark.parametrize("comparator", ["relative", "argmax"])
def test_no_honest_node_is_slashed_for_an_unusual_output(tmp_path: Path, name: str, comparator: str) -> None:
    assert name in MADE
    nodes = {"inference": {"count": 1, "noise": "gaussian"}, "full": {"count": 3}}
    run = served(tmp_path, name, nodes=nodes, strategy={"kind": "full_reexecution", "comparator": comparator})
    assert run["tasks_finalised"] > 0
    assert run["slashes_total"] == 0
    assert run.broken() == []


@pytest.mark.parametrize("behaviour", ["label_flip", "random_output", "equivocate", "cache_replay", "input_truncate"])
@pytest.mark.parametrize("name", ["gives_labels", "two_outputs", "gives_text"])
def test_a_cheat_acts_on_every_kind_of_output(tmp_path: Path, name: str, behaviour: str) -> None:
    adversaries = [{"behaviour": behaviour, "nodes": ["inference-0"]}]
    run = served(tmp_path, name, adversaries=adversaries, nodes={"inference": {"count": 1}, "full": {"count": 3}})
    assert behaviour == "cache_replay" or run.lies()
    by_chance = behaviour in ("input_truncate", "random_output") and name != "two_outputs"
    assert run["fraud_finalised"] == 0 or (by_chance and run["fraud_detected"])


@pytest.mark.parametrize("variant", ["fp16", "int8", "int4"])
def test_a_cheat_rounds_a_users_model_and_is_caught(tmp_path: Path, variant: str) -> None:
    choice = {"name": "mine", "path": str(write(tmp_path, "plain")), "variants": [variant]}
    adversaries = [{"behaviour": "quantize", "variant": variant, "nodes": ["inference-0"]}]
    run = play(models=[choice], duration="30 s", adversaries=adversaries, nodes={"inference": {"count": 1}})
    assert run["fraud_detected"] > 0
    assert run["false_slash_rate"] == 0


def test_a_run_with_a_model_that_draws_says_that_it_cannot_be_repeated(tmp_path: Path) -> None:
    run = served(tmp_path, "draws")
    assert not run.results.reproducible
    assert "draws random numbers (RandomNormalLike)" in run.results.caveats[0]
    assert run["slashes_total"] > 0


def test_a_run_says_what_its_comparator_overlooks_and_why_a_model_runs_natively(tmp_path: Path) -> None:
    assert any("relative lets every entry be off by 100" in one for one in served(tmp_path, "outlier").results.caveats)
    recurrent = served(tmp_path, "recurrent").results.caveats
    assert any("LSTM operator does not support double" in one for one in recurrent)
    assert served(tmp_path, "plain").results.caveats == ()
