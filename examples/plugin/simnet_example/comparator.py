"""A comparator: when two outputs of one model on one input count as equal."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from simnet.comparators.comparator import Comparator


class TopK(Comparator):
    """Equal when the k largest entries are at the same places, in the same order."""

    kind: ClassVar[str] = "top_k"
    blind_to: ClassVar[str] = "every change that keeps the order of the first k"

    meant_for: ClassVar[str] = "a vector of scores whose best few are looked at"

    k: int = Field(default=2, ge=1, description="how many entries count")

    def close(self, reference: np.ndarray, claimed: np.ndarray) -> bool:
        """Compares the order of the first k entries. NaN has no order."""
        if np.isnan(claimed).any():
            return False
        orders = (np.argsort(output.reshape(-1), kind="stable")[-self.k :] for output in (reference, claimed))
        return bool(np.array_equal(*orders))
