"""JUnit XML of one run or of many, as continuous integration reads it.

It holds to the schema of Jenkins' xUnit plugin (junit-10.xsd). A run is a suite; each expectation, each invariant and
each ``sometimes`` is a case. What a run that was cut short could not decide is skipped, and the suite then has one case
in error, so that it is not taken for green.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from reports.replay import replay_line, run_directory
from reports.source import LOG
from simnet.verdict.results import INCONCLUSIVE, Results

COUNTS = {
    "tests": "testcase",
    "failures": "testcase/failure",
    "errors": "testcase/error",
    "skipped": "testcase/skipped",
}
"""What a suite counts, and where in it."""

TOTALS = ("tests", "failures", "errors")
"""What the schema lets the whole file count."""

ENDED = "%Y-%m-%dT%H:%M:%S"
"""Times of the schema, in UTC."""

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
    places = [(result, directory or run_directory(result)) for result in results]
    return document(suite(result, replay_line(place), ended_at(place)) for result, place in places)


def ended_at(directory: Path) -> float | None:
    """When the log of a run directory was finished, in seconds since 1970; ``None`` if it is not there."""
    try:
        return (directory / LOG).stat().st_mtime
    except OSError:
        return None


def document(suites: Iterable[Element]) -> bytes:
    """The suites as a file."""
    root = Element("testsuites", name="simnet")
    root.extend(suites)
    root.set("time", f"{sum(float(found.get('time', '0')) for found in root):.3f}")
    for count in TOTALS:
        root.set(count, str(sum(int(found.get(count, "0")) for found in root)))
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def lost_suite(name: str, reason: str) -> Element:
    """A run of which nothing can be said but that it failed."""
    found = suite_element(name, 0.0, None)
    SubElement(found, "properties")
    SubElement(case_element(found, f"{name}.run", "completed"), "error", message=_text(reason), type="failed")
    return completed(found)


def skipped_suite(name: str, reason: str) -> Element:
    """A run that this machine cannot do."""
    found = suite_element(name, 0.0, None)
    SubElement(found, "properties")
    SubElement(case_element(found, f"{name}.run", "completed"), "skipped", message=_text(reason))
    return completed(found)


def suite_element(name: str, wall_s: float, ended: float | None) -> Element:
    """A suite without cases. `ended`: when its run was over, in seconds since 1970; now if that is not known."""
    at = datetime.now(UTC) if ended is None else datetime.fromtimestamp(ended, UTC)
    found = Element("testsuite", name=_text(name), time=f"{wall_s:.3f}")
    found.set("timestamp", at.strftime(ENDED))
    found.set("hostname", platform.node() or "localhost")
    return found


def case_element(suite: Element, group: str, name: str) -> Element:
    """A case in it. Judging takes no time worth telling; the run's is the suite's."""
    return SubElement(suite, "testcase", classname=_text(group), name=_text(name), time="0.000")


def completed(suite: Element) -> Element:
    """The suite with the numbers of its cases, and with what the schema wants at its end."""
    for count, where in COUNTS.items():
        suite.set(count, str(len(suite.findall(where))))
    for name in ("system-out", "system-err"):
        SubElement(suite, name)
    return suite


def suite(results: Results, replay: str, ended: float | None = None) -> Element:
    """A run that was over at that time, in seconds since 1970."""
    name = f"{results.scenario}-{results.seed}"
    found = suite_element(name, results.wall_s, ended)
    properties = SubElement(found, "properties")
    for key, value in {
        "strategy": results.strategy,
        "outcome": results.outcome,
        "reason": results.reason,
        "digest": results.digest,
        "replay": replay,
        **{f"caveat-{number}": caveat for number, caveat in enumerate(results.caveats, start=1)},
    }.items():
        SubElement(properties, "property", name=key, value=_text(value))
    undecided = results.outcome == INCONCLUSIVE
    if undecided:
        case = case_element(found, f"{name}.run", "completed")
        SubElement(case, "error", message=_text(results.reason), type="inconclusive").text = f"replay: {replay}"
    for checked in cases(results):
        case = case_element(found, f"{name}.{checked.group}", checked.name)
        if undecided:
            SubElement(case, "skipped", message=_text(f"undecided; so far: {checked.detail}"))
        elif not checked.held:
            failure = SubElement(case, "failure", message=_text(checked.detail), type=checked.group)
            failure.text = _text(f"{checked.detail}\ndigest: {results.digest}\nreplay: {replay}")
    return completed(found)


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
