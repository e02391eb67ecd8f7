"""digits_mlp: which digit is on an 8 by 8 image, by a multilayer perceptron."""

from __future__ import annotations

from sklearn.datasets import load_digits

from nodes.models.train.mlp import Mlp
from nodes.models.train.recipe import Data, Recipe
from nodes.models.train.tabular import split


def digits() -> Data:
    """1,797 hand-written digits, pixels from 0 to 16 (UCI Optical Recognition of Handwritten Digits)."""
    table = load_digits()
    return split(table.data, table.target, [str(digit) for digit in range(10)], holdout=0.2)


RECIPE = Recipe(
    name="digits_mlp",
    summary="Which digit is on an 8x8 grey image.",
    task_kind="classification",
    metric="accuracy",
    data=digits,
    full=lambda data: Mlp(data, [128, 128]),
    small=lambda data: Mlp(data, [16]),
    epochs=30,
    learning_rate=2e-3,
    weight_decay=1.0,
)
