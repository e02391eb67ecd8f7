"""Runs for the tests of the reports: verdicts made by hand, and a small run directory made once."""

from __future__ import annotations

from simnet.invariants import Finding
from simnet.results import FAIL, INCONCLUSIVE, PASS, Judged, Results

DIGEST = "0123456789abcdef" * 4


def make_results(outcome: str = PASS, scenario: str = "sample") -> Results:
    """A verdict: one expectation, one ``sometimes`` and one invariant; unless it passes, the first does not hold."""
    held = outcome == PASS
    reasons = {
        PASS: "every expectation and invariant held",
        FAIL: "1 of 1 expectations did not hold: detection_rate is 0.5, expected detection_rate >= 95 %",
        INCONCLUSIVE: "the run was interrupted",
    }
    detail = "detection_rate is 1" if held else "detection_rate is 0.5, expected detection_rate >= 95 %"
    return Results(
        scenario=scenario,
        seed=7,
        digest=DIGEST,
        strategy="committee",
        outcome=outcome,
        reason=reasons[outcome],
        virtual_s=600.0,
        wall_s=1.25,
        reproducible=True,
        expectations=(Judged("detection_rate >= 95 %", 1.0 if held else 0.5, held, detail),),
        sometimes=(Judged("slashed", None, True, "happened 3 times"),),
        invariants=(Finding("final_is_final", True, "12 batches final"),),
        metrics={},
    )
