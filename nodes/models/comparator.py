"""What judges whether two outputs of a model are equal; `simnet.comparators` implements it."""

from __future__ import annotations

from typing import Protocol

from nodes.models.tensors import Tensor


class Comparator(Protocol):
    """Judges whether two outputs of the same model on the same input are equal."""

    def equal(self, reference: Tensor, claimed: Tensor) -> bool:
        """`reference` is the verifier's own output; `claimed` may be of any shape and type."""
        ...
