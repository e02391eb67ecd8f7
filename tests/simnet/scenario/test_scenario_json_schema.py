"""The JSON schema of scenarios: itself right, and in agreement with the loader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from simnet import plugins as registry
from simnet.scenario.json_schema import json_schema
from simnet.scenario.load import load_scenario
from tests.source import SCENARIOS

jsonschema = pytest.importorskip("jsonschema")

MINIMAL = {"name": "t", "models": ["digits_mlp"], "strategy": "none"}

FastLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("file", SCENARIOS, ids=lambda file: file.stem)
def test_scenarios_that_load_are_valid(validator: Any, file: Path) -> None:
    resolved = yaml.load(load_scenario(file).resolved_yaml(), FastLoader)
    resolved["strategy"]["comparator"] = "bitwise"  # YAML 1.1 reads tolerances such as 1e-05 as text
    assert not list(validator.iter_errors(resolved))


@pytest.mark.parametrize(
    "wrong",
    [
        {"sede": 1},
        {"seed": -1},
        {"comparator": "bitwise"},
        {"strategy": "comittee"},
        {"strategy": {"kind": "committee", "sise": 5}},
        {"strategy": {"kind": "none", "comparator": "relativ"}},
        {"adversaries": [{"behaviour": "quantize", "variant": "int9"}]},
        {"adversaries": [{"behaviour": "label_flip", "variant": "int8"}]},
        {"faults": [{"at": "1 s", "partition": []}]},
        {"faults": [{"at": "1 s", "heal": None, "reorg": 1}]},
        {"duration": 30},
    ],
)
def test_what_does_not_load_is_not_valid(validator: Any, wrong: dict[str, Any]) -> None:
    assert not list(validator.iter_errors(MINIMAL))
    assert list(validator.iter_errors(MINIMAL | wrong))


def test_every_kind_is_described_with_its_defaults_as_a_file_has_them(validator: Any) -> None:
    schema = validator.schema
    kinds = [choice["properties"]["kind"]["const"] for choice in schema["properties"]["strategy"]["oneOf"][1:]]
    assert kinds == list(registry.strategies())
    adversaries = [choice["properties"]["behaviour"]["const"] for choice in schema["$defs"]["Adversary"]["oneOf"]]
    assert adversaries == list(registry.behaviours())
    assert schema["properties"]["duration"]["default"] == "10 min"
