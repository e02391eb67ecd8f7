"""Weights as a run's full nodes would have given them by what they found, and copiers in a game for dividends."""

from __future__ import annotations

import numpy as np

from simnet.studies.truth.observed import Observed
from simnet.studies.truth.values import Frequency
from simnet.theory.yuma import copied, dividends, share


def copiers_of_public_weights(run: Observed, epoch_s: float) -> Frequency:
    """Full nodes whose seat would have earned a copier at least what it earned them, with weights public at once.

    Consensus, bonds and dividends are modelled (`simnet.theory.yuma`).
    """
    return copiers_ahead(run, epoch_s, 0)


def copiers_of_concealed_weights(run: Observed, epoch_s: float, concealed: float) -> Frequency:
    """As `copiers_of_public_weights`, with weights concealed for so many epochs."""
    return copiers_ahead(run, epoch_s, int(concealed))


def copiers_ahead(run: Observed, epoch_s: float, concealed: int) -> Frequency:
    """Full nodes whose seat would have earned a copier at least what it earned them."""
    full = [row for row in run.tables.of("participant_joined") if row["role"] == "full"]
    stakes = np.array([int(row["stake"]) for row in full], dtype=float)
    epochs = weights(run, epoch_s)
    if len(epochs) <= concealed:
        return Frequency(0, 0)
    honest = dividends(stakes, epochs[concealed:])
    ahead = 0
    for seat in range(len(full)):
        with_a_copier = dividends(stakes, copied(stakes, epochs, seat, concealed))
        ahead += bool(with_a_copier[seat] >= honest[seat])
    return Frequency(ahead, len(full))


def weights(run: Observed, epoch_s: float) -> np.ndarray:
    """Weights that sum to 1, by epoch, full node and inference node, by the share of claims found valid.

    Epochs in which a full node has checked nothing are left out.
    """
    tables = run.tables
    joined = tables.of("participant_joined")
    row_of = {row["name"]: i for i, row in enumerate([row for row in joined if row["role"] == "full"])}
    column_of = {row["name"]: i for i, row in enumerate([row for row in joined if row["role"] == "inference"])}
    judged = run.claims["node"].to_dict()
    checks = tables.of("claim_checked")
    count = int(max((row["t"] for row in checks), default=0.0) // epoch_s)
    seen = np.zeros((count, len(row_of), len(column_of)))
    valid = seen.copy()
    for row in checks:
        epoch = int(row["t"] // epoch_s)
        if epoch < count and row["task"] in judged:
            place = epoch, row_of[row["node"]], column_of[judged[row["task"]]]
            seen[place] += 1
            valid[place] += row["verdict"] == "valid"
    found = share(np.divide(valid, seen, out=np.zeros_like(seen), where=seen > 0), axis=2)
    return np.asarray(found[(found.sum(axis=2) > 0).all(axis=1)])
