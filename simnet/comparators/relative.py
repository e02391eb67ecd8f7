"""Relative tolerance: the largest difference, measured against the largest entry of the output."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from nodes.models.noise import magnitude
from nodes.models.tensors import Tensor, parts
from simnet.comparators.comparator import Comparator


class Relative(Comparator):
    """Equal when the largest absolute difference is at most `tolerance` times the reference's largest magnitude.

    That is what docs/hardware.md measures honest machines against: rounding errors grow with the entries, whatever
    lies between them. On the CPU honest fp32 implementations differ by less than 1e-6, on a GPU by less than 1e-5.
    int8 weights show at 1e-4 on every model of the zoo, fp16 weights on the larger ones only: on the small classifiers
    most inputs need 1e-5. On GPUs with TF32 the gap closes. NaN and infinity must be the same in the same places.
    """

    kind: ClassVar[str] = "relative"
    blind_to: ClassVar[str] = "whatever stays inside the tolerance, such as small entries beside a very large one"
    meant_for: ClassVar[str] = "logits, scores, probabilities, embeddings: entries of one unit and about one size"

    tolerance: float = Field(default=1e-4, gt=0, lt=10, description="largest difference over the largest magnitude")

    def close(self, reference: Tensor, claimed: Tensor) -> bool:
        """Compares what is finite; an output of zeros is measured against 1."""
        finite = np.isfinite(reference)
        if not np.array_equal(reference[~finite], claimed[~finite], equal_nan=True):
            return False
        own, other = reference[finite].astype(np.float64), claimed[finite].astype(np.float64)
        if not np.isfinite(other).all():
            return False
        return bool(np.abs(own - other).max(initial=0.0) <= self.room(reference))

    def remark(self, output: Tensor) -> str:
        """Entries that may be anything, since another is so much larger."""
        for part in parts(output):
            sizes = np.abs(part[np.isfinite(part)]) if part.dtype.kind == "f" else part[:0]
            if sizes.size and sizes.any() and (room := self.room(part)) > float(np.median(sizes)):
                return f"gives outputs of which half may be anything: relative lets every entry be off by {room:.3g}"
        return ""

    def room(self, reference: Tensor) -> float:
        """How far an entry of a floating-point output may be off."""
        return self.tolerance * (magnitude(reference) or 1.0)
