"""The format of economy scenarios: what a path of months is made of.

OpenGradient has published the supply, its allocation and the schedule of rewards. Everything else that has a default
here is an assumption, unless its description names a source.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from chain.economy import ALLOCATIONS, MONTH
from chain.quantities import BASIS_POINTS, OPG
from chain.units import Amount, Duration, Share, format_opg
from nodes.parameters import ParameterError, Parameters
from simnet.scenario.files import ExistingFile, csv_rows

MAX_MONTHS = 240
MAX_PATHS = 100_000
MAX_VALIDATORS = 1_000
MAX_DELEGATORS = 50

STAKE_FROM = ("liquidity", "airdrop")
CLIENTS_BUY_FROM = "foundation"
"""Allocations that stake and fees are bought from (assumption)."""


def whole_bps(share: float) -> float:
    """`share`, if contracts can count it: in whole basis points."""
    if abs(share * BASIS_POINTS - round(share * BASIS_POINTS)) > 1e-6:
        raise ParameterError(f"{share:g} is not a whole number of basis points", "expected steps of 0.01 %")
    return share


Bps = Annotated[Share, AfterValidator(whole_bps)]


class Fall(Parameters):
    """A sudden change for good."""

    month: int = Field(ge=0, lt=MAX_MONTHS, description="the first month that has it, counted from 0")
    by: float = Field(gt=0, lt=1, description="share of the value that is lost, such as 0.66")


class Course(Parameters):
    """A quantity over the months."""

    follows: Literal["constant", "gbm", "file"] = Field(
        default="constant", description="gbm: geometric Brownian motion; file: a column of a CSV, a row a month"
    )
    start: float = Field(default=1.0, gt=0, le=1e15, description="value in the first month; a file has its own")
    drift: float = Field(default=0.0, ge=-5, le=5, description="mean growth of the logarithm in a year")
    volatility: float = Field(default=0.0, ge=0, le=5, description="of the logarithm, in a year; of gbm alone")
    file: ExistingFile | None = Field(default=None, description="CSV, of file alone")
    column: str = Field(default="value", description="column of the file")
    falls: tuple[Fall, ...] = Field(default=(), description="sudden falls on top")

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if (self.follows == "file") != (self.file is not None):
            raise ParameterError("'follows: file' and 'file' go together", "add or remove one of them")
        if self.volatility and self.follows != "gbm":
            raise ParameterError(f"what is {self.follows} has no volatility", "write 'follows: gbm', or leave it out")
        if self.file is not None:
            values_in(self.file, self.column)
        return self


def values_in(file: Path, column: str) -> list[float]:
    """The values of a path in a file. Raises `ParameterError` with the line of a bad one."""
    expected = "expected a CSV file with a value above 0 for each month"
    found = []
    for line, row in csv_rows(file, (column,), expected):
        try:
            value = float(row[column])
        except ValueError:
            value = 0.0
        if not 0 < value < 1e15:
            raise ParameterError(f"{file}:{line}: bad {column} {row[column]!r}", expected)
        found.append(value)
    if not found:
        raise ParameterError(f"{file}: no value in it", expected)
    return found


class Work(Parameters):
    """What clients pay for, and what it costs."""

    fee_usd: float = Field(default=0.002, gt=0, le=1e6, description="of one inference (assumption)")
    compute_usd: float = Field(default=0.001, gt=0, le=1e6, description="cost of one honest inference (assumption)")
    check_usd: float = Field(default=0.001, gt=0, le=1e6, description="cost of checking one inference (assumption)")
    value_usd: float = Field(
        default=1.0, gt=0, le=1e9, description="what a client loses by one wrong answer that it acts on (assumption)"
    )


class Validators(Parameters):
    """Nodes that infer, and what stands behind them."""

    count: int = Field(default=100, ge=1, le=MAX_VALIDATORS)
    bond: Amount = Field(default=100_000 * OPG, gt=0, description="of its own, each (assumption)")
    min_bond: Amount = Field(default=10_000 * OPG, gt=0, description="below which a node does not work (assumption)")
    skew: float = Field(
        default=0.8, ge=0, le=5, description="work goes with rank^-skew: 0 is equal, 1 is Zipf's law (assumption)"
    )
    rational: Share = Field(default=1.0, description="share that commits fraud where that pays; the others never do")
    monthly_usd: float = Field(default=100.0, ge=0, le=1e9, description="fixed cost of a node (assumption)")
    patience: int = Field(default=6, ge=1, le=MAX_MONTHS, description="months of loss before one leaves (assumption)")
    commission: Bps = Field(default=0.1, le=0.5, description="of its delegators' rewards (assumption)")


class Delegators(Parameters):
    """Holders who stand behind validators, each behind one."""

    per_validator: int = Field(default=5, ge=0, le=MAX_DELEGATORS)
    stake: Amount = Field(default=40_000 * OPG, ge=100 * OPG, description="of each (assumption)")
    hurdle: tuple[Share, Share] = Field(
        default=(0.0, 0.05), description="least yearly yield in OPG, drawn for each from this range (assumption)"
    )
    nerve: tuple[Share, Share] = Field(
        default=(0.5, 0.95), description="fall of the price that makes one leave, drawn likewise (assumption)"
    )
    lookback: int = Field(default=3, ge=1, le=12, description="months over which that fall counts (assumption)")
    warm_up: int = Field(default=6, ge=1, le=MAX_MONTHS, description="months before yields count (assumption)")
    returning: Share = Field(default=0.0, description="share that buys in again while the yield is above its hurdle")

    @model_validator(mode="after")
    def _ranges_ascend(self) -> Self:
        for name in ("hurdle", "nerve"):
            low, high = getattr(self, name)
            if low > high:
                raise ParameterError(f"{name} goes from {low:g} down to {high:g}", "write the smaller one first")
        return self


class Verification(Parameters):
    """Who checks, how often, and what fraud costs. All of it assumptions; OpenGradient says "a portion"."""

    probability: Share = Field(default=0.01, description="that an inference is checked")
    colluding: Share = Field(default=0.2, description="share of checks by somebody who looks away")
    slash_share: Bps = Field(
        default=0.05, description="of stake, for a fraud found; 5 %, as Cosmos has for signing twice"
    )
    slash_amount: Amount = Field(default=0, description="on top of that share")
    verifier_share: Bps = Field(default=0.2, description="of the fees, to who checks")
    window: Duration = Field(default=3_600.0, description="until an answer is final")
    unbonding: Duration = Field(default=21 * 86_400.0, le=28 * 86_400.0, description="21 d as Cosmos has it")


class Rewards(Parameters):
    """The 100 million over 96 months (published), and what keeps them from those who ask themselves."""

    cap: float = Field(
        default=1.0, ge=0, le=1e6, description="most reward of work, over what it brought its verifiers (assumption)"
    )


Holder = Literal["foundation", "core_contributors", "investors", "liquidity", "airdrop"]
"""Of an allocation; all of them vote as one."""


class Vote(Parameters):
    """A change of the settlement's parameters that is put to the vote, by the governor's rules."""

    month: int = Field(ge=0, lt=MAX_MONTHS, description="counted from 0; its work goes by the vote, if that passes")
    slash_share: Bps | None = Field(default=None, description="of stake, for a fraud found")
    slash_amount: Amount | None = Field(default=None, description="on top of that share")
    verifier_share: Bps | None = Field(default=None, description="of the fees, to who checks")
    for_: tuple[Holder, ...] = Field(
        alias="for", min_length=1, description="who votes for it, with all that is free; the first proposes"
    )
    against: tuple[Holder, ...] = Field(default=(), description="who votes against it")

    @model_validator(mode="after")
    def _is_a_vote(self) -> Self:
        if all(value is None for value in (self.slash_share, self.slash_amount, self.verifier_share)):
            raise ParameterError("the vote changes nothing", "add slash_share, slash_amount or verifier_share")
        voters = [*self.for_, *self.against]
        if twice := next((name for name in voters if voters.count(name) > 1), None):
            raise ParameterError(f"{twice} votes twice", "name every holder once, in 'for' or in 'against'")
        return self


class EconomyScenario(Parameters):
    """An economy over months, and the paths that price and demand may take."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
    description: str = ""
    seed: int = Field(default=42, ge=0, lt=2**63)
    months: int = Field(default=120, ge=1, le=MAX_MONTHS)
    paths: int = Field(default=100, ge=1, le=MAX_PATHS, description="computed in NumPy")
    contracts: int = Field(
        default=1, ge=1, description="paths that run on the contracts as well: the first, and others drawn at random"
    )
    price: Course = Field(
        default=Course(follows="gbm", start=0.1, volatility=0.9), description="US dollars for one OPG"
    )
    demand: Course = Field(default=Course(start=30_000_000.0), description="inferences in a month")
    work: Work = Work()
    validators: Validators = Validators()
    delegators: Delegators = Delegators()
    verification: Verification = Verification()
    rewards: Rewards = Rewards()
    votes: tuple[Vote, ...] = Field(default=(), description="on parameters, at most one a month")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for name in ("price", "demand"):
            path = getattr(self, name)
            if path.file is not None and len(values_in(path.file, path.column)) < self.months:
                raise ParameterError(f"the file of '{name}' has fewer than {self.months} values", "lower 'months'")
        if self.contracts > self.paths:
            raise ParameterError(
                f"{self.contracts} paths on the contracts, of {self.paths} in all", "lower 'contracts' or raise 'paths'"
            )
        months = [vote.month for vote in self.votes]
        if len(set(months)) < len(months):
            raise ParameterError("two votes in one month", "a vote takes nine days: give each a month of its own")
        if months and max(months) >= self.months:
            raise ParameterError(f"a vote in month {max(months)}, of {self.months}", "months count from 0")
        v, d = self.validators, self.delegators
        needed = v.count * (v.bond + d.per_validator * d.stake)
        there = sum(one.at_once for one in ALLOCATIONS if one.name in STAKE_FROM)
        if needed > there:
            raise ParameterError(
                f"the stakes come to {format_opg(needed)}", f"at genesis {format_opg(there)} are for sale"
            )
        if v.bond < v.min_bond:
            raise ParameterError(f"bond {format_opg(v.bond)} is less than min_bond {format_opg(v.min_bond)}")
        if self.verification.unbonding >= MONTH:
            raise ParameterError("unbonding takes longer than an epoch", "expected less than a month")
        if self.verification.window > self.verification.unbonding:
            raise ParameterError("an answer is final after its stake has left", "lower 'window' or raise 'unbonding'")
        return self
