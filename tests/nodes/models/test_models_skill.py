"""The models have real skill: on inputs they never saw they beat what needs no neural network."""

from __future__ import annotations

import numpy as np
import pytest

from nodes.models.execution import OnnxExecutor
from nodes.models.scoring import score
from nodes.models.zoo import default_zoo

ZOO = default_zoo()
BARS = {"digits_mlp": 0.96, "digits_cnn": 0.96, "medical_risk": 0.93, "diabetes_risk": 0.68}
"""Least accuracy on the holdout; always answering the commonest class gets 0.10, 0.10, 0.63 and 0.50."""


def measured(model: str, variant: str = "fp32", limit: int | None = None) -> float:
    """The score of a variant on holdout inputs, run as a node runs it."""
    inputs, labels = (array[:limit] for array in ZOO.inputs(model))
    executor = OnnxExecutor(ZOO, "cpu", arithmetic="native")  # three times as fast, and as skilled
    outputs = np.stack([executor.run(model, variant, value).output for value in inputs])
    return score(ZOO.model(model).metric or "", outputs, labels)


@pytest.mark.parametrize(("model", "bar"), BARS.items())
def test_a_classifier_answers_unseen_inputs_right(model: str, bar: float) -> None:
    accuracy = measured(model)
    baseline = ZOO.model(model).baseline
    assert baseline is not None
    assert accuracy >= bar > baseline + 0.15
    assert accuracy == pytest.approx(ZOO.model(model).reference.score, abs=0.01)


def test_the_transformer_predicts_unseen_text_well_below_the_best_n_gram() -> None:
    model = ZOO.model("text_transformer")
    bits = measured(model.name)
    assert model.baseline is not None
    assert bits < model.baseline - 0.15
    assert bits == pytest.approx(model.reference.score, abs=0.01)


def test_the_transformer_knows_more_than_how_often_characters_occur() -> None:
    _, labels = ZOO.inputs("text_transformer")
    shares = np.bincount(labels) / len(labels)
    entropy = -sum(share * np.log2(share) for share in shares if share)
    assert measured("text_transformer", limit=500) < entropy / 2


@pytest.mark.parametrize("model", ["digits_mlp", "digits_cnn", "medical_risk"])
@pytest.mark.parametrize("variant", ["fp16", "int8", "int4", "early_exit", "small"])
def test_a_cheaper_variant_still_answers_well_enough_to_tempt(model: str, variant: str) -> None:
    assert measured(model, variant) >= 0.9


def test_scores_of_known_outputs() -> None:
    outputs = np.array([[2.0, 1.0], [0.0, 3.0], [1.0, 0.0]], np.float32)
    assert score("accuracy", outputs, np.array([0, 1, 1])) == pytest.approx(2 / 3)
    even = np.zeros((5, 8), np.float32)
    assert score("bits_per_character", even, np.arange(5)) == pytest.approx(3.0)
    assert score("bits_per_character", np.array([[1e4, -1e4]], np.float32), np.array([0])) == pytest.approx(0.0)
