"""medical_risk: whether a breast tumour is malignant, from measurements of its cell nuclei."""

from __future__ import annotations

from sklearn.datasets import load_breast_cancer

from nodes.models.train.mlp import Mlp
from nodes.models.train.recipe import Data, Recipe
from nodes.models.train.tabular import split


def tumours() -> Data:
    """569 tumours, 30 measurements each (UCI Breast Cancer Wisconsin, Diagnostic)."""
    table = load_breast_cancer()
    return split(table.data, table.target, ["malignant", "benign"], holdout=0.3)


RECIPE = Recipe(
    name="medical_risk",
    summary="Whether a breast tumour is malignant, from 30 measurements of cell nuclei.",
    task_kind="classification",
    metric="accuracy",
    data=tumours,
    full=lambda data: Mlp(data, [64, 32]),
    small=lambda data: Mlp(data, [4]),
    epochs=30,
    learning_rate=2e-3,
    weight_decay=1.0,
)
