"""Compares a run with its scenario's statement.

What is counted passes an exact binomial test, and a mean a normal one, at a level that is corrected for the number of
rows; an amount is equal to the last wei that is printed. A printed number must come out of the formula to all its
digits. A row whose test would not notice a large bias is inconclusive, whatever was observed, unless it fails.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from simnet.scenario.truth import Check, Truth
from simnet.studies.truth.observations import OBSERVATIONS
from simnet.studies.truth.observed import Observed
from simnet.studies.truth.sharpness import ALPHA, Sharpness, p_value, sharpness_of
from simnet.studies.truth.values import Amounts, Observation
from simnet.theory.formulas import FORMULAS

RELATIVE_ERROR = 1e-12
"""What converting wei to OPG in floating point may cost."""


class Outcome(StrEnum):
    """What became of a row, or of a case."""

    HOLDS = "holds"
    PRINTED = "agrees in print"
    """The formula gives the printed digits; nothing is simulated."""
    INCONCLUSIVE = "inconclusive"
    FAILS = "does not hold"


@dataclass(frozen=True)
class Verdict:
    """What became of one check."""

    check: Check
    expected: float
    observed: Observation | None
    """``None`` where the formula is held against print alone."""
    p_value: float | None
    """Of what is counted or averaged."""
    sharpness: Sharpness | None
    """``None`` for amounts, of which any deviation is noticed."""
    printed_agrees: bool
    """Whether the formula gives the published digits; True if none are given."""

    @property
    def simulated_agrees(self) -> bool:
        """Whether the observation is compatible with the expected value; nothing observed is with any."""
        match self.observed:
            case None:
                return True
            case Amounts(values):
                return all(equal(value, self.expected) for value in values)
            case _:
                return not self.observed.n or (self.p_value is not None and self.p_value >= ALPHA)

    @property
    def outcome(self) -> Outcome:
        """Whether formula, print and simulation are one."""
        if not (self.printed_agrees and self.simulated_agrees):
            return Outcome.FAILS
        if self.observed is None:
            return Outcome.PRINTED
        blunt = self.sharpness is not None and self.sharpness.is_blunt
        return Outcome.INCONCLUSIVE if blunt or not self.observed.n else Outcome.HOLDS


def judge_truth(truth: Truth, observed: Observed) -> list[Verdict]:
    """The verdict on each number of a statement."""
    return [judge_check(check, observed) for check in truth.checks]


def judge_check(check: Check, run: Observed) -> Verdict:
    """Compare formula, print and simulation."""
    expected = FORMULAS[check.formula](**check.with_)
    printed = check.published is None or agrees_in_print(expected, check.published)
    if check.observe is None:
        return Verdict(check, expected, None, None, None, printed)
    observed = OBSERVATIONS[check.observe].of(run, **check.using)
    return Verdict(check, expected, observed, p_value(observed, expected), sharpness_of(observed, expected), printed)


def equal(value: float, expected: float) -> bool:
    """Whether two amounts are the same but for floating point."""
    return abs(value - expected) <= RELATIVE_ERROR * max(1.0, abs(expected))


def agrees_in_print(value: float, printed: str) -> bool:
    """Whether `value`, rounded to the digits of `printed`, is what was printed; or is below it, if that is a bound."""
    if printed.startswith("<"):
        return value < float(printed[1:])
    number = Decimal(printed)
    half = Decimal((0, (5,), int(number.as_tuple().exponent) - 1))
    return abs(Decimal(value) - number) <= half * Decimal("1.000001")
