"""Price, demand and luck of many paths: the contracts and the model are given the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simnet.economy.scenario import Course, EconomyScenario, values_in
from simnet.kernel.streams import Streams

Whole: TypeAlias = NDArray[Any]
"""An array of Python's integers, which have no limit: amounts in wei need 90 bits, and their products 180."""

NANO = 10**9
"""Prices are counted in billionths of a dollar, shares that no contract counts in billionths of a whole."""


@dataclass(frozen=True)
class Paths:
    """What happens to the economy from outside, on some paths."""

    price: Whole
    """Nano-dollars for one OPG; paths × months."""
    demand: Whole
    """Inferences; paths × months."""
    luck: NDArray[np.float64]
    """Uniform draws that say when an audit finds a fraud; paths × months × validators."""

    def __len__(self) -> int:
        return len(self.price)


def draw(scenario: EconomyScenario, numbers: Sequence[int]) -> Paths:
    """The paths of these numbers. A path is the same whichever others are drawn with it."""
    streams = Streams(scenario.seed)
    shape = (scenario.months, scenario.validators.count)
    price = [course(scenario.price, scenario.months, streams.generator(f"price/{i}")) for i in numbers]
    demand = [course(scenario.demand, scenario.months, streams.generator(f"demand/{i}")) for i in numbers]
    luck = [streams.generator(f"audit/{i}").random(shape) for i in numbers]
    return Paths(np.maximum(whole(np.array(price) * NANO), 1), whole(demand), np.array(luck))


def course(chosen: Course, months: int, generator: np.random.Generator) -> NDArray[np.float64]:
    """A quantity month by month.

    Geometric Brownian motion is sampled exactly: the logarithm grows by normal steps with the drift as their mean.
    """
    if chosen.file is not None:
        values = np.array(values_in(chosen.file, chosen.column)[:months])
    else:
        steps = np.full(months - 1, chosen.drift / 12)
        if chosen.follows == "gbm":
            steps += chosen.volatility / np.sqrt(12) * generator.standard_normal(months - 1)
        values = chosen.start * np.exp(np.concatenate([[0.0], np.cumsum(steps)]))
    for fall in chosen.falls:
        values[fall.month :] *= 1 - fall.by
    return values


def whole(values: Any) -> Whole:
    """The nearest exact integers."""
    rounded = np.rint(np.asarray(values, dtype=np.float64))
    found = np.empty(rounded.size, dtype=object)
    found[:] = [int(value) for value in rounded.ravel()]
    return found.reshape(rounded.shape)


def zeros(*shape: int) -> Whole:
    """Exact zeros."""
    return np.zeros(shape, dtype=object)
