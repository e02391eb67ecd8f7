"""How well a model does on inputs whose labels are known."""

from __future__ import annotations

import numpy as np

from chain.errors import SimnetError
from nodes.models.tensors import Tensor


def score(metric: str, outputs: Tensor, labels: Tensor) -> float:
    """The metric of `outputs` [n, classes], taken as logits, against `labels` [n].

    ``accuracy`` is the share of right answers (higher is better), ``bits_per_character`` the mean of
    -log2 of the probability given to the right one (lower is better).
    """
    if metric == "accuracy":
        return float(np.mean(outputs.argmax(axis=1) == labels))
    if metric == "bits_per_character":
        shifted = outputs.astype(np.float64) - outputs.max(axis=1, keepdims=True)
        log_total = np.log2(np.exp(shifted).sum(axis=1))
        right = shifted[np.arange(len(labels)), labels] / np.log(2)
        return float(np.mean(log_total - right))
    raise SimnetError(f"unknown metric: {metric}", hint="there are: accuracy, bits_per_character")
