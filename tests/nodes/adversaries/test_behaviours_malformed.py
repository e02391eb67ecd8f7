"""Clients whose requests no honest client would send: nobody honest loses by them."""

from __future__ import annotations

import numpy as np
import pytest

from nodes.adversaries.client.malformed import Bait, WildInput
from nodes.effects import Request, Spawn
from nodes.messages import InferenceRequest
from tests.driving import FEE, INPUT, MODEL, TASK, always, attached, follow, lies, past
from tests.small import play

ASKED = Request("inference-0", InferenceRequest(TASK, MODEL, INPUT, FEE, None), 5.0)


def test_a_task_is_asked_once_more_with_another_input() -> None:
    bait = attached(Bait(), "client-0")
    course = past(bait, ASKED, ASKED, answers={Request: always(None)})
    assert lies(course) == [("bait", TASK)]
    other = follow(course.one(Spawn).steps, {Request: always(None)}).one(Request).message
    assert isinstance(other, InferenceRequest)
    assert other.task == TASK
    np.testing.assert_array_equal(other.value, INPUT[::-1])


def test_an_input_of_floats_becomes_one_that_no_circuit_takes() -> None:
    course = past(attached(WildInput(), "client-0"), ASKED, answers={Request: always(None)})
    sent = course.one(Request).message
    assert isinstance(sent, InferenceRequest)
    assert sent.value.shape == INPUT.shape
    assert np.isnan(sent.value.flat[0])
    assert lies(course) == [("wild_input", TASK)]


@pytest.mark.parametrize("kind", ["bait", "wild_input"])
@pytest.mark.parametrize("strategy", ["committee", "zkml"])
def test_nobody_honest_loses_by_it_and_nothing_stops(kind: str, strategy: str) -> None:
    proving = {"prover": "simulated", "proof_times": "jolt_atlas"} if strategy == "zkml" else {}
    run = play(
        adversaries=[{"behaviour": kind, "nodes": ["client-0"]}],
        strategy={"kind": strategy, **proving},
        duration="90 s",
    )
    assert any(row["act"] == kind for row in run.tables.of("cheated"))
    assert run["slashes_total"] == 0
    assert run["tasks_finalised"] > 0
    assert run.broken() == []
