"""A run's verdict: expectations, invariants, ``sometimes``, metrics, and the outcome they amount to.

``results.json`` is a promise to scripts; its keys are in ``docs/results.md``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simnet.log.tables import Tables
from simnet.measure.metrics import Metric, as_text, compute, readings
from simnet.scenario.schema import Scenario
from simnet.verdict.expectations import Expectation
from simnet.verdict.invariants import Finding, check_invariants

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
    reproducible: bool
    expectations: tuple[Judged, ...]
    sometimes: tuple[Judged, ...]
    invariants: tuple[Finding, ...]
    metrics: dict[str, Metric]

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
            "expectations": [judged.as_json() for judged in self.expectations],
            "sometimes": [judged.as_json() for judged in self.sometimes],
            "invariants": [
                {"name": found.name, "held": found.held, "detail": found.detail} for found in self.invariants
            ],
            "metrics": {name: metric.as_json() for name, metric in self.metrics.items()},
        }


def judge(scenario: Scenario, tables: Tables, digest: str, virtual_s: float, wall_s: float) -> Results:
    """Compute everything from the log, and say whether the run passed."""
    metrics = compute(tables)
    values = readings(metrics)
    expectations = tuple(judge_expectation(expectation, values) for expectation in scenario.expect)
    sometimes = tuple(Judged(name, None, held, detail) for name, held, detail in happened(scenario.sometimes, tables))
    invariants = tuple(check_invariants(tables))
    outcome, reason = verdict(expectations, sometimes, invariants, tables.ended.get("reason", "cut short"))
    return Results(
        scenario=scenario.name,
        seed=scenario.seed,
        digest=digest,
        strategy=scenario.strategy.kind,
        outcome=outcome,
        reason=reason,
        virtual_s=virtual_s,
        wall_s=wall_s,
        reproducible=scenario.compute.time == "modelled" and scenario.strategy.reproducible,
        expectations=expectations,
        sometimes=sometimes,
        invariants=invariants,
        metrics=metrics,
    )


def judge_expectation(expectation: Expectation, values: dict[str, float | None]) -> Judged:
    """Hold an expectation against the run's values."""
    judgement = expectation.evaluate(values)
    return Judged(str(expectation), judgement.value, judgement.held, judgement.detail)


def verdict(
    expectations: tuple[Judged, ...], sometimes: tuple[Judged, ...], invariants: tuple[Finding, ...], ended: str
) -> tuple[str, str]:
    """Outcome and reason. A broken invariant fails even a run that was cut short; an expectation does not."""
    broken = [found for found in invariants if not found.held]
    if broken:
        return FAIL, f"invariant broken: {broken[0].name}: {broken[0].detail}"
    if ended != "completed":
        return INCONCLUSIVE, f"the run was {ended}"
    missed = [judged for judged in expectations if not judged.held]
    if missed:
        return FAIL, f"{len(missed)} of {len(expectations)} expectations did not hold: {missed[0].detail}"
    unmet = [judged for judged in sometimes if not judged.held]
    if unmet:
        return FAIL, f"never happened: {', '.join(judged.expression for judged in unmet)}"
    return PASS, "every expectation and invariant held"


SOMETIMES_CHECKS: dict[str, Callable[[Tables], int]] = {
    "slashed": lambda tables: len(tables.event("Slashed")),
    "challenge_opened": lambda tables: sum(
        len(tables.event(name)) for name in ("Challenged", "Disputed", "Equivocation")
    ),
    "claim_rejected": lambda tables: len(tables.event("ClaimRejected")),
    "batch_voided": lambda tables: sum(not row["accepted"] and row["voided"] for row in tables.event("BatchFinal")),
    "equivocation_proved": lambda tables: len(tables.event("Equivocation")),
    "jailed": lambda tables: len(tables.event("Jailed")),
    "copied_vote": lambda tables: sum(row["act"] == "vote" for row in tables.of("cheated")),
    "missed_reveal": lambda tables: sum(as_text(row["reason"]) == "missed_reveal" for row in tables.event("Slashed")),
    "partitioned": lambda tables: sum(row["verb"] == "partition" for row in tables.of("fault_injected")),
    "message_lost": lambda tables: sum(bool(row["lost"]) for row in tables.of("message_sent")),
    "crashed": lambda tables: sum(row["verb"] == "crash" for row in tables.of("fault_injected")),
    "reorged": lambda tables: len(tables.of("chain_reorged")),
}
"""How often each of `simnet.measure.catalogue.SOMETIMES` happened in a log."""


def happened(names: tuple[str, ...], tables: Tables) -> list[tuple[str, bool, str]]:
    """For each name whether it ever happened."""
    counts = [(name, int(SOMETIMES_CHECKS[name](tables))) for name in names]
    return [(name, count > 0, f"happened {count} times") for name, count in counts]
