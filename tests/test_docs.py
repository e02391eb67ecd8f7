"""Pages for people: what they point to is there, and every page can be found from the README."""

from __future__ import annotations

import importlib
import re
import shlex
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import click
import pytest
import yaml

from simnet.cli.main import VERBS
from simnet.plugins import strategies

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
SCENARIO = re.compile(r"(?<![\w/])scenarios/[\w/.-]+\.yaml")


def links(page: Path) -> list[Path]:
    """Files that a page points to."""
    return [(page.parent / target).resolve() for target in LINK.findall(page.read_text())]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_points_to_is_there(page: Path) -> None:
    assert [target.name for target in links(page) if not target.exists()] == []
    assert [name for name in SCENARIO.findall(page.read_text()) if not (ROOT / name).is_file()] == []


def test_every_page_can_be_found_from_the_readme() -> None:
    assert set(PAGES[1:]) <= set(links(PAGES[0]))


def test_every_scenario_at_the_top_is_in_the_readme() -> None:
    text = PAGES[0].read_text()
    assert [path.stem for path in sorted((ROOT / "scenarios").glob("*.yaml")) if f"`{path.stem}`" not in text] == []


def test_every_strategy_has_a_section_and_a_scenario() -> None:
    page = (ROOT / "docs" / "strategies.md").read_text()
    used = {strategy_of(path) for path in (ROOT / "scenarios").rglob("*.yaml")}
    assert [kind for kind in strategies() if f"\n## {kind}\n" not in page] == []
    assert [kind for kind in strategies() if kind not in used] == []


def strategy_of(scenario: Path) -> str:
    """The kind of strategy in a file, or nothing where it is left to the default."""
    given = yaml.safe_load(scenario.read_text()).get("strategy", "")
    return str(given if isinstance(given, str) else given["kind"])


CALL = re.compile(r"(?:^[ >]*(?:\.venv/bin/)?|`)(simnet [a-z][^`\n]*)", re.MULTILINE)
COMMENT = re.compile(r"\s+#.*$|\s{3,}\S.*$")
OPTIONAL = re.compile(r"(?<= )\[[^\]]*\]")


def commands(page: Path) -> Iterator[list[str]]:
    """Every call of simnet on a page, as arguments: lines that begin with one, and what stands in backquotes."""
    text = re.sub(r"\\\n\s*", "", page.read_text())
    for call in CALL.findall(text):
        bare = OPTIONAL.sub("", COMMENT.sub("", call)).partition(" | ")[0].partition(" > ")[0]
        if bare.split()[1] in VERBS:
            yield shlex.split(bare)[1:]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_a_page_has_the_options_that_it_is_given(page: Path) -> None:
    for verb, *arguments in commands(page):
        command = getattr(importlib.import_module(f"simnet.cli.{verb}"), verb)
        # Prose may name an option without its value.
        with click.Context(command, info_name=verb) as context, suppress(click.BadOptionUsage):
            command.make_parser(context).parse_args(list(arguments))
