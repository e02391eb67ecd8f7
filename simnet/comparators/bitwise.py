"""Bitwise equality: exact, and unforgiving of honest hardware noise."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from simnet.comparators.comparator import Comparator


class Bitwise(Comparator):
    """Equal when every byte is. Right within one build on one kind of hardware (EigenAI, arXiv 2602.00182)."""

    kind: ClassVar[str] = "bitwise"
    blind_to: ClassVar[str] = "nothing; it rejects honest noise as well"

    def equal(self, reference: np.ndarray, claimed: np.ndarray) -> bool:
        """Compares type and bytes."""
        return reference.dtype == claimed.dtype and reference.tobytes() == claimed.tobytes()
