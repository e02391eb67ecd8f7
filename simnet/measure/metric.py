"""What a metric is, how one is declared, and how its value is written.

A metric is a function of the run's state, declared once where it is computed::

    @metric("detection_rate", "share", kind="simulated", better="higher")
    def detection_rate(state: State) -> Value:
        \"\"\"Frauds detected, of those detected or finalised.\"\"\"

Results, dashboard, OpenMetrics, report, diff and comparison read all that they know of it from there. A package
declares more of them by entry points in the group ``simnet.metrics``; where `State` lacks what a metric needs,
`rests_on` names a class with a method ``on(row)``, which is shown every row of the log.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Any, Literal, NamedTuple

from simnet.measure.distribution import Distribution
from simnet.measure.needs import Need
from simnet.measure.rows import Fold

Origin = Literal["measured", "simulated", "modelled"]

Z95 = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True)
class Neither:
    """More of it is neither better nor worse, and why."""

    reason: str


Better = Literal["higher", "lower"] | Neither


@dataclass(frozen=True)
class MetricSpec:
    """What a metric is."""

    name: str
    unit: str
    """``count``, ``share`` (0 to 1), ``ratio``, ``ms``, ``s``, ``gas``, ``OPG``, ``USD`` or ``tokens/s``."""
    kind: Origin
    """Where the figure comes from: real execution, the simulated network and its participants, or a cost model."""
    better: Better
    """Which way is better."""
    statistics: tuple[str, ...]
    """Percentiles of a distribution, read as in ``soft_latency_ms.p95``; empty for a single value."""
    description: str
    source: str = ""
    """What a modelled figure rests on."""
    compared: bool = False
    """Whether only comparisons report it, and a run's results leave it out."""
    needs: Need | None = field(default=None, compare=False)
    """Without what it has no value in any run, or, if it is a count, is always 0. Asked before a run: what comes back
    from another process lacks it."""

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "needs": None}

    @property
    def readings(self) -> tuple[str, ...]:
        """The names under which its values can be read."""
        return tuple(f"{self.name}.{statistic}" for statistic in self.statistics) or (self.name,)

    @property
    def direction(self) -> str:
        """``higher`` or ``lower``, whichever is better; empty if neither."""
        return "" if isinstance(self.better, Neither) else self.better

    def improves(self, before: float, after: float) -> bool | None:
        """Whether a change is for the better; ``None`` if it is none, or more is neither better nor worse."""
        if not self.direction or before == after:
            return None
        return (after > before) == (self.direction == "higher")


class Value(NamedTuple):
    """A single value of a metric."""

    value: float | None
    """``None`` where the run does not define it."""
    n: int
    """How many observations it rests on."""
    ci95: tuple[float, float] | None = None


@dataclass(frozen=True)
class Metric:
    """A figure. `value` is a number, a mapping of percentiles, or ``None`` where the run does not define it."""

    spec: MetricSpec
    value: float | Mapping[str, float | None] | None
    n: int
    """How many observations it rests on."""
    ci95: tuple[float, float] | None = None
    censored: int | None = None
    """Of a distribution: how many began and were not over when the run was, so that they are in no percentile."""

    def as_json(self) -> dict[str, Any]:
        """As ``results.json`` has it."""
        found: dict[str, Any] = {"value": self.value, "unit": self.spec.unit, "kind": self.spec.kind, "n": self.n}
        if self.censored is not None:
            found["n_censored"] = self.censored
        return found if self.ci95 is None else {**found, "ci95": list(self.ci95)}

    @property
    def readings(self) -> dict[str, float | None]:
        """Every value under the name that an expectation reads it by."""
        if isinstance(self.value, Mapping):
            return {f"{self.spec.name}.{statistic}": value for statistic, value in self.value.items()}
        return {self.spec.name: self.value}


@dataclass(frozen=True)
class Declared:
    """A metric and how it is computed."""

    spec: MetricSpec
    compute: Callable[[Any], Value | Distribution]
    """From the `State`, or from the fold that it rests on."""
    rests_on: type[Fold] | None = None
    """A fold of its own, made without arguments."""
    censored: Callable[[Any], int] | None = None
    """How many observations of a distribution are not over."""

    def __call__(self, source: Any) -> Metric:
        """The figure as things stand."""
        found = self.compute(source)
        if isinstance(found, Distribution):
            values = {name: found.quantile(int(name[1:]) / 100) for name in self.spec.statistics}
            return Metric(self.spec, values, found.n, censored=self.censored(source) if self.censored else None)
        return Metric(self.spec, *found)


def metric(
    name: str,
    unit: str,
    *,
    kind: Origin,
    better: Better,
    percentiles: tuple[int, ...] = (),
    source: str = "",
    rests_on: type[Fold] | None = None,
    says: str = "",
    compared: bool = False,
    censored: Callable[[Any], int] | None = None,
    needs: Need | None = None,
) -> Callable[[Callable[[Any], Value | Distribution]], Declared]:
    """Declare a metric: a function of `State`, or of the fold it `rests_on`.

    It gives a `Value`, or the `Distribution` whose `percentiles` are reported. What it means is its docstring's first
    sentence, unless `says` has it. A distribution of what may not be over at the end counts that as `censored`.
    Without what it `needs` no run gives it a value, or a count another one than 0: expectations are checked for that. A
    ``modelled`` metric names the `source` of its model; one that is only `compared` is left out of a run's results.
    """
    if kind == "modelled" and not source:
        raise ValueError(f"metric '{name}' is modelled and names no source")

    def declare(compute: Callable[[Any], Value | Distribution]) -> Declared:
        statistics = tuple(f"p{percent}" for percent in percentiles)
        described = says or first_sentence(compute.__doc__ or "")
        spec = MetricSpec(name, unit, kind, better, statistics, described, source, compared, needs)
        return Declared(spec, compute, rests_on, censored)

    return declare


def first_sentence(text: str) -> str:
    """A docstring's first sentence as the catalogue has it: without its full stop, its first letter small."""
    sentence = " ".join(text.split()).partition(". ")[0].removesuffix(".")
    return sentence if sentence[1:2].isupper() else sentence[:1].lower() + sentence[1:]


def wilson(successes: int, n: int) -> tuple[float, float]:
    """95 % interval of a rate (Wilson, "Probable inference", JASA 22, 1927). n is at least 1; 1 is the most."""
    successes = min(successes, n)
    share, z2 = successes / n, Z95**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return (0.0 if successes == 0 else middle - half), (1.0 if successes == n else middle + half)


def rate(successes: int, n: int) -> Value:
    """A share with its interval; undefined for n = 0."""
    return Value(successes / n, n, wilson(successes, n)) if n else Value(None, 0)


def ratio(part: float, whole: float, n: int | None = None) -> Value:
    """A part over a whole, resting on `n` observations, the whole if not said otherwise; undefined of nothing."""
    return Value(part / whole, int(whole) if n is None else n) if whole else Value(None, 0)
