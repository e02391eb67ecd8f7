"""JUnit XML of one run or of many, as continuous integration reads it.

A run is a suite; each expectation, each invariant and each ``sometimes`` is a case. What a run that was cut
short could not decide is skipped, and the suite then has one case in error, so that it is not taken for green.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from reports.replay import replay_line, run_directory
from simnet.verdict.results import INCONCLUSIVE, Results

COUNTS = {
    "tests": "testcase",
    "failures": "testcase/failure",
    "errors": "testcase/error",
    "skipped": "testcase/skipped",
}
"""What a suite counts, and where in it."""

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold."""


@dataclass(frozen=True)
class Case:
    """One thing that was checked."""

    group: str
    name: str
    held: bool
    detail: str


def junit_xml(results: Sequence[Results], directory: Path | None = None) -> bytes:
    """The contents of the JUnit file of these runs."""
    return document(suite(result, replay_line(directory or run_directory(result))) for result in results)


def document(suites: Iterable[Element]) -> bytes:
    """The suites as a file."""
    root = Element("testsuites", name="simnet")
    root.extend(suites)
    root.set("time", f"{sum(float(found.get('time', '0')) for found in root):.3f}")
    for count in COUNTS:
        root.set(count, str(sum(int(found.get(count, "0")) for found in root)))
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def lost_suite(name: str, reason: str) -> Element:
    """A run of which nothing can be said but that it failed."""
    found = Element("testsuite", name=_text(name), time="0.000")
    case = SubElement(found, "testcase", classname=_text(f"{name}.run"), name="completed")
    SubElement(case, "error", message=_text(reason), type="failed")
    return counted(found)


def counted(suite: Element) -> Element:
    """The suite with the numbers of its cases."""
    for count, where in COUNTS.items():
        suite.set(count, str(len(suite.findall(where))))
    return suite


def suite(results: Results, replay: str) -> Element:
    """A run."""
    name = f"{results.scenario}-{results.seed}"
    found = Element("testsuite", name=_text(name), time=f"{results.wall_s:.3f}")
    properties = SubElement(found, "properties")
    for key, value in {
        "strategy": results.strategy,
        "outcome": results.outcome,
        "reason": results.reason,
        "digest": results.digest,
        "replay": replay,
    }.items():
        SubElement(properties, "property", name=key, value=_text(value))
    undecided = results.outcome == INCONCLUSIVE
    if undecided:
        case = SubElement(found, "testcase", classname=_text(f"{name}.run"), name="completed")
        SubElement(case, "error", message=_text(results.reason), type="inconclusive").text = f"replay: {replay}"
    for checked in cases(results):
        case = SubElement(found, "testcase", classname=_text(f"{name}.{checked.group}"), name=_text(checked.name))
        if undecided:
            SubElement(case, "skipped", message=_text(f"undecided; so far: {checked.detail}"))
        elif not checked.held:
            failure = SubElement(case, "failure", message=_text(checked.detail), type=checked.group)
            failure.text = _text(f"{checked.detail}\ndigest: {results.digest}\nreplay: {replay}")
    return counted(found)


def cases(results: Results) -> Iterable[Case]:
    """Everything that was checked in a run."""
    for judged in results.expectations:
        yield Case("expectation", judged.expression, judged.held, judged.detail)
    for judged in results.sometimes:
        yield Case("sometimes", judged.expression, judged.held, judged.detail)
    for finding in results.invariants:
        yield Case("invariant", finding.name, finding.held, finding.detail)


def _text(text: str) -> str:
    """`text` without what XML cannot hold."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
