"""JUnit XML says what held, what did not, and how to see it again."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.junit import document, junit_xml, lost_suite, suite
from simnet.verdict.results import FAIL, INCONCLUSIVE, PASS, Judged, Results
from tests.report_samples import DIGEST, make_results


def parsed(*results: Results) -> Element:
    """The document of these runs."""
    return ElementTree.fromstring(junit_xml(results))


def counts(element: Element) -> tuple[str | None, ...]:
    """Tests, failures, errors, skipped; the schema lets only suites have the last."""
    skipped = str(sum(int(suite.get("skipped", "0")) for suite in element.iter("testsuite")))
    return (*(element.get(name) for name in ("tests", "failures", "errors")), skipped)


def test_a_passing_run_is_a_suite_of_passing_cases() -> None:
    root = parsed(make_results(PASS))
    assert counts(root) == ("3", "0", "0", "0")
    cases = {(case.get("classname"), case.get("name")) for case in root.iter("testcase")}
    assert cases == {
        ("sample-7.expectation", "detection_rate >= 95 %"),
        ("sample-7.sometimes", "slashed"),
        ("sample-7.invariant", "final_is_final"),
    }


def test_a_failure_carries_the_value_the_digest_and_the_replay_line() -> None:
    root = parsed(make_results(FAIL))
    assert counts(root) == ("3", "1", "0", "0")
    (failure,) = root.iter("failure")
    assert failure.get("message") == "detection_rate is 50 %, expected detection_rate >= 95 %"
    assert failure.text is not None
    assert DIGEST in failure.text
    assert "simnet run reports/runs/sample-7-01234567/scenario.yaml" in failure.text


def test_a_run_cut_short_is_an_error_and_decides_nothing() -> None:
    root = parsed(make_results(INCONCLUSIVE))
    assert counts(root) == ("4", "0", "1", "3")
    (error,) = root.iter("error")
    assert error.get("message") == "the run was interrupted"


def test_several_runs_are_suites_of_one_document() -> None:
    root = parsed(make_results(PASS, "honest"), make_results(FAIL, "byzantine"), make_results(INCONCLUSIVE, "long"))
    assert [suite.get("name") for suite in root] == ["honest-7", "byzantine-7", "long-7"]
    assert counts(root) == ("10", "1", "1", "3")
    assert root.get("time") == "3.750"


def test_no_runs_give_an_empty_document() -> None:
    assert counts(parsed()) == ("0", "0", "0", "0")


def test_a_run_kept_elsewhere_is_replayed_from_there() -> None:
    assert b"simnet run 'my runs/scenario.yaml'" in junit_xml([make_results(FAIL)], directory=Path("my runs"))


def test_a_run_that_failed_before_it_could_be_judged_is_a_suite_in_error() -> None:
    root = ElementTree.fromstring(document([lost_suite("small-3", "no anvil"), suite(make_results(PASS), "")]))
    assert root[0].get("name") == "small-3"
    assert counts(root[0]) == ("1", "0", "1", "0")
    assert root.get("errors") == "1"
    (error,) = root[0].iter("error")
    assert error.get("message") == "no anvil"


ATTRIBUTES = {
    "testsuites": ({"name", "time", "tests", "failures", "errors"}, set()),
    "testsuite": (
        {"name", "tests", "failures", "errors", "time", "skipped", "timestamp", "hostname"},
        {"name", "tests", "failures", "errors"},
    ),
    "testcase": ({"name", "time", "classname"}, {"name"}),
    "properties": (set(), set()),
    "property": ({"name", "value"}, {"name", "value"}),
    "failure": ({"type", "message"}, set()),
    "error": ({"type", "message"}, set()),
    "skipped": ({"type", "message"}, set()),
    "system-out": (set(), set()),
    "system-err": (set(), set()),
}
"""What junit-10.xsd allows and requires of each element, as far as we use it."""

INSIDE = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase", "system-out", "system-err"},
    "testcase": {"skipped", "error", "failure"},
    "properties": {"property"},
}
"""Which elements it allows in which."""


@pytest.mark.parametrize("outcome", [PASS, FAIL, INCONCLUSIVE])
def test_the_document_holds_to_the_common_schema(outcome: str) -> None:
    lost = document([lost_suite("small-3", "no anvil"), suite(make_results(outcome), "replay", 0.0)])
    for element in ElementTree.fromstring(lost).iter():
        allowed, required = ATTRIBUTES[element.tag]
        assert required <= set(element.keys()) <= allowed, element.tag
        assert {inner.tag for inner in element} <= INSIDE.get(element.tag, set()), element.tag
        if time := element.get("time"):
            assert re.fullmatch(r"[0-9]{1,3}\.[0-9]*", time)


def test_a_suite_says_when_its_run_was_over() -> None:
    assert suite(make_results(PASS), "", 86400.0).get("timestamp") == "1970-01-02T00:00:00"


@given(st.text())
def test_whatever_a_detail_says_the_document_can_be_read(detail: str) -> None:
    broken = replace(make_results(FAIL), expectations=(Judged("x >= 1", 0.0, False, detail),))
    (failure,) = parsed(broken).iter("failure")
    assert failure.get("message") is not None
