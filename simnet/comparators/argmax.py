"""Argmax: only the decision counts."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from nodes.models.tensors import Tensor
from simnet.comparators.comparator import Comparator


class Argmax(Comparator):
    """Equal when the largest entry is in the same place. A single number counts as a sign.

    NaN must be in the same places, and decides nothing.
    """

    kind: ClassVar[str] = "argmax"
    blind_to: ClassVar[str] = "every substitution that keeps the decision, such as int8 weights on small models"
    meant_for: ClassVar[str] = "one vector of scores or logits; of boxes, masks or embeddings it sees one entry"

    def close(self, reference: Tensor, claimed: Tensor) -> bool:
        """Compares positions of the maxima."""
        unknown = np.isnan(reference)
        if not np.array_equal(unknown, np.isnan(claimed)):
            return False
        if reference.size == 1:
            return bool(unknown.all() or np.sign(reference.item()) == np.sign(claimed.item()))
        decisions = [int(np.argmax(np.where(unknown, -np.inf, output))) for output in (reference, claimed)]
        return decisions[0] == decisions[1]
