"""What a scenario promises, held against the run as far as it has got."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from chain.errors import SimnetError
from chain.units import parse_duration
from simnet.measure.catalogue import READINGS, reading
from simnet.measure.state import State
from simnet.scenario.locate import read_document
from simnet.verdict.expectations import Expectation, parse_expectation
from simnet.verdict.happened import happenings


class Standing(Enum):
    """How it stands with a promise. The value is its mark, which tells it without colour."""

    HOLDS = "✓"
    FAILS = "✗"
    PENDING = "…"
    """Not yet, and nothing lost so far."""
    UNKNOWN = "·"
    """This version does not know it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One promise and how it stands."""

    text: str
    standing: Standing
    value: float | None = None
    """Of an expectation's first metric, if it has one."""
    unit: str = ""
    """Of that metric."""


@dataclass(frozen=True)
class Results:
    """What ``results.json`` says of a run that is over; empty while there is none."""

    outcome: str = ""
    reason: str = ""
    digest: str = ""
    values: Mapping[str, float | None] = field(default_factory=dict)
    invariants: tuple[tuple[str, bool, str], ...] = ()
    """Name, whether it held, and what was found."""


@dataclass(frozen=True)
class Promises:
    """The part of a scenario that turns green or red."""

    expectations: tuple[Expectation, ...] = ()
    sometimes: tuple[str, ...] = ()
    settle_s: float = 0.0
    """How long the run goes on after clients have asked for the last time."""

    def judge(self, state: State, results: Results) -> list[Verdict]:
        """A verdict on every promise: by the results if the run is over, else by the state."""
        values = results.values if state.ended else {}
        return [
            *(judge_expectation(expectation, state, values) for expectation in self.expectations),
            *(judge_event(name, state) for name in self.sometimes),
        ]

    def failing(self, state: State) -> list[str]:
        """Expectations that fail now."""
        verdicts = (judge_expectation(expectation, state, {}) for expectation in self.expectations)
        return [verdict.text for verdict in verdicts if verdict.standing is Standing.FAILS]


def judge_expectation(expectation: Expectation, state: State, final: Mapping[str, float | None]) -> Verdict:
    """How it stands with an expectation; `final` are the results' values, if there are any."""
    values = {name: final[name] if name in final else reading(name, state) for name in expectation.metrics}
    text, value = str(expectation), values[expectation.metrics[0]]
    unit = READINGS[expectation.metrics[0]].unit
    if not state.ended and any(found is None for found in values.values()):
        return Verdict(text, Standing.PENDING)
    if expectation.evaluate(values).held:
        return Verdict(text, Standing.HOLDS, value, unit)
    waits = not state.ended and may_still_grow(expectation)
    return Verdict(text, Standing.PENDING if waits else Standing.FAILS, value, unit)


def may_still_grow(expectation: Expectation) -> bool:
    """Whether it asks for at least so many of something that is counted up."""
    counted = READINGS[expectation.metrics[0]].unit == "count" and len(expectation.metrics) == 1
    return counted and expectation.comparison in (">=", ">")


def judge_event(name: str, state: State) -> Verdict:
    """How it stands with something that has to happen at least once."""
    if name not in happenings():
        return Verdict(name, Standing.UNKNOWN)
    count = happenings()[name].count(state)
    missing = Standing.FAILS if state.ended else Standing.PENDING
    return Verdict(name, Standing.HOLDS if count else missing, count)


def read_promises(scenario: Path) -> Promises:
    """Those of a resolved scenario file; none if there is no such file, or what it promises is not known here."""
    try:
        described = read_document(scenario.read_bytes(), str(scenario)).value
    except (OSError, SimnetError):
        return Promises()
    expect, sometimes = texts(described.get("expect")), texts(described.get("sometimes"))
    return Promises(tuple(known(expect)), tuple(sometimes), seconds(described.get("settle")))


def seconds(value: Any) -> float:
    """What a duration of a scenario file says; 0 if it is none."""
    try:
        return parse_duration(value)
    except SimnetError:
        return 0.0


def texts(value: Any) -> list[str]:
    """The texts in what should be a list of them."""
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def known(texts: Iterable[str]) -> Iterable[Expectation]:
    """The expectations that this version understands."""
    for text in texts:
        try:
            yield parse_expectation(text)
        except SimnetError:
            continue


class MetricEntry(BaseModel):
    """A metric of ``results.json``, as far as it is read here."""

    value: float | dict[str, float | None] | None


class InvariantEntry(BaseModel):
    """An invariant of ``results.json``."""

    name: str
    held: bool
    detail: str


class ResultsFile(BaseModel):
    """``results.json``, as far as it is read here."""

    outcome: str
    reason: str
    digest: str
    metrics: dict[str, MetricEntry]
    invariants: list[InvariantEntry]


def read_results(file: Path) -> Results:
    """What a run's ``results.json`` says, or nothing if there is none yet, or one of another shape."""
    try:
        found = ResultsFile.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return Results()
    values: dict[str, float | None] = {}
    for name, metric in found.metrics.items():
        value = metric.value
        parts = {f"{name}.{key}": part for key, part in value.items()} if isinstance(value, dict) else {name: value}
        values.update(parts)
    invariants = tuple((entry.name, entry.held, entry.detail) for entry in found.invariants)
    return Results(found.outcome, found.reason, found.digest, values, invariants)
