"""Wrong outputs made from right ones, whatever their element types: each tensor of an output is falsified by itself."""

from __future__ import annotations

import numpy as np

from nodes.models.tensors import TEXT, Tensor, changed, same


def swapped(output: Tensor, target: int | None = None) -> Tensor:
    """The largest entry changes places with the second, or with number `target`; a single one becomes another.

    An output that decides for the target already stays as it is. NaN is no candidate.
    """
    return changed(output, lambda part: _swapped(part, target))


def _swapped(output: Tensor, target: int | None) -> Tensor:
    if output.size == 1:
        return _another(output, target)
    result = output.copy()
    flat = result.reshape(-1)
    order = np.argsort(_comparable(flat), kind="stable")
    if flat.size:
        other = int(order[-2]) if target is None or target >= flat.size else target
        flat[[order[-1], other]] = flat[[other, order[-1]]]
    return result


def _another(output: Tensor, target: int | None) -> Tensor:
    """Another single entry: a label becomes the target."""
    if target is None or output.dtype.kind not in "iu":
        return negated(output)
    return np.full_like(output, min(target, np.iinfo(output.dtype).max))


def _comparable(flat: Tensor) -> Tensor:
    return np.where(np.isnan(flat), -np.inf, flat) if flat.dtype.kind == "f" else flat


def negated(output: Tensor) -> Tensor:
    """Every entry becomes another: a number its negative, a label its neighbour, truth and text the opposite."""
    return changed(output, _negated)


def _negated(output: Tensor) -> Tensor:
    match output.dtype.kind:
        case "f":
            return np.asarray(-output)
        case "b":
            return np.asarray(~output)
        case "U":
            return np.char.add("not ", output)
    return np.asarray(output ^ 1)


def rotated(output: Tensor) -> Tensor:
    """The entries in another order, which no comparator takes for the same and no reader for less plausible."""
    return changed(output, _rotated)


def _rotated(output: Tensor) -> Tensor:
    turned = np.roll(output.reshape(-1), 1).reshape(output.shape)
    if not same(turned, output):
        return turned
    return np.nan_to_num(1 - output) if output.dtype.kind == "f" else negated(output)


def noise_like(output: Tensor, rng: np.random.Generator) -> Tensor:
    """Noise in the shape and of the element types of `output`, which costs nothing to compute."""
    return changed(output, lambda part: _noise_like(part, rng))


def _noise_like(output: Tensor, rng: np.random.Generator) -> Tensor:
    match output.dtype.kind:
        case "f":
            return np.asarray(rng.standard_normal(output.shape)).astype(output.dtype)
        case "U":
            return np.char.add(output, rng.integers(10, size=output.shape).astype(TEXT))
    below = 2 if output.dtype.kind == "b" else max(2, int(output.max(initial=1)) + 1)
    return rng.integers(below, size=output.shape, dtype=np.uint64).astype(output.dtype)
