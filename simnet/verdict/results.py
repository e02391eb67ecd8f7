"""A run's verdict: expectations, invariants, ``sometimes``, metrics, and the outcome they amount to.

``results.json`` is a promise to scripts; its keys are in ``docs/results.md``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from simnet.log.events import COMPLETED, DRAWS
from simnet.measure.catalogue import figures, readings
from simnet.measure.metric import Metric
from simnet.measure.outcomes import Outcome, outcomes
from simnet.measure.state import State
from simnet.scenario.schema import Scenario
from simnet.verdict.expectations import Expectation
from simnet.verdict.happened import happenings
from simnet.verdict.invariant import Finding

PASS, FAIL, INCONCLUSIVE = "pass", "fail", "inconclusive"
EXIT_CODES = {PASS: 0, FAIL: 1, INCONCLUSIVE: 3}


@dataclass(frozen=True)
class Judged:
    """An expectation, or a ``sometimes``, and what became of it."""

    expression: str
    value: float | None
    held: bool
    detail: str

    def as_json(self) -> dict[str, Any]:
        """As ``results.json`` has it."""
        return {"expression": self.expression, "value": self.value, "held": self.held}


@dataclass(frozen=True)
class Results:
    """Everything that a run found out."""

    scenario: str
    seed: int
    digest: str
    strategy: str
    outcome: str
    reason: str
    """Why the outcome is what it is, in a sentence."""
    virtual_s: float
    wall_s: float
    measured_time: bool
    """Whether times of this machine went into it."""
    reproducible: bool
    """Whether running the scenario of the run directory again gives the same digest."""
    caveats: tuple[str, ...]
    """What stands in the way of repeating it, here or on another machine, each in a sentence."""
    expectations: tuple[Judged, ...]
    sometimes: tuple[Judged, ...]
    invariants: tuple[Finding, ...]
    metrics: dict[str, Metric]
    participants: tuple[Outcome, ...]
    """What became of those that were told to misbehave or were slashed."""

    @property
    def unmet(self) -> list[Judged]:
        """Expectations that did not hold, and what never happened."""
        return [judged for judged in (*self.expectations, *self.sometimes) if not judged.held]

    @property
    def exit_code(self) -> int:
        """What the command line ends with."""
        return EXIT_CODES[self.outcome]

    def as_json(self) -> dict[str, Any]:
        """The contents of ``results.json``."""
        return {
            "scenario": self.scenario,
            "seed": self.seed,
            "digest": self.digest,
            "strategy": self.strategy,
            "outcome": self.outcome,
            "reason": self.reason,
            "virtual_s": self.virtual_s,
            "wall_s": self.wall_s,
            "reproducible": self.reproducible,
            "caveats": list(self.caveats),
            "expectations": [judged.as_json() for judged in self.expectations],
            "sometimes": [judged.as_json() for judged in self.sometimes],
            "invariants": [
                {"name": found.name, "held": found.held, "detail": found.detail} for found in self.invariants
            ],
            "metrics": {name: metric.as_json() for name, metric in self.metrics.items()},
        }


def judge(
    scenario: Scenario, state: State, findings: Sequence[Finding], digest: str, virtual_s: float, wall_s: float
) -> Results:
    """Say whether a run passed, by its state at the end of its log and what its invariants found."""
    metrics = figures(state)
    values = readings(metrics)
    expectations = tuple(judge_expectation(expectation, values) for expectation in scenario.expect)
    sometimes = tuple(judge_event(name, state) for name in scenario.sometimes)
    outcome, reason = verdict(expectations, sometimes, tuple(findings), state.ended or "cut short")
    measured = scenario.compute.time == "measured" or not scenario.strategy.reproducible
    return Results(
        scenario=scenario.name,
        seed=scenario.seed,
        digest=digest,
        strategy=scenario.strategy.kind,
        outcome=outcome,
        reason=reason,
        virtual_s=virtual_s,
        wall_s=wall_s,
        measured_time=measured,
        reproducible=not measured and not draws(state) and state.ended == COMPLETED,
        caveats=tuple(caveats(measured, state)),
        expectations=expectations,
        sometimes=sometimes,
        invariants=tuple(findings),
        metrics=metrics,
        participants=tuple(outcomes(state)),
    )


def caveats(measured: bool, state: State) -> Iterator[str]:
    """Why the digest may not be repeated. `measured` says that times of this machine went into the run."""
    if not state.ended:
        yield "The log ends before the run did: it was killed, or still goes on."
    elif state.ended != COMPLETED:
        yield "The run ended before its time: the same scenario runs on from here, and has another digest then."
    if measured:
        yield "Time was measured on this machine: the run cannot be repeated bit for bit."
    if state.interventions:
        count = f"{len(state.interventions)} injection{'s' * (len(state.interventions) > 1)}"
        yield f"Steered by hand ({count}): only scenario.yaml in the run directory, which has them, repeats the run."
    for row in state.executed_on:
        names = row["nodes"][0] if len(row["nodes"]) == 1 else f"{row['nodes'][0]} to {row['nodes'][-1]}"
        chosen = ", which auto took" if row["asked"] == "auto" else ""
        yield f"Models of {names} ran on {row['processor']}{chosen}, at the modelled speed of {row['device']}."
    for row in state.remarks:
        yield f"Model {row['name']} {row['remark']}."
    if state.native_models:
        names = ", ".join(state.native_models)
        yield f"Native arithmetic ({names}): the digest holds on processors of this machine's class."


def draws(state: State) -> bool:
    """Whether a model draws random numbers, so that no two runs are alike."""
    return any(row["topic"] == DRAWS for row in state.remarks)


def judge_expectation(expectation: Expectation, values: dict[str, float | None]) -> Judged:
    """Hold an expectation against the run's values."""
    judgement = expectation.evaluate(values)
    return Judged(str(expectation), judgement.value, judgement.held, judgement.detail)


def judge_event(name: str, state: State) -> Judged:
    """Whether something ever happened."""
    count = happenings()[name].count(state)
    return Judged(name, None, count > 0, "happened once" if count == 1 else f"happened {count:,} times")


def verdict(
    expectations: tuple[Judged, ...], sometimes: tuple[Judged, ...], invariants: tuple[Finding, ...], ended: str
) -> tuple[str, str]:
    """Outcome and reason. A broken invariant fails even a run that was cut short; an expectation does not."""
    broken = [found for found in invariants if not found.held]
    if broken:
        return FAIL, f"invariant broken: {broken[0].name}: {broken[0].detail}"
    if ended != COMPLETED:
        return INCONCLUSIVE, f"the run was {ended}"
    missed = [judged for judged in expectations if not judged.held]
    unmet = [judged for judged in sometimes if not judged.held]
    why = [f"{len(missed)} of {len(expectations)} expectations did not hold: {missed[0].detail}"] if missed else []
    why += [f"never happened: {', '.join(judged.expression for judged in unmet)}"] if unmet else []
    if why:
        return FAIL, "; ".join(why)
    return PASS, "every expectation and invariant held"
