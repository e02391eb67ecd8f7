"""Where an outcome turns: a quantity of the scenario is swept, and a logistic curve is laid through the paths."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chain.quantities import OPG
from simnet.economy.course import share_out, slash_of, worked
from simnet.economy.figures import Figures
from simnet.economy.model import Model
from simnet.economy.paths import NANO, Paths, draw
from simnet.economy.scenario import Course, EconomyScenario, Fall
from simnet.economy.study import in_model
from simnet.economy.terms import Terms, terms_of
from simnet.studies.equilibrium.fit import Chosen, Threshold, fit
from simnet.theory.sampling import posp_threshold

Outcome = Callable[[Figures], NDArray[np.bool_]]
"""Whether something holds, on each path."""

VALUES = 11
"""How many are tried of a quantity."""

REPLICATES = 400


@dataclass(frozen=True)
class Turn:
    """Where an outcome turns from failing to holding."""

    threshold: Threshold
    between: tuple[float, float]
    choices: tuple[Chosen, ...]

    @property
    def says(self) -> str:
        """The interval in words, and what was seen at an end of the range where the interval reaches it."""
        low, high = self.between
        if all(one.turned == one.n for one in self.choices):
            return f"holds from {low:.3g} on, the least that was tried"
        if not any(one.turned for one in self.choices):
            return f"does not hold up to {high:.3g}, the most that was tried"
        found = self.threshold
        if self.is_bounded:
            return f"{found.value:.3g} ({found.low:.3g} – {found.high:.3g})"
        last = self.choices[-1 if found.high >= high * (1 - 1e-9) else 0]
        return (
            f"{found.value:.3g} ({found.low:.3g} – {found.high:.3g}, an end of what was tried: at {last.value:.3g} it"
            f" holds on {last.turned} of {last.n} paths)"
        )

    @property
    def is_bounded(self) -> bool:
        """Whether the interval lies within what was tried."""
        low, high = self.between
        return low * (1 + 1e-9) < self.threshold.low and self.threshold.high < high * (1 - 1e-9)


def changed(scenario: Any, path: str, value: Any) -> Any:
    """The scenario with another value at ``section.key``."""
    head, _, rest = path.partition(".")
    inner = changed(getattr(scenario, head), rest, value) if rest else value
    return scenario.model_copy(update={head: inner})


def sweep(
    scenario: EconomyScenario,
    vary: Callable[[float], EconomyScenario],
    between: tuple[float, float],
    outcomes: Mapping[str, Outcome],
) -> dict[str, Turn]:
    """Where each outcome turns while a quantity grows. All are read from the same runs."""
    values = [float(value) for value in np.geomspace(*between, VALUES)]
    found: dict[str, list[Chosen]] = {name: [] for name in outcomes}
    for value in values:
        figures = in_model(vary(value))
        for name, holds in outcomes.items():
            held = holds(figures)
            found[name].append(Chosen(value, int(held.sum()), len(held)))
    return {name: Turn(fit(choices, between), between, tuple(choices)) for name, choices in found.items()}


def with_fall(scenario: EconomyScenario, month: int, left: float) -> EconomyScenario:
    """The scenario with a price that falls to that share of itself, for good."""
    if left >= 1:
        return scenario
    price: Course = scenario.price
    falls = (*price.falls, Fall(month=month, by=1 - left))
    return scenario.model_copy(update={"price": price.model_copy(update={"falls": falls})})


@dataclass(frozen=True)
class FraudTrial:
    """From which sampling probability on fraud has not paid, by trial and by theory."""

    value: float
    low: float
    high: float
    """95 % interval, by bootstrap over the paths."""
    theory: float
    frauds: int

    @property
    def holds(self) -> bool:
        """Whether theory is within the interval."""
        return self.low <= self.theory <= self.high


def try_fraud(scenario: EconomyScenario, paths: int) -> FraudTrial:
    """Have every validator commit frauds in the first month, whatever pays, and see what they gained.

    What a fraud found costs is what the model, and so the contracts, took for it. Nobody's later months are counted,
    nor the work that a validator misses for the rest of the month: nor are they in the formula.
    """
    drawn, terms = draw(scenario, range(paths)), terms_of(scenario)
    grid = np.geomspace(1e-12, 1.0, 97)
    for _ in range(2):  # the second time between the neighbours of where the sign changes
        gains = np.array([gain(changed(scenario, "verification.probability", float(p)), drawn) for p in grid])
        crossing = int(np.argmax(gains.mean(axis=1) < 0))
        low, high = grid[max(0, crossing - 6)], grid[min(len(grid) - 1, crossing + 6)]
        last, grid = grid, np.geomspace(low, high, 41)
    chosen = np.random.default_rng(scenario.seed).integers(0, paths, (REPLICATES, paths))
    found = np.array([crossing_of(last, gains[:, one].mean(axis=1)) for one in chosen])
    per_fraud = float(slash_usd(terms, drawn))
    reward = scenario.work.fee_usd * (1 - scenario.verification.verifier_share)
    theory = posp_threshold(scenario.work.compute_usd, reward, per_fraud, scenario.verification.colluding)
    value = crossing_of(last, gains.mean(axis=1))
    low, high = np.quantile(found, [0.025, 0.975]).tolist()
    return FraudTrial(value, low, high, theory, paths * terms.validators)


def gain(scenario: EconomyScenario, drawn: Paths) -> NDArray[np.float64]:
    """Dollars that a validator gained by frauds instead of honest work in the first month: its mean, path by path."""
    terms = terms_of(scenario)
    model = Model(terms, len(drawn))
    price = drawn.price[:, :1]
    everybody = np.ones((len(drawn), terms.validators), dtype=bool)
    fee = terms.fee_nano * OPG // price
    asked = share_out(terms, drawn.demand[:, :1], fee, everybody)
    jobs = worked(terms, asked, everybody & (asked > 0), fee, drawn.luck[:, 0])
    done = model.work(jobs)
    saved = jobs.count * terms.compute_nano
    refused = np.where(jobs.found, fee - fee * terms.verifier_bps // 10_000, 0)
    lost = (refused + done.slashed) * price // OPG
    found: NDArray[np.float64] = (saved - lost).astype(np.float64).mean(axis=1) / NANO
    return found


def crossing_of(values: NDArray[np.float64], gains: NDArray[np.float64]) -> float:
    """Where the mean gain goes below 0, on a straight line in the logarithm between neighbours."""
    after = int(np.argmax(gains < 0))
    if after == 0:
        return float(values[0] if gains[0] < 0 else values[-1])
    (x0, x1), (y0, y1) = np.log(values[after - 1 : after + 1]), gains[after - 1 : after + 1]
    return float(np.exp(x0 + (x1 - x0) * y0 / (y0 - y1)))


def slash_usd(terms: Terms, drawn: Paths) -> float:
    """What the first fraud costs in dollars at genesis, on average."""
    share = slash_of(terms, Model(terms, len(drawn)).stakes().bonded)
    return float(np.mean((share * drawn.price[:, :1] // OPG).astype(np.float64)) / NANO)


def reached(name: str, month: int, at_least: float) -> Outcome:
    """Whether a figure is at least so much in a month."""
    return lambda figures: np.asarray(figures[name][:, month] >= at_least)


def never(name: str, since: int) -> Outcome:
    """Whether a figure is 0 in all months from one on."""
    return lambda figures: np.asarray(~(figures[name][:, since:] > 0).any(axis=1))


def covered(since: int) -> Outcome:
    """Whether corruption costs more than it brings in all months from one on."""
    margin = "corruption_cost_usd", "corruption_profit_usd"
    return lambda figures: np.asarray((figures[margin[0]] > figures[margin[1]])[:, since:].all(axis=1))


def spread(values: Sequence[float] | NDArray[np.float64]) -> tuple[float, float, float]:
    """Median, and what holds 95 % of the paths."""
    low, middle, high = np.quantile(np.asarray(values, dtype=np.float64), [0.025, 0.5, 0.975])
    return float(middle), float(low), float(high)
