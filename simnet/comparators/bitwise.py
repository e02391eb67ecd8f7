"""Bitwise equality: exact, and unforgiving of honest hardware noise."""

from __future__ import annotations

from typing import ClassVar

from nodes.models.tensors import Tensor
from simnet.comparators.comparator import Comparator


class Bitwise(Comparator):
    """Equal when every byte is. Right within one build on one kind of hardware (EigenAI, arXiv 2602.00182)."""

    kind: ClassVar[str] = "bitwise"
    blind_to: ClassVar[str] = "nothing; it rejects honest noise as well"
    meant_for: ClassVar[str] = "every output, where all nodes compute alike: portable arithmetic, or labels and text"

    def close(self, reference: Tensor, claimed: Tensor) -> bool:
        """Other bytes are never equal."""
        return False
