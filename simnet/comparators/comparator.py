"""Base of comparators: how two outputs of one model on one input are judged equal."""

from __future__ import annotations

from typing import ClassVar

from nodes.models.tensors import Tensor, parts, same
from nodes.parameters import Parameters


class Comparator(Parameters):
    """Judges outputs. Fields are the scenario's parameters.

    Whatever the comparator, equal bytes are equal, NaN and infinity included, and another element type or shape is not
    (so another number of rows is not). Each output of a model with several is judged by itself. Whole numbers, truth
    values and text are the same on all hardware and are equal only to themselves. A comparator decides about the rest:
    floating-point tensors of one shape and type whose bytes differ.
    """

    blind_to: ClassVar[str]
    """What it cannot see."""
    meant_for: ClassVar[str]
    """For which outputs it is right."""

    def equal(self, reference: Tensor, claimed: Tensor) -> bool:
        """Whether `claimed` passes for `reference`, the verifier's own output. Any two outputs will do."""
        if same(reference, claimed):
            return True
        if reference.dtype != claimed.dtype or reference.shape != claimed.shape:
            return False
        return all(map(self._part_equal, parts(reference), parts(claimed)))

    def _part_equal(self, reference: Tensor, claimed: Tensor) -> bool:
        return same(reference, claimed) or (reference.dtype.kind == "f" and self.close(reference, claimed))

    def remark(self, output: Tensor) -> str:
        """What it overlooks in outputs like this one, as the rest of a sentence about the model; empty if nothing."""
        return ""

    def close(self, reference: Tensor, claimed: Tensor) -> bool:
        """Whether two floating-point tensors of one shape and type, of at least one entry, pass for one another."""
        raise NotImplementedError
