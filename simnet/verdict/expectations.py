"""Expectations: what a scenario says must hold, such as ``soft_latency_ms.p95 <= 800``.

An expression compares a metric with a number, a percentage or another metric. A metric that has no value
in a run (a rate of nothing) holds to no expectation.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, NamedTuple, TypeAlias

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from nodes.parameters import ParameterError, did_you_mean
from simnet.measure.catalogue import METRICS, READINGS

OPERATORS: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {
        ">=": operator.ge,
        "<=": operator.le,
        "==": operator.eq,
        "!=": operator.ne,
        "<": operator.lt,
        ">": operator.gt,
    }
)

BOUNDS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "count": (0.0, math.inf),
        "gas": (0.0, math.inf),
        "ms": (0.0, math.inf),
        "s": (0.0, math.inf),
        "share": (0.0, 1.0),
    }
)
"""Least and greatest value of a metric, by its unit; the others have none."""

_EXPECTED = "expected such as 'detection_rate >= 95 %' or 'soft_latency_ms.p95 <= 800'"
_EXPRESSION = re.compile(r"([^<>=!]+)(>=|<=|==|!=|<|>)([^<>=!]+)")
_NUMBER = re.compile(r"([-+]?(?:[0-9][0-9_]*(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?)\s*(%)?")
_METRIC = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_MAX_LENGTH = 200


class ExpectationError(ParameterError):
    """An expectation cannot be understood."""


@dataclass(frozen=True)
class Metric:
    """A value that the run yields."""

    name: str
    """With its statistic, if it has one: ``soft_latency_ms.p95``."""

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Number:
    """A constant."""

    value: float
    text: str
    """As it was written."""

    def __str__(self) -> str:
        return self.text


Operand: TypeAlias = Metric | Number


class Judgement(NamedTuple):
    """What became of an expectation in a run."""

    value: float | None
    """Of its first metric; ``None`` if that has none."""
    held: bool
    detail: str
    """One sentence for a person."""


@dataclass(frozen=True)
class Expectation:
    """A comparison that must hold."""

    left: Operand
    comparison: str
    right: Operand

    def __str__(self) -> str:
        return f"{self.left} {self.comparison} {self.right}"

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics it names, first one first."""
        return tuple(side.name for side in (self.left, self.right) if isinstance(side, Metric))

    def evaluate(self, values: Mapping[str, float | None]) -> Judgement:
        """Hold the run's `values`, by reading such as ``soft_latency_ms.p95``, against it."""
        value = values.get(self.metrics[0])
        for name in self.metrics:
            if values.get(name) is None:
                return Judgement(value, False, f"{name} is undefined: the run had nothing to compute it from")
        left, right = (
            side.value if isinstance(side, Number) else values[side.name] for side in (self.left, self.right)
        )
        assert left is not None
        assert right is not None
        held = OPERATORS[self.comparison](left, right)
        found = " and ".join(f"{name} is {written(values[name], READINGS[name].unit)}" for name in self.metrics)
        return Judgement(value, held, found if held else f"{found}, expected {self}")


def written(value: float | None, unit: str) -> str:
    """A value as expectations are written: a share in percent, a count whole."""
    assert value is not None
    if unit == "share":
        return f"{100 * value:.6g} %"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.6g}"


def vacuous(expectation: Expectation) -> tuple[str, str]:
    """Why an expectation says nothing about any run, and a hint; empty if it does say something.

    One that only an undefined value fails, such as ``detection_rate >= 0``, asks that the value is defined: it says
    something, unless the metric is a count, which is never undefined.
    """
    name = expectation.metrics[0]
    number = next((side for side in (expectation.left, expectation.right) if isinstance(side, Number)), None)
    unit = READINGS[name].unit
    if number is None or unit not in BOUNDS:
        return "", ""
    low, high = BOUNDS[unit]
    beside = (math.nextafter(number.value, -math.inf), number.value, math.nextafter(number.value, math.inf))
    held = {expectation.evaluate({name: value}).held for value in (low, *beside, high) if low <= value <= high}
    if len(held) > 1 or (held == {True} and unit != "count"):
        return "", ""
    what = "a share, from 0 to 1" if unit == "share" else f"never below {low:g}"
    hint = f"did you mean {number.text} %?" if unit == "share" and 1 < number.value <= 100 else ""
    return f"'{expectation}' {'always' if held == {True} else 'never'} holds: {name} is {what}", hint


def parse_expectation(text: object) -> Expectation:
    """The expectation that `text` states. Raises `ExpectationError`."""
    match = _EXPRESSION.fullmatch(text) if isinstance(text, str) and len(text) <= _MAX_LENGTH else None
    if match is None:
        shown = repr(text) if isinstance(text, str) and len(text) <= _MAX_LENGTH else "this"
        raise ExpectationError(f"{shown} is not a comparison", _EXPECTED)
    expectation = Expectation(_operand(match[1].strip()), match[2], _operand(match[3].strip()))
    if not expectation.metrics:
        raise ExpectationError(f"'{text}' names no metric", _EXPECTED)
    return expectation


def _operand(text: str) -> Operand:
    if number := _NUMBER.fullmatch(text):
        value = float(number[1].replace("_", "")) / (100 if number[2] else 1)
        if math.isfinite(value):
            return Number(value, text)
    if text in READINGS:
        return Metric(text)
    if not _METRIC.fullmatch(text):
        raise ExpectationError(f"'{text}' is neither a metric nor a number", _EXPECTED)
    if text in METRICS:
        readings = ", ".join(METRICS[text].readings)
        raise ExpectationError(f"'{text}' is a distribution", f"read one of its percentiles: {readings}")
    name, _, statistic = text.partition(".")
    if name in METRICS:
        readings = " or ".join(METRICS[name].readings)
        raise ExpectationError(f"metric '{name}' has no statistic '{statistic}'", f"read it as {readings}")
    raise ExpectationError(f"unknown metric '{text}'", did_you_mean(text, READINGS))


def _read(value: object) -> Expectation:
    return value if isinstance(value, Expectation) else parse_expectation(value)


ExpectationField = Annotated[
    Expectation,
    PlainValidator(_read),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "examples": ["detection_rate >= 95 %", "soft_latency_ms.p95 <= 800"]}),
]
"""An expectation as a pydantic field, written as text."""
