"""Where text goes: a terminal gets colour and progress bars, a pipe gets plain lines.

Rich decides by the stream and by ``NO_COLOR`` and ``FORCE_COLOR``; here is what it leaves open.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

PIPE_WIDTH = 160
"""Columns that a table may use where there is no terminal."""


def make_console(*, stderr: bool = False, file: IO[str] | None = None) -> Console:
    """A console on stdout, stderr or `file`. In a pipe, lines are never broken."""
    console = Console(stderr=stderr, file=file, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = PIPE_WIDTH
        console.soft_wrap = True
    return console


def print_table(console: Console, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table: ruled and fitted to a terminal, or columns padded with spaces in a pipe."""
    if console.is_terminal:
        table = Table(*header, box=None, pad_edge=False, header_style="bold")
        for row in rows:
            table.add_row(*map(Text, row))
        console.print(table)
        return
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    for row in (header, *rows):
        console.print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def can_show_dashboard() -> bool:
    """Whether there is a terminal to show it on, or a browser (``textual serve`` says so in the environment)."""
    terminal = sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    return terminal or "TEXTUAL_DRIVER" in os.environ


class Advance(Protocol):
    """Tells how far a piece of work has come."""

    def __call__(self, done: float, note: str = "") -> None:
        """`done` out of the total, and what to say about it."""
        ...


@contextmanager
def progress(console: Console, title: str, total: float) -> Iterator[Advance]:
    """Show progress of work of size `total`: a bar on a terminal, a line at each tenth in a pipe."""
    if not console.is_terminal:
        yield _Lines(console, title, total)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, TimeElapsedColumn(), TextColumn("{task.fields[note]}"), console=console) as bar:
        task = bar.add_task(title, total=total, note="")
        yield lambda done, note="": bar.update(task, completed=done, note=note)


class _Lines:
    """Progress as plain lines."""

    def __init__(self, console: Console, title: str, total: float) -> None:
        self.console, self.title, self.total = console, title, total
        self.tenths = 0

    def __call__(self, done: float, note: str = "") -> None:
        tenths = int(10 * done / self.total) if self.total else 10
        if tenths > self.tenths:
            self.tenths = tenths
            self.console.print(f"{self.title}: {min(100, 10 * tenths)} % {note}".rstrip())
