"""The control that must never be slashed: an honest node on hardware that rounds a little differently."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nodes.adversaries.inference.controls import HonestNoisy
from nodes.effects import Execute, Purpose
from nodes.records import Perturbed
from tests.driving import INPUT, MODEL, OUTPUT, TASK, always, attached, execution, past
from tests.small import Played, play


def run_with(comparator: Any, **parameters: Any) -> Played:
    """One honest node with noise, and everybody checks."""
    adversaries = [{"behaviour": "honest_noisy", "nodes": ["inference-0"], **parameters}]
    return play(strategy={"kind": "full_reexecution", "comparator": comparator}, adversaries=adversaries)


@pytest.mark.parametrize("comparator", [{"kind": "relative", "tolerance": 1e-4}, "argmax"])
def test_honest_noise_passes_a_tolerance(comparator: Any) -> None:
    run = run_with(comparator)
    assert run["slashes_total"] == run["false_slash_rate"] == 0
    assert run["tasks_finalised"] == run["tasks_total"]
    assert 1e-7 < run["mean_output_deviation"] < 1e-4
    assert run["fraud_committed"] == len(run.lies()) == 0


def test_bitwise_comparison_wrongly_slashes_it() -> None:
    run = run_with("bitwise")
    assert run.slashes("inference-0") == run.slashes() != []
    assert run["false_slash_rate"] > 0
    assert run["honest_slashed_opg"] > 0
    assert run["attacker_roi"] is None


@pytest.mark.long
@pytest.mark.parametrize(("relative", "slashed"), [(1e-5, False), (1e-3, True)])
def test_the_tolerance_draws_the_line(relative: float, slashed: bool) -> None:
    run = run_with({"kind": "relative", "tolerance": 1e-4}, relative=relative)
    assert bool(run["slashes_total"]) is slashed


@pytest.mark.long
def test_every_inference_node_of_a_network_with_noise_is_perturbed_and_none_is_called_dishonest() -> None:
    nodes = {"inference": {"count": 3, "batch_interval": "10 s", "noise": "gaussian"}, "full": {"count": 5}}
    run = play(nodes=nodes)
    assert {row["node"] for row in run.tables.of("perturbed")} == {"inference-0", "inference-1", "inference-2"}
    assert not any(row["dishonest"] for row in run.tables.of("participant_joined"))
    assert run["slashes_total"] == 0


def test_noise_changes_an_answer_in_its_last_digits_and_says_by_how_much() -> None:
    noisy = attached(HonestNoisy(relative=1e-3))
    course = past(noisy, Execute(MODEL, INPUT, Purpose.ANSWER, TASK), answers={Execute: always(execution())})
    (answer,) = course.result
    assert answer.output.dtype == OUTPUT.dtype
    assert not np.array_equal(answer.output, OUTPUT)
    deviation = float(np.max(np.abs(answer.output - OUTPUT)) / np.max(np.abs(OUTPUT)))
    (perturbed,) = course.records
    assert isinstance(perturbed, Perturbed)
    assert (perturbed.node, perturbed.task) == ("inference-0", TASK)
    assert perturbed.deviation == pytest.approx(deviation)
    assert 1e-5 < deviation < 1e-2


def test_checks_are_not_perturbed() -> None:
    check = Execute(MODEL, INPUT, Purpose.CHECK, TASK)
    course = past(attached(HonestNoisy()), check, answers={Execute: always(execution())})
    assert course.effects == [check]
    assert course.result[0].output is OUTPUT
