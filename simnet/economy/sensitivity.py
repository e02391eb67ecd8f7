"""Which assumption an outcome hangs on: Morris's elementary effects first, then Sobol's indices of what matters.

SALib does both. Quantities that may be anything over decades are varied in their logarithm.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chain.errors import SimnetError
from simnet.economy.figures import Figures
from simnet.economy.scenario import EconomyScenario
from simnet.economy.study import in_model
from simnet.economy.thresholds import changed

PATHS = 4
"""For each sample: the median over them is the outcome."""

TRAJECTORIES, LEVELS = 8, 4
"""Of Morris."""

SAMPLES = 32
"""Of Sobol: it takes (parameters + 2) times as many."""

KEPT = 4
"""Parameters that go on to Sobol: those of the largest elementary effects."""


class SensitivityMissing(SimnetError):
    """The extra that sensitivity needs is not installed."""

    exit_code = 4

    def __init__(self) -> None:
        super().__init__("sensitivity needs SALib, which is not installed", "pip install 'simnet[economy]'")


@dataclass(frozen=True)
class Varied:
    """A quantity of the scenario, and how far it is varied."""

    path: str
    low: float
    high: float
    decades: bool = False
    """Whether its logarithm is varied."""

    @property
    def bounds(self) -> tuple[float, float]:
        """What SALib is told."""
        return (math.log10(self.low), math.log10(self.high)) if self.decades else (self.low, self.high)

    def value(self, drawn: float) -> float:
        """What the scenario is told."""
        return 10**drawn if self.decades else drawn


VARIED = (
    Varied("work.fee_usd", 5e-4, 2e-2, decades=True),
    Varied("work.compute_usd", 2e-4, 5e-3, decades=True),
    Varied("work.value_usd", 0.1, 10.0, decades=True),
    Varied("demand.start", 3e6, 3e8, decades=True),
    Varied("price.drift", -0.7, 0.7),
    Varied("verification.probability", 1e-8, 1e-1, decades=True),
    Varied("verification.slash_share", 1e-3, 1.0, decades=True),
    Varied("verification.verifier_share", 0.0, 0.5),
    Varied("validators.monthly_usd", 10.0, 1e3, decades=True),
    Varied("validators.commission", 0.0, 0.5),
    Varied("rewards.cap", 0.1, 100.0, decades=True),
)
"""Ranges are assumptions: what is thinkable, not what is likely."""

OUTCOMES: Mapping[str, Callable[[Figures], NDArray[np.float64]]] = {
    "stake kept at the end": lambda f: f["bonded_opg"][:, -1] / np.maximum(f["bonded_opg"][:, 0], 1.0),
    "decades by which corruption costs more than it brings": lambda f: np.log10(
        np.maximum(f["corruption_cost_usd"][:, -1], 1.0) / np.maximum(f["corruption_profit_usd"][:, -1], 1.0)
    ),
    "share of months in which fraud pays somebody": lambda f: (f["cheating"] > 0).mean(axis=1),
}


@dataclass(frozen=True)
class Effect:
    """How much an outcome hangs on a quantity."""

    outcome: str
    path: str
    method: str
    """``morris``: mean absolute elementary effect; ``sobol``: total share of the variance, interactions included."""
    value: float
    half_width: float
    """Of the 95 % interval, by bootstrap."""


def need_salib() -> None:
    """Raise `SensitivityMissing` where it is not installed."""
    if find_spec("SALib") is None:
        raise SensitivityMissing


def sensitivity(scenario: EconomyScenario, tell: Callable[[float], None] = lambda _: None) -> list[Effect]:
    """Both analyses of all outcomes. Raises `SensitivityMissing`."""
    need_salib()
    from SALib.analyze import morris as analyze_morris
    from SALib.analyze import sobol as analyze_sobol
    from SALib.sample import morris as sample_morris
    from SALib.sample import sobol as sample_sobol

    seed = scenario.seed % 2**32
    problem = problem_of(VARIED)
    samples = sample_morris.sample(problem, TRAJECTORIES, num_levels=LEVELS, seed=seed)
    outcomes = run(scenario, VARIED, samples, tell)
    found, largest = [], dict.fromkeys((one.path for one in VARIED), 0.0)
    for name, values in outcomes.items():
        result = analyze_morris.analyze(problem, samples, values, num_levels=LEVELS, seed=seed)
        found += effects(name, "morris", VARIED, result["mu_star"], result["mu_star_conf"])
        total = max(float(np.max(result["mu_star"])), 1e-12)
        for one, effect in zip(VARIED, result["mu_star"], strict=True):
            largest[one.path] = max(largest[one.path], float(effect) / total)
    kept = tuple(one for one in VARIED if one.path in sorted(largest, key=lambda p: -largest[p])[:KEPT])
    problem = problem_of(kept)
    samples = sample_sobol.sample(problem, SAMPLES, calc_second_order=False, seed=seed)
    for name, values in run(scenario, kept, samples, tell, TRAJECTORIES * (len(VARIED) + 1)).items():
        if np.ptp(values) > 0:
            result = analyze_sobol.analyze(problem, values, calc_second_order=False, seed=seed)
            found += effects(name, "sobol", kept, result["ST"], result["ST_conf"])
    return found


def runs_in_all() -> int:
    """How many samples `sensitivity` computes."""
    return TRAJECTORIES * (len(VARIED) + 1) + SAMPLES * (KEPT + 2)


def problem_of(varied: tuple[Varied, ...]) -> dict[str, Any]:
    """As SALib has it."""
    return {
        "num_vars": len(varied),
        "names": [one.path for one in varied],
        "bounds": [list(one.bounds) for one in varied],
    }


def run(
    scenario: EconomyScenario,
    varied: tuple[Varied, ...],
    samples: NDArray[np.float64],
    tell: Callable[[float], None],
    done: int = 0,
) -> dict[str, NDArray[np.float64]]:
    """Every outcome of every sample."""
    few = scenario.model_copy(update={"paths": PATHS})
    found: dict[str, list[float]] = {name: [] for name in OUTCOMES}
    for number, sample in enumerate(samples, start=1):
        one = few
        for quantity, drawn in zip(varied, sample, strict=True):
            one = changed(one, quantity.path, quantity.value(float(drawn)))
        figures = in_model(one)
        for name, outcome in OUTCOMES.items():
            found[name].append(float(np.median(outcome(figures))))
        tell(done + number)
    return {name: np.array(values) for name, values in found.items()}


def effects(outcome: str, method: str, varied: tuple[Varied, ...], values: Any, widths: Any) -> list[Effect]:
    """One for each quantity."""
    return [
        Effect(outcome, one.path, method, float(value), float(width))
        for one, value, width in zip(varied, values, widths, strict=True)
    ]
