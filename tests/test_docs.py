"""Pages for people: what they point to is there, and every page can be found from the README."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

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
