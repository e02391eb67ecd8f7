"""The five packages as source text, for tests that hold the house rules against it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Set
from functools import cache, cached_property
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

OTHER_FORMATS = ("economy", "whatif/sets")
"""Folders of scenarios/ whose files are read by `simnet economy` and `simnet whatif` alone."""

SCENARIOS = [
    file
    for file in sorted(ROOT.glob("scenarios/**/*.yaml"))
    if not any(file.is_relative_to(ROOT / "scenarios" / folder) for folder in OTHER_FORMATS)
]
"""Every file in the format of scenarios that comes with simnet."""

PACKAGES = ("chain", "nodes", "simnet", "reports", "dashboards")


class Module:
    """A source file of the five packages."""

    def __init__(self, path: Path, text: str | None = None) -> None:
        self.place = path.relative_to(ROOT).as_posix()
        self.name = self.place.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        self.package = self.place.partition("/")[0]
        self._path, self._text = path, text

    @cached_property
    def tree(self) -> ast.Module:
        """Parsed when a test looks at it."""
        return ast.parse(self._path.read_text() if self._text is None else self._text, self.place)

    def imports(self) -> Iterator[tuple[int, str]]:
        """Line and full name of everything imported, each name of ``from a import b`` as ``a`` and as ``a.b``."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.lineno, node.module
                yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)

    def imported_modules(self, known: Set[str]) -> Iterator[str]:
        """Which of the known modules it imports; ``from a import b`` is ``a.b`` if that is one of them, else ``a``."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names if alias.name in known)
            elif isinstance(node, ast.ImportFrom) and node.module:
                full = (f"{node.module}.{alias.name}" for alias in node.names)
                yield from {name if name in known else node.module for name in full} & known


@cache
def modules() -> tuple[Module, ...]:
    return tuple(Module(path) for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))


def report(findings: Iterator[str]) -> None:
    """Fail with every finding at once."""
    if lines := list(findings):
        pytest.fail("\n".join(lines), pytrace=False)
