"""Bittensor's Yuma consensus, and what copying other validators' weights earns in it (modelled).

Validators weigh those whom they judge. Weights above the stake-weighted median are clipped to it; what is left buys
bonds, and bonds earn dividends. Who copies the median is never clipped, and need not judge anything. Concealing
weights for some epochs (commit-reveal) leaves a copier with old ones, which costs it as much as weights move.

Source: Bittensor's documentation [R, qualitative]: clipping, bonds as a moving average B(t) = a dB + (1 - a) B(t-1).
That weights sum to 1, and the values of kappa and a, are assumptions.
"""

from __future__ import annotations

import numpy as np

KAPPA = 0.5
"""Share of the stake that must support a weight (assumption)."""

MOVING = 0.1
"""Share of the newest epoch in a bond (assumption)."""


def median(stakes: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The largest weight of each column that `KAPPA` of all stake gives at the least.

    `stakes` is [validators], `weights` [validators, judged]; the answer is [judged].
    """
    order = np.argsort(-weights, axis=0, kind="stable")
    support = np.cumsum(stakes[order], axis=0)
    first = np.argmax(support >= KAPPA * stakes.sum(), axis=0)
    return np.asarray(np.take_along_axis(weights, np.take_along_axis(order, first[None], axis=0), axis=0)[0])


def dividends(stakes: np.ndarray, epochs: np.ndarray) -> np.ndarray:
    """What each validator earns over all epochs, as a share of what there is to earn: [validators].

    `epochs` is [epochs, validators, judged], each validator's weights summing to 1.
    """
    bonds = np.zeros(epochs.shape[1:])
    earned = np.zeros(len(stakes))
    for weights in epochs:
        clipped = np.minimum(weights, median(stakes, weights)) * stakes[:, None]
        ranks = clipped.sum(axis=0)
        bonds = MOVING * share(clipped, axis=0) + (1 - MOVING) * bonds
        earned += share(bonds, axis=0) @ share(ranks, axis=0)
    return earned / len(epochs)


def copied(stakes: np.ndarray, epochs: np.ndarray, seat: int, concealed: int) -> np.ndarray:
    """The epochs with a copier in one seat, who weighs as the median of the others did so many epochs before.

    The first epochs, in which there is nothing to copy yet, are left out.
    """
    others = np.arange(len(stakes)) != seat
    found = epochs[concealed:].copy()
    for now, before in zip(found, epochs, strict=False):
        now[seat] = share(median(stakes[others], before[others]), axis=0)
    return found


def share(parts: np.ndarray, axis: int) -> np.ndarray:
    """Parts of their sum, 0 where there is nothing."""
    total = parts.sum(axis=axis, keepdims=True)
    return np.asarray(np.divide(parts, total, out=np.zeros_like(parts), where=total > 0))
