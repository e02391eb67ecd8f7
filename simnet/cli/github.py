"""What GitHub Actions shows of runs: an annotation at each line of a scenario that does not hold, and a step summary.

Nothing happens elsewhere. Both are GitHub's own formats: workflow commands on stdout, and a Markdown file that an
environment variable names (https://docs.github.com/actions, "Workflow commands").
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from chain.errors import SimnetError
from simnet.scenario.locate import Document, read_document
from simnet.verdict.results import Results

SECTIONS = ("expect", "sometimes")


def annotate(runs: Iterable[tuple[Path, Results | None, str]]) -> None:
    """One annotation for each thing that did not hold, if this is a step of a workflow.

    `runs` are scenario files, what came of them, and why there is nothing if there is nothing.
    """
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    for file, results, reason in runs:
        for line, text in findings(file, results, reason):
            click.echo(f"::error file={escaped(str(file), True)},line={line},title=simnet::{escaped(text)}", err=True)


def add_to_summary(text: str) -> None:
    """Add Markdown to the summary of the step, if this is one."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")


def findings(file: Path, results: Results | None, reason: str) -> Iterator[tuple[int, str]]:
    """Lines of the scenario file, and what did not hold there."""
    if results is None or results.exit_code not in (0, 1):
        yield 1, f"{file}: {reason or (results.reason if results is not None else 'no result')}"
        return
    document = document_of(file)
    for section, judged in zip(SECTIONS, (results.expectations, results.sometimes), strict=True):
        for number, one in enumerate(judged):
            if not one.held:
                yield document.place((section, number)).line or 1, f"{one.expression}: {one.detail}"
    for finding in results.invariants:
        if not finding.held:
            yield 1, f"invariant {finding.name} is broken: {finding.detail}"


def document_of(file: Path) -> Document:
    """The scenario file with its places; an empty one if it cannot be read any more."""
    try:
        return read_document(file.read_bytes(), str(file))
    except (OSError, SimnetError):
        return Document(str(file))


def escaped(text: str, is_property: bool = False) -> str:
    """Text as a workflow command takes it."""
    pairs = (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"), *(((":", "%3A"), (",", "%2C")) if is_property else ()))
    for character, code in pairs:
        text = text.replace(character, code)
    return text
