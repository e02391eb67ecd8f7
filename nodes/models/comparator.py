"""What judges whether two outputs of a model are equal; `simnet.comparators` implements it."""

from __future__ import annotations

from typing import Protocol

import numpy as np


class Comparator(Protocol):
    """Judges whether two outputs of the same model on the same input are equal."""

    def equal(self, reference: np.ndarray, claimed: np.ndarray) -> bool:
        """`reference` is the verifier's own output; both have the model's output shape."""
        ...
