"""Relative tolerance: the largest difference, measured against the spread of the output."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from simnet.comparators.comparator import Comparator


class Relative(Comparator):
    """Equal when the largest absolute difference is at most `tolerance` standard deviations of the reference.

    On the CPU, honest fp32 implementations differ by about 2e-6. int8 weights show at 1e-4 on every model of the
    zoo, fp16 weights on the larger ones only: on the small classifiers half of the inputs need 1e-5. On GPUs
    with TF32 the gap closes. An output with no spread (a single number) is measured against its own size.
    """

    kind: ClassVar[str] = "relative"
    blind_to: ClassVar[str] = "whatever stays inside the tolerance"

    tolerance: float = Field(default=1e-4, gt=0, lt=10, description="largest difference over the spread")

    def equal(self, reference: np.ndarray, claimed: np.ndarray) -> bool:
        """NaN equals nothing."""
        scale = float(np.std(reference)) or float(np.max(np.abs(reference))) or 1.0
        deviation = float(np.max(np.abs(reference.astype(np.float64) - claimed)))
        return deviation <= self.tolerance * scale
