"""Argmax: only the decision counts."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from simnet.comparators.comparator import Comparator


class Argmax(Comparator):
    """Equal when the largest entry is in the same place. A single number counts as a sign."""

    kind: ClassVar[str] = "argmax"
    blind_to: ClassVar[str] = "every substitution that keeps the decision, such as int8 weights on small models"

    def equal(self, reference: np.ndarray, claimed: np.ndarray) -> bool:
        """Compares positions of the maxima. NaN decides nothing."""
        if np.isnan(claimed).any():
            return False
        if reference.size == 1:
            return bool(np.sign(reference.item()) == np.sign(claimed.item()))
        return int(np.argmax(reference)) == int(np.argmax(claimed))
