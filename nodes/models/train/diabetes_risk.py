"""diabetes_risk: whether diabetes will progress faster than in half of all patients."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_diabetes

from nodes.models.train.mlp import Mlp
from nodes.models.train.recipe import Data, Recipe
from nodes.models.train.tabular import split


def patients() -> Data:
    """442 patients, 10 baseline variables each (Efron et al., Least Angle Regression, 2004)."""
    table = load_diabetes(scaled=False)
    faster = table.target > np.median(table.target)
    return split(table.data, faster, ["slower", "faster"], holdout=0.3)


RECIPE = Recipe(
    name="diabetes_risk",
    summary="Whether diabetes progresses faster than the median within a year, from 10 baseline variables.",
    task_kind="classification",
    metric="accuracy",
    data=patients,
    full=lambda data: Mlp(data, [32, 16]),
    small=lambda data: Mlp(data, [4]),
    epochs=30,
    learning_rate=1e-3,
    weight_decay=3.0,
)
