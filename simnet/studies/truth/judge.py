"""Holds a run against its scenario's statement.

A frequency passes an exact two-sided binomial test at `ALPHA`; a mean lies within `SIGMAS` standard errors; an
amount is equal to the last printed wei. A printed number must come out of the formula to all its digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from simnet.log.figures import Figures
from simnet.scenario.truth import Check, Truth
from simnet.studies.truth.observations import OBSERVATIONS
from simnet.studies.truth.values import Amounts, Frequency, Mean, Observation
from simnet.theory.formulas import FORMULAS

ALPHA = 1e-4
"""A true case is called false once in ten thousand times."""

SIGMAS = 4.0
"""For means, about the same (6e-5 under the normal distribution)."""

RELATIVE_ERROR = 1e-12
"""What converting wei to OPG in floating point may cost."""


@dataclass(frozen=True)
class Verdict:
    """What became of one check."""

    check: Check
    expected: float
    observed: Observation
    p_value: float | None
    """Of the binomial test, for a frequency."""
    printed_agrees: bool
    """Whether the formula gives the published digits; True if none are given."""
    simulated_agrees: bool

    @property
    def held(self) -> bool:
        """Whether formula, print and simulation are one."""
        return self.printed_agrees and self.simulated_agrees


def judge_truth(truth: Truth, figures: Figures) -> list[Verdict]:
    """The verdict on each number of a statement."""
    return [judge_check(check, figures) for check in truth.checks]


def judge_check(check: Check, figures: Figures) -> Verdict:
    """Compare formula, print and simulation."""
    expected = FORMULAS[check.formula](**check.with_)
    observed = OBSERVATIONS[check.observe](figures, **check.using)
    p_value = binomial_p(observed, expected) if isinstance(observed, Frequency) else None
    printed = check.published is None or agrees_in_print(expected, check.published)
    return Verdict(check, expected, observed, p_value, printed, agrees(observed, expected, p_value))


def agrees(observed: Observation, expected: float, p_value: float | None) -> bool:
    """Whether an observation is compatible with the expectation. Nothing observed agrees with nothing."""
    if not observed.n:
        return False
    match observed:
        case Frequency():
            return p_value is not None and p_value >= ALPHA
        case Mean():
            return abs(observed.value - expected) <= SIGMAS * observed.error
        case Amounts():
            return all(abs(value - expected) <= RELATIVE_ERROR * max(1.0, abs(expected)) for value in observed.values)


def binomial_p(observed: Frequency, expected: float) -> float:
    """Two-sided exact p-value; for an expected 0 or 1, whether there is no exception."""
    from scipy.stats import binomtest

    if not observed.n:
        return 0.0
    return float(binomtest(observed.successes, observed.n, expected).pvalue)


def agrees_in_print(value: float, printed: str) -> bool:
    """Whether `value`, rounded to the digits of `printed`, is what was printed; or is below it, if that is a bound."""
    if printed.startswith("<"):
        return value < float(printed[1:])
    number = Decimal(printed)
    half = Decimal((0, (5,), int(number.as_tuple().exponent) - 1))
    return abs(Decimal(value) - number) <= half * Decimal("1.000001")
