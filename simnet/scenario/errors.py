"""What is wrong with a scenario, where, and how it reads on a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from chain.errors import SimnetError
from nodes.parameters import Hint

KeyPath: TypeAlias = tuple[str | int, ...]
"""Keys and indices that lead to a value, such as ``("nodes", "full", "count")``."""

MAX_SHOWN = 100
"""Columns of a source line that an error shows, and errors that a report shows."""

MAX_MESSAGE = 500
"""Characters of a message, which may quote the file."""


def printable(text: str) -> str:
    """`text` with nothing in it that could move a terminal's cursor or reverse its direction."""
    return "".join(character if character.isprintable() else "?" for character in text)


@dataclass(frozen=True, order=True)
class Place:
    """A stretch of a source: a file, or an argument of the command line."""

    source: str
    line: int = 0
    """From 1; 0 for the source as a whole."""
    column: int = 1
    """From 1."""
    width: int = 1
    text: str = ""
    """The line's text."""

    def __str__(self) -> str:
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source

    def excerpt(self) -> list[str]:
        """The line and a caret under what is meant."""
        if not self.line:
            return []
        start = max(0, self.column - MAX_SHOWN // 2) if len(self.text) > MAX_SHOWN else 0
        shown = printable(self.text.replace("\t", " ")[start : start + MAX_SHOWN])
        offset = self.column - 1 - start
        number = f"{self.line:>4}"
        carets = "^" * max(1, min(self.width, len(shown) - offset))
        return [f"{number} | {shown}", f"{' ' * len(number)} | {' ' * offset}{carets}"]


@dataclass(frozen=True, order=True)
class Problem:
    """Something wrong at a place."""

    place: Place
    message: str
    hint: Hint = field(default="", compare=False)

    def __str__(self) -> str:
        lines = [printable(f"{self.place}: {self.message[:MAX_MESSAGE]}"), *self.place.excerpt()]
        if self.hint:
            lines.append(f"     {printable(str(self.hint)[:MAX_MESSAGE])}")
        return "\n".join(lines)


class ScenarioErrors(SimnetError):
    """Everything that is wrong with a scenario, in the order of the file."""

    exit_code = 2

    def __init__(self, source: str, problems: Iterable[Problem]) -> None:
        self.source = source
        self.problems = tuple(dict.fromkeys(sorted(problems)))
        count = len(self.problems)
        shown = [str(problem) for problem in self.problems[:MAX_SHOWN]]
        if count > MAX_SHOWN:
            shown.append(f"… and {count - MAX_SHOWN} more")
        super().__init__("\n".join([*shown, f"{count} error{'s' * (count != 1)} in {printable(source)}"]))


class CannotRunHere(ScenarioErrors):
    """The scenario is right, and what it asks for is not here: a processor, or the services of ``simnet up``."""
