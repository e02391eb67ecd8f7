"""The Markdown summary says what a reviewer must know, and its tables are tables."""

from __future__ import annotations

from pathlib import Path

from reports.source import load_run
from reports.summary import cell, summary


def test_it_says_what_did_not_hold_and_how_to_see_it_again(troubled_run: Path) -> None:
    text = summary(load_run(troubled_run))
    assert text.startswith("### simnet: troubled: ❌ fail\n")
    assert "| ❌ | `soft_latency_ms.p95 <= 1` | soft_latency_ms.p95 is " in text
    assert "| ✅ | `tasks_total >= 100` |" in text
    assert f"replay `simnet run {troubled_run}/scenario.yaml`" in text


def test_it_puts_ground_truth_beside_what_the_protocol_did(troubled_run: Path) -> None:
    text = summary(load_run(troubled_run))
    people = [line.split(" | ")[1:] for line in text.splitlines() if line.startswith(("| inference-", "| full-"))]
    assert {("quantize", "slashed |"), ("lazy_accept", "slashed |")} <= {(line[0], line[-1]) for line in people}


def test_fraud_that_won_is_said_even_of_a_run_that_passed(fraud_wins_run: Path) -> None:
    run = load_run(fraud_wins_run)
    frauds = run.results.metrics["fraud_finalised"].value
    text = summary(run)
    assert text.startswith("### simnet: fraud_wins: ✅ pass\n")
    assert f"- **Fraud won: {frauds} of {frauds} frauds became final.**" in text


def test_rates_come_with_n_and_interval(troubled_run: Path) -> None:
    line = next(line for line in summary(load_run(troubled_run)).splitlines() if line.startswith("| detection_rate |"))
    assert "(n = " in line
    assert "95 % interval" in line


def test_a_cell_cannot_end_early() -> None:
    assert cell("a | b\nc") == "a \\| b c"
