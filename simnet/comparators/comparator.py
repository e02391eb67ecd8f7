"""Base of comparators: how two outputs of one model on one input are judged equal."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from nodes.parameters import Parameters


class Comparator(Parameters):
    """Judges outputs. Fields are the scenario's parameters."""

    blind_to: ClassVar[str]
    """What it cannot see."""

    def equal(self, reference: np.ndarray, claimed: np.ndarray) -> bool:
        """Whether `claimed` passes for `reference`, the verifier's own output. Same shape."""
        raise NotImplementedError
