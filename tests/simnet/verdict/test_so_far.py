"""What a viewer reads beside the log: whatever the files hold, it is either understood or left out."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from simnet.verdict.so_far import Promises, Results, read_promises, read_results
from tests.recordings import RECORDED

WHOLE = orjson.loads((RECORDED / "results.json").read_bytes())


def test_results_are_read_by_reading(tmp_path: Path) -> None:
    found = read_results(RECORDED / "results.json")
    assert (found.outcome, found.digest) == (WHOLE["outcome"], WHOLE["digest"])
    assert found.values["tasks_total"] == WHOLE["metrics"]["tasks_total"]["value"]
    assert found.values["soft_latency_ms.p95"] == WHOLE["metrics"]["soft_latency_ms"]["value"]["p95"]
    assert len(found.invariants) == len(WHOLE["invariants"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "[" * 100_000,
        *(orjson.dumps({**WHOLE, key: wrong}).decode() for key in WHOLE for wrong in (None, 1, [1], {"a": [1]})),
        *(orjson.dumps({k: v for k, v in WHOLE.items() if k != key}).decode() for key in WHOLE),
    ],
)
def test_results_of_another_shape_are_as_good_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "results.json").write_text(text)
    assert read_results(tmp_path / "results.json") in (Results(), read_results(RECORDED / "results.json"))


@pytest.mark.parametrize(
    "text", ["", "- a", "expect: 3", "expect: {a: b}\nsometimes: a", "sometimes: [3, [a]]", "a: " + "[" * 5000, "\0"]
)
def test_a_scenario_of_another_shape_promises_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "scenario.yaml").write_text(text)
    assert read_promises(tmp_path / "scenario.yaml") == Promises()
