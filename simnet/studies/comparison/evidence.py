"""What one run says, in the form that pooling and testing need: counts and observations besides the figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import pandas as pd

from simnet.log.tables import payments
from simnet.measure.metrics import WEI, Figures, Measured, Metric, observations, rate, total
from simnet.studies.comparison.catalogue import ADDED
from simnet.studies.comparison.stakes import StakeTerms, honesty_stake, stake_terms

Observations: TypeAlias = "pd.Series[float]"
"""One value per task, by the task's id."""


@dataclass(frozen=True)
class Evidence:
    """One run's figures and what they rest on. Small enough to be sent between processes."""

    seed: int
    metrics: Mapping[str, Metric]
    """Those of the run, and those that comparing adds."""
    observations: Mapping[str, Observations]
    """Of each distribution, in the metric's unit."""
    stake: StakeTerms

    def counts(self, name: str) -> tuple[int, int]:
        """Numerator and denominator of a rate."""
        metric = self.metrics[name]
        assert metric.value is None or isinstance(metric.value, int | float), name
        return round((metric.value or 0.0) * metric.n), metric.n

    def reading(self, name: str) -> float | None:
        """The value under a name such as ``soft_latency_ms.p95``."""
        metric, _, statistic = name.partition(".")
        value = self.metrics[metric].value
        return value[statistic] if isinstance(value, Mapping) else value


def gather(figures: Figures, metrics: Mapping[str, Metric], seed: int) -> Evidence:
    """The evidence of a run whose metrics are computed already."""
    terms = stake_terms(figures)
    stake, interval = honesty_stake(terms)
    finalised = int(figures.asked["final"].notna().sum())
    measured: dict[str, Measured] = {
        "integrity_loss": integrity_loss(figures),
        "opg_per_inference": opg_per_inference(figures, finalised),
        "checking_pay_opg_per_inference": checking_pay(figures, finalised),
        "honesty_stake_opg": (stake, terms.decided, interval),
    }
    added = {name: Metric(spec, *measured[name]) for name, spec in ADDED.items()}
    return Evidence(seed, {**metrics, **added}, observations(figures), terms)


def integrity_loss(figures: Figures) -> Measured:
    """How much of what clients may rely on is a fraud."""
    accepted = figures.asked["outcome"] == "accepted"
    return rate(int((accepted & figures.asked["fraud"].notna()).sum()), int(accepted.sum()))


def opg_per_inference(figures: Figures, finalised: int) -> Measured:
    """What an inference costs those who are honest: fees, whoever got them, and what was slashed by mistake.

    What cheats lose is no cost of the service, so it is not in here; `slashed_opg` has it.
    """
    finals = figures.tables.event("BatchFinal")
    spent = total(finals, "paid") + total(finals, "toVerifier") + total(figures.false_slashes, "amount")
    return (spent / finalised, finalised) if finalised else (None, 0)


def checking_pay(figures: Figures, finalised: int) -> Measured:
    """What full nodes got, out of fees, of slashed stake and of forfeited bonds, less the bonds they lost."""
    roles = {name: row["role"] for name, row in figures.tables.participants.items()}
    paid = sum(payment.amount for payment in payments(figures.tables) if roles.get(payment.name) == "full") / WEI
    return (paid / finalised, finalised) if finalised else (None, 0)
