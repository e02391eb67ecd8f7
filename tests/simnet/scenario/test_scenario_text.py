"""The text of a scenario file: whatever the bytes, there is a scenario or a clear error."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simnet.plugins import faults
from simnet.scenario.adversaries import Adversary
from simnet.scenario.errors import ScenarioErrors
from simnet.scenario.load import parse_scenario
from simnet.scenario.locate import MAX_BYTES
from simnet.scenario.population import Clients, InferenceNodes
from simnet.scenario.schema import Scenario
from simnet.scenario.yaml_dialect import scalar
from tests.scenario_text import MINIMAL, parse

BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


def problem_with(data: bytes) -> str:
    with pytest.raises(ScenarioErrors) as caught:
        parse_scenario(data, "x.yaml")
    assert len(caught.value.problems) == 1
    return str(caught.value.problems[0])


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "x.yaml: the file is empty"),
        (b"# only a comment\n", "x.yaml: the file is empty"),
        (b"null", "x.yaml: the file is empty"),
        (b"just text", "x.yaml:1:1: a scenario is a mapping"),
        (b"- a\n- b\n", "x.yaml:1:1: a scenario is a mapping"),
        (b"\x7fELF\0\0", "x.yaml: the file is binary"),
        (b"name: caf\xe9", "x.yaml:1:10: the file is not UTF-8 text"),
        (b"name: a\n\tseed: 1\n", "x.yaml:2:1: YAML does not allow tabs here"),
        (b"name: [a", "x.yaml:"),
        (b"name: 'a", "x.yaml:"),
        (b"name: a: b", "x.yaml:1:8: mapping values are not allowed"),
        (b"name: *nobody", "x.yaml:1:7: found undefined alias"),
        (b"name: a\n---\nname: b\n", "x.yaml:2:1: but found another document"),
        (b"name: \x01", "x.yaml: "),
        (b"[" * 500_000, "x.yaml:1:21: nested deeper than the limit of 20 levels"),
        (b"a: " + b"{b: " * 50_000, "nested deeper than the limit"),
        (b"name: &a [*a]", "x.yaml:1:7: an anchor contains itself"),
        (b"name: &a {b: {c: *a}}", "an anchor contains itself"),
        (BOMB.encode(), "more than the limit of 50,000 values"),
        (b"x" * (MAX_BYTES + 1), "x.yaml: the file has 1,000,001 bytes, more than the limit of 1,000,000"),
    ],
)
def test_what_is_no_scenario_gets_one_clear_error(data: bytes, expected: str) -> None:
    assert expected in problem_with(data)


def test_anchors_may_be_used_for_what_they_are_good_for() -> None:
    scenario = parse("name: &n tiny\ndescription: *n\nmodels: [digits_mlp]\nstrategy: none")
    assert scenario.description == "tiny"


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm() -> None:
    assert parse_scenario(b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode()) == parse(MINIMAL)


@pytest.mark.parametrize(("text", "description"), [("no", "no"), ("1:30", "1:30"), ("2024-01-01", "2024-01-01")])
def test_text_is_not_taken_for_something_else(text: str, description: str) -> None:
    assert parse(MINIMAL + f"description: {text}").description == description


@pytest.mark.parametrize("number", ["1e-4", "1.0e-4", "0.0001", ".0001"])
def test_numbers_are_read_as_people_write_them(number: str) -> None:
    scenario = parse(
        f"name: t\nmodels: [digits_mlp]\nstrategy: {{kind: none, comparator: {{kind: relative, tolerance: {number}}}}}"
    )
    assert getattr(scenario.comparator, "tolerance") == 1e-4  # noqa: B009 (a field of that comparator alone)


@given(st.binary(max_size=300))
@settings(max_examples=300)
def test_any_bytes_give_a_scenario_or_errors(data: bytes) -> None:
    with contextlib.suppress(ScenarioErrors):
        parse_scenario(data)


@given(st.text(max_size=200))
@settings(max_examples=150)
def test_any_text_below_a_key_gives_a_scenario_or_errors(text: str) -> None:
    for key in ("description", "seed", "nodes", "adversaries"):
        with contextlib.suppress(ScenarioErrors):
            parse_scenario(f"{MINIMAL}{key}: {text}".encode("utf-8", "surrogatepass"))


KEYS = st.sampled_from(
    [
        *(key for section in (Scenario, Clients, InferenceNodes, Adversary) for key in section.model_fields),
        *(*faults(), "inference", "full", "kind", "comparator", "at", "for", "from", "to", "trace", "path", "macs"),
    ]
)
SCALARS = (
    st.sampled_from(
        [
            "committee",
            "none",
            "quantize",
            "digits_mlp",
            "full-0",
            "local",
            "2 s",
            "1/3",
            "9 OPG",
            "poisson 2/s",
            "x",
            "",
        ]
    )
    | st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
)
TREES = st.dictionaries(
    KEYS,
    st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4)),
    max_size=8,
)


@given(TREES)
@settings(max_examples=100)
def test_any_tree_of_known_words_gives_a_scenario_or_errors(tree: dict[str, object]) -> None:
    with contextlib.suppress(ScenarioErrors):
        parse_scenario(json.dumps(tree).encode())


def test_a_number_too_long_for_python_is_text() -> None:
    assert "is not" in problem_with(f"{MINIMAL}duration: {'9' * 10_000}".encode())
    with pytest.raises(ValueError, match="tag"):
        scalar("tag:yaml.org,2002:timestamp", "2024-01-01")
