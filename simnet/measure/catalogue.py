"""Every metric that there is: ours, one family a module, and those that entry points add."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType, ModuleType

from chain.errors import SimnetError
from simnet.measure import (
    enclaves,
    gains,
    gas,
    payoffs,
    proofs,
    security,
    service,
    serving,
    settlement,
    stakes,
    verification,
)
from simnet.measure.distribution import Distribution
from simnet.measure.fold import Measurement
from simnet.measure.metric import Declared, Metric, MetricSpec
from simnet.measure.rows import Fold, Rewinding, Row
from simnet.measure.state import State

FAMILIES: tuple[ModuleType, ...] = (
    service,
    serving,
    security,
    verification,
    enclaves,
    proofs,
    settlement,
    gas,
    payoffs,
    gains,
    stakes,
)
"""The modules of our metrics, in the order in which they are listed."""

GROUP = "simnet.metrics"
"""Entry points of the metrics of other packages: each names what `simnet.measure.metric.metric` made."""


class BadMetric(SimnetError):
    """A metric of another package cannot be used."""


def declared_in(module: ModuleType) -> Iterator[Declared]:
    """Metrics of a module, in order."""
    for value in vars(module).values():
        if isinstance(value, Declared):
            yield value
        elif isinstance(value, tuple):
            yield from (item for item in value if isinstance(item, Declared))


def third_party() -> Iterator[Declared]:
    """Metrics of other packages. Raises `BadMetric`."""
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        yield load(point)


def load(point: EntryPoint) -> Declared:
    """What an entry point names. Raises `BadMetric`."""
    package = point.dist.name if point.dist else "an unknown package"
    what, hint = f"metric '{point.name}' ({point.value}) of {package}", "repair that package or uninstall it"
    try:
        found = point.load()
    except Exception as error:  # a plugin may fail in any way at all
        raise BadMetric(f"{what} cannot be loaded: {error!r}", hint) from error
    if not isinstance(found, Declared):
        raise BadMetric(f"{what} was not made by simnet.measure.metric.metric", hint)
    return found


def collect() -> dict[str, Declared]:
    """Every metric by name. Raises `BadMetric`."""
    found: dict[str, Declared] = {}
    for one in (*(one for module in FAMILIES for one in declared_in(module)), *third_party()):
        name = one.spec.name
        if name in found:
            raise BadMetric(f"two metrics are called '{name}'", "uninstall the package that brings the second one")
        found[name] = one
    return found


DECLARED: Mapping[str, Declared] = MappingProxyType(collect())
"""Every metric and how it is computed."""

COMPARED: Mapping[str, MetricSpec] = MappingProxyType({name: one.spec for name, one in DECLARED.items()})
"""Every metric by name, those that only comparisons report included."""

METRICS: Mapping[str, MetricSpec] = MappingProxyType({n: spec for n, spec in COMPARED.items() if not spec.compared})
"""Every metric of a run by name."""

READINGS: Mapping[str, MetricSpec] = MappingProxyType(
    {reading: spec for spec in METRICS.values() for reading in spec.readings}
)
"""Every name that a value of a run can be read under."""

FOLDS: tuple[type[Fold], ...] = tuple(dict.fromkeys(one.rests_on for one in DECLARED.values() if one.rests_on))
"""What metrics rest on besides `State`."""


def new_state(exact: bool = False) -> State:
    """The state before the first row of a log, with the folds of all metrics."""
    return State(exact=exact, folds={fold: fold() for fold in FOLDS})


def new_measurement(exact: bool = True) -> Rewinding[Measurement]:
    """What measures a run as its log grows, or a log that is read."""
    return Rewinding(Measurement(new_state(exact)))


def measure(rows: Iterable[Row]) -> State:
    """What a whole log amounts to."""
    measurement = new_measurement()
    for row in rows:
        measurement.on(row)
    return measurement.fold.state


def figure(name: str, state: State) -> Metric:
    """One metric as things stand."""
    one = DECLARED[name]
    return one(source_of(one, state))


def source_of(one: Declared, state: State) -> object:
    """What a metric is computed from."""
    return state if one.rests_on is None else state.folds[one.rests_on]


def figures(state: State) -> dict[str, Metric]:
    """Every metric of a run as things stand."""
    return {name: figure(name, state) for name in METRICS}


def distributions(state: State) -> dict[str, Distribution]:
    """What the percentiles of each distribution are taken of, in the metric's unit."""
    found = ((name, one.compute(source_of(one, state))) for name, one in DECLARED.items() if one.spec.statistics)
    return {name: values for name, values in found if isinstance(values, Distribution)}


def reading(name: str, state: State) -> float | None:
    """The value under a name such as ``soft_latency_ms.p95`` as things stand."""
    return figure(READINGS[name].name, state).readings[name]


def readings(metrics: Mapping[str, Metric]) -> dict[str, float | None]:
    """Every value under the name that an expectation reads it by."""
    return {name: value for metric in metrics.values() for name, value in metric.readings.items()}
