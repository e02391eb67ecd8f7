"""The page answers its five questions in order, hides no bad news, and needs nothing from outside."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest

from reports.assumptions import assumptions
from reports.html import LIBRARY, expected, plots, report_html
from reports.source import load_run
from simnet.scenario.load import parse_scenario
from tests.report_samples import TROUBLED

QUESTIONS = [
    "Did it hold?",
    "Who cheated, and what became of them?",
    "How long did it take?",
    "What did it cost?",
    "What was assumed?",
]


@pytest.fixture
def page(troubled_run: Path) -> str:
    """The report of a run that failed."""
    return report_html(load_run(troubled_run))


def without_library(page: str) -> str:
    """The page less plotly.js, which holds addresses that it does not use here."""
    return page.replace(LIBRARY.read_text(encoding="utf-8"), "")


def visible(page: str) -> str:
    """The text of the page's body."""
    body = re.sub(r"<(script|style).*?</\1>", "", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


def test_it_answers_the_questions_in_order(page: str) -> None:
    assert re.findall(r"<h2><span>\d</span> (.*?)</h2>", page) == QUESTIONS


def test_it_says_what_failed_and_how_to_run_it_again(page: str, troubled_run: Path) -> None:
    text, run = visible(page), load_run(troubled_run)
    assert "fail 1 of 2 expectations did not hold" in text
    assert "✗ failed soft_latency_ms.p95 &lt;= 1" in text
    assert f"simnet run {troubled_run}/scenario.yaml" in text
    assert run.results.digest in text


def test_an_expectation_of_a_percentile_has_the_interval_of_its_figure(troubled_run: Path) -> None:
    run = load_run(troubled_run)
    (latency,) = [expected(one, run) for one in run.results.expectations if one.expression.startswith("soft")]
    low, high = latency.interval or (math.nan, math.nan)
    assert low <= (latency.judged.value or 0.0) <= high
    (mark,) = [one for one in plots(run)["soft-latency"].traces if one.get("name", "").startswith("p95")]
    assert mark["x"][0] - mark["error_x"]["arrayminus"][0] == pytest.approx(low, abs=1e-6)


def test_fraud_that_won_is_said_before_anything_else(fraud_wins_run: Path) -> None:
    run = load_run(fraud_wins_run)
    count = run.results.metrics["fraud_finalised"].value
    text = visible(report_html(run))
    assert text.index(f"Fraud won: {count} of {count} frauds became final.") < text.index(QUESTIONS[0])
    assert "frauds final, not slashed" in text


def test_an_honest_participant_that_was_slashed_is_said_before_anything_else(troubled_run: Path) -> None:
    run = load_run(troubled_run)
    false_positive = replace(run.results.metrics["honest_slashed_opg"], value=12.5, n=1)
    metrics = {**run.results.metrics, "honest_slashed_opg": false_positive}
    text = visible(report_html(replace(run, results=replace(run.results, metrics=metrics))))
    assert text.index("Honest participants were slashed: they lost 12.5 OPG.") < text.index(QUESTIONS[0])


def test_every_figure_has_its_kind_its_n_and_its_interval(page: str) -> None:
    captions = re.findall(r"<figcaption><b>Figure (\d+)\.</b>.*?<span class=\"evidence\">(.*?)<button", page, re.DOTALL)
    assert [int(number) for number, _ in captions] == list(range(1, len(captions) + 1))
    for _, evidence in captions:
        assert re.match(r"(measured|simulated|modelled) · n = .+ · .*interval", " ".join(evidence.split()))


def test_ground_truth_stands_beside_what_the_protocol_did(page: str) -> None:
    row = re.search(r"<tr><td[^>]*>[\w-]+</td><td>quantize</td>.*?</tr>", page, re.DOTALL)
    assert row is not None
    assert ">slashed</td>" in row[0]


def test_it_refers_to_nothing_outside_and_may_load_nothing(page: str) -> None:
    rest = without_library(page)
    assert "default-src 'none'" in rest
    assert not re.search(r"(?:src|href)\s*=|@import|url\(|fetch\(|XMLHttpRequest", rest)


def test_it_is_small(page: str) -> None:
    assert len(page.encode()) < 2_000_000


def test_what_a_scenario_says_cannot_become_markup(troubled_run: Path) -> None:
    run = load_run(troubled_run)
    hostile = run.scenario.model_copy(update={"description": "<script>alert(1)</script>"})
    assert "<script>alert" not in report_html(replace(run, scenario=hostile))


def test_every_assumption_is_listed_with_its_value(page: str) -> None:
    found = {one.path: one for one in assumptions(parse_scenario(TROUBLED))}
    economics = {path for path in found if path.startswith("economics.")}
    assert {"economics.slash_share", "economics.unbonding", "strategy.commit_window", "clients.fee"} <= found.keys()
    assert len(economics) >= 10
    assert found["economics.slash_share"].value == "0.1"
    for path in found:
        assert f"<code>{path}</code>" in page


def test_an_assumption_that_the_scenario_changed_is_marked() -> None:
    text = TROUBLED + b"economics: {slash_share: 30 %}\n"
    found = {one.path: one for one in assumptions(parse_scenario(text))}
    assert found["economics.slash_share"].chosen
    assert found["economics.slash_share"].value == "0.3"
    assert not found["economics.jail"].chosen
