"""The labelled tables that ship inside scikit-learn, split into examples to learn from and a holdout."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split

from nodes.models.train.recipe import Data


def split(inputs: Any, labels: Any, classes: list[str], holdout: float) -> Data:
    """Data with a stratified holdout of that share; the baseline always answers the commonest class."""
    parts = train_test_split(
        inputs.astype(np.float32), labels.astype(np.int64), test_size=holdout, stratify=labels, random_state=0
    )
    baseline = float(np.bincount(parts[3]).max() / len(parts[3]))
    return Data(parts[0], parts[2], parts[1], parts[3], classes, baseline)
