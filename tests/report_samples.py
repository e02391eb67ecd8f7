"""Runs for the tests of the reports: verdicts made by hand, and small runs that go through the whole engine."""

from __future__ import annotations

from pathlib import Path

from simnet.run import Options, run
from simnet.scenario.load import parse_scenario
from simnet.verdict.invariant import Finding
from simnet.verdict.results import FAIL, INCONCLUSIVE, PASS, Judged, Results

DIGEST = "0123456789abcdef" * 4

TROUBLED = b"""
name: troubled
description: A node quantizes, one verifier is lazy, a client does not pay, and three faults happen.
seed: 3
duration: 4 min
chain: {backend: revm}
models: [digits_mlp]
network: {regions: [us, eu]}
nodes:
  inference: {count: 4, batch_interval: 10 s}
  full: {count: 6}
clients: {count: 6, arrivals: poisson 1/s}
strategy: {kind: committee, size: 3}
adversaries:
  - {behaviour: quantize, variant: int8, count: 1, probability: 40 %}
  - {behaviour: lazy_accept, count: 1}
  - {behaviour: free_rider, count: 1}
faults:
  - {at: 60 s, crash: [full-0], for: 40 s}
  - {at: 110 s, partition: [eu], for: 20 s}
  - {at: 170 s, reorg: 1}
expect:
  - tasks_total >= 100
  - soft_latency_ms.p95 <= 1
sometimes: [slashed]
"""
"""One expectation cannot hold, so that the run fails."""

FRAUD_WINS = b"""
name: fraud_wins
seed: 3
duration: 1 min
chain: {backend: revm}
models: [digits_mlp]
nodes:
  inference: {count: 2}
  full: {count: 2}
clients: {count: 2}
strategy: none
adversaries:
  - {behaviour: quantize, variant: int8, count: 1}
expect:
  - fraud_finalised > 0
"""
"""It passes, and yet fraud won."""


def run_sample(text: bytes, directory: Path) -> Path:
    """Run a scenario; returns its run directory."""
    return run(parse_scenario(text), Options(out=directory)).directory


def make_results(outcome: str = PASS, scenario: str = "sample") -> Results:
    """A verdict: one expectation, one ``sometimes`` and one invariant; unless it passes, the first does not hold."""
    held = outcome == PASS
    reasons = {
        PASS: "every expectation and invariant held",
        FAIL: "1 of 1 expectations did not hold: detection_rate is 50 %, expected detection_rate >= 95 %",
        INCONCLUSIVE: "the run was interrupted",
    }
    detail = "detection_rate is 100 %" if held else "detection_rate is 50 %, expected detection_rate >= 95 %"
    return Results(
        scenario=scenario,
        seed=7,
        digest=DIGEST,
        strategy="committee",
        outcome=outcome,
        reason=reasons[outcome],
        virtual_s=600.0,
        wall_s=1.25,
        measured_time=False,
        reproducible=True,
        caveats=(),
        expectations=(Judged("detection_rate >= 95 %", 1.0 if held else 0.5, held, detail),),
        sometimes=(Judged("slashed", None, True, "happened 3 times"),),
        invariants=(Finding("final_is_final", True, "12 batches final"),),
        metrics={},
        participants=(),
    )
