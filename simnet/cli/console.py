"""Where text goes: a terminal gets colour and progress bars, a pipe gets plain lines.

Rich decides by the stream and by ``NO_COLOR`` and ``FORCE_COLOR``; here is what it leaves open.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

import click
import orjson
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

WORTH_SAYING_S = 2.0
"""What takes less needs no word about the time that is left."""

PIPE_WIDTH = 160
"""Columns that a table may use where there is no terminal."""


def make_console(*, stderr: bool = False, file: IO[str] | None = None) -> Console:
    """A console on stdout, stderr or `file`. In a pipe, lines are never broken."""
    console = Console(stderr=stderr, file=file, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = PIPE_WIDTH
        console.soft_wrap = True
    return console


PROSE = 24
"""Columns that are wider than this may be folded into lines of at least this width; narrower ones are never."""


def print_table(console: Console, header: Sequence[str], rows: Sequence[Sequence[str]], without: str = "") -> None:
    """A table of text, of which nothing is ever cut off; the sentence `without`, if there is one and no row.

    On a terminal, long cells are folded; where even that leaves too little room, each row becomes a few lines. In a
    pipe, columns are padded with spaces.
    """
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    if without and not rows:
        console.print(Text(without), soft_wrap=True)
    elif not console.is_terminal:
        for row in (header, *rows):
            console.print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    elif sum(min(width, PROSE) if i else width for i, width in enumerate(widths)) + 2 * len(header) - 2 > console.width:
        print_records(console, header, rows)
    else:
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0), collapse_padding=True)
        for i, (name, width) in enumerate(zip(header, widths, strict=True)):
            folds = i > 0 and width > PROSE
            table.add_column(name, no_wrap=not folds, overflow="fold", min_width=min(width, PROSE) if folds else width)
        for row in rows:
            table.add_row(*map(Text, row))
        console.print(table)


def print_records(console: Console, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """The rows of a table one below the other: the first cell, then each cell with something in it and its title."""
    for first, *others in rows:
        console.print(Text(first, "bold"), soft_wrap=True)
        for name, cell in zip(header[1:], others, strict=True):
            if cell:
                console.print(Text(f"  {name}: ", "dim"), Text(cell), sep="")


def print_whole(console: Console, text: str) -> None:
    """A line that people copy: a terminal may wrap it, but nobody breaks it."""
    console.print(text, soft_wrap=True)


def print_json(value: Any) -> None:
    """A value for scripts, on stdout."""
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY).decode() + "\n")


def open_page(path: Path) -> None:
    """Show a page in a browser, or say where it is if nothing on this machine opens pages."""
    address = path.resolve().as_uri()
    if click.launch(address):
        click.echo(f"nothing here opens pages (there is no xdg-open): open {address} in a browser", err=True)


def can_show_dashboard() -> bool:
    """Whether there is a terminal to show it on, or a browser (``textual serve`` says so in the environment)."""
    terminal = sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    return terminal or "TEXTUAL_DRIVER" in os.environ


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """While inside, a terminal shows that something of unknown length goes on, and what."""
    console = make_console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status(text):
        yield


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
    times = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn(), TextColumn("{task.fields[note]}"))
    with Progress(*columns, *times, console=console) as bar:
        task = bar.add_task(title, total=total, note="")
        yield lambda done, note="": bar.update(task, completed=done, note=note)


class _Lines:
    """Progress as plain lines."""

    def __init__(self, console: Console, title: str, total: float) -> None:
        self.console, self.title, self.total = console, title, total
        self.tenths = 0
        self._began = time.monotonic()

    def __call__(self, done: float, note: str = "") -> None:
        tenths = int(10 * done / self.total) if self.total else 10
        if tenths > self.tenths:
            self.tenths = tenths
            text = f"{self.title}: {min(100, 10 * tenths)} % {note}".rstrip()
            self.console.print(text + self._left(done))

    def _left(self, done: float) -> str:
        """About how long it still takes, if that is worth saying."""
        from reports.wording import duration

        seconds = (time.monotonic() - self._began) * (self.total - done) / done if done else 0.0
        return f", about {duration(round(seconds))} left" if seconds >= WORTH_SAYING_S else ""
