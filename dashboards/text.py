"""Words, figures and small pictures made of characters, for lines of a panel.

A line is a list of spans; a span is text and the name of a style (`dashboards.panel`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from chain.quantities import OPG

Span = tuple[str, str]
Line = list[Span]

SPARKS = "▁▂▃▄▅▆▇█"
EIGHTHS = " ▏▎▍▌▋▊▉█"
NOTHING = "·"
"""Where a curve has no value: nothing happened that could have one. Not the same as ``▁``, which is zero."""


def opg(wei: int) -> str:
    """An amount in OPG: ``12,345``, ``1.25``, ``0.0048``, ``~0``."""
    amount = wei / OPG
    if amount == 0:
        return "0"
    if abs(amount) < 0.0001:
        return "~0"
    return f"{amount:,.0f}" if abs(amount) >= 999.95 else f"{amount:.{4 if abs(amount) >= 1 else 3}g}"


def count(value: float) -> str:
    """A number in at most six characters: ``999``, ``99,999``, ``570M``, ``1.23G``."""
    if abs(value) < 1e5:
        return f"{value:,.0f}"
    for divisor, unit in ((1e3, "k"), (1e6, "M"), (1e9, "G"), (1e12, "T")):
        if abs(value) < 999.5 * divisor:
            return f"{value / divisor:.3g}{unit}"
    return f"{value:.1e}"


def figure(value: float | None, unit: str = "") -> str:
    """Any figure for reading, a share in percent; a dash if there is none."""
    if value is None:
        return "–"
    if unit == "share":
        return f"{100 * value:.3g} %"
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def clock(seconds: float, decimals: int = 0) -> str:
    """Simulated time as on a clock: ``2:05``, ``1:02:05``, ``0:07.25``."""
    ticks = int(seconds * 10**decimals)
    whole, part = divmod(ticks, 10**decimals)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
    return f"{text}.{part:0{decimals}}" if decimals else text


def span_of_time(seconds: float | None, unit: str = "s") -> str:
    """A duration for reading: ``85 ms``, ``12.3 s``, ``2.5 min``; `unit` is what the number counts."""
    if seconds is None:
        return "–"
    value = seconds / 1000 if unit == "ms" else seconds
    if value < 1:
        return f"{value * 1e6:.3g} µs" if value < 0.001 else f"{value * 1000:.3g} ms"
    return f"{value:.3g} s" if value < 120 else f"{value / 60:.3g} min"


def short(identifier: str) -> str:
    """A hash or task id in eight characters."""
    return identifier[:7] + "…" if identifier.startswith("0x") and len(identifier) > 10 else identifier


def spark(columns: Sequence[float | None]) -> str:
    """A curve of block characters, one a column, from zero to the largest value. ``None`` is no value."""
    top = max((value for value in columns if value is not None), default=0.0)
    return "".join(NOTHING if value is None else SPARKS[math.ceil(value / top * 7) if top else 0] for value in columns)


def bar(share: float, width: int) -> str:
    """A bar filled to a share, in eighths of a character."""
    eighths = round(max(0.0, min(share, 1.0)) * width * 8)
    full, part = divmod(eighths, 8)
    return ("█" * full + (EIGHTHS[part] if part else "")).ljust(width, "░")[:width]


def fit(text: str, width: int, align: str = "<") -> str:
    """Text cut or padded to a width in cells."""
    size = cell_len(text)
    if size > width:
        return set_cell_size(text, width - 1) + "…" if width > 1 else set_cell_size(text, width)
    padding = " " * (width - size)
    return padding + text if align == ">" else text + padding


def width_of(line: Line) -> int:
    """Cells that a line takes."""
    return sum(cell_len(text) for text, _ in line)


def plain(line: Line) -> str:
    """A line without its styles."""
    return "".join(text for text, _ in line)


def cut(line: Line, width: int) -> Line:
    """A line that ends where the panel does, with an ellipsis if something is lost."""
    if width_of(line) <= width:
        return line
    kept: Line = []
    for text, style in line:
        room = width - width_of(kept)
        if cell_len(text) >= room:
            return [*kept, (fit(text + " ", room), style)]
        kept.append((text, style))
    return kept


def pair(left: Line, right: Line, width: int) -> Line:
    """One line at the left edge and one at the right; the right one gives way."""
    gap = width - width_of(left) - width_of(right)
    return [*left, (" " * gap, ""), *right] if gap > 0 else left


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    title: str
    width: int
    align: str = "<"
    rank: int = 0
    """Where room is short, columns of the highest rank go first; those of rank 0 stay."""
    grows: bool = False
    """Whether it takes what the others leave."""


class Columns:
    """Lays rows out in columns, as many as fit."""

    def __init__(self, *columns: Column) -> None:
        self.columns = columns

    def shown(self, width: int) -> list[tuple[int, int]]:
        """Position and width of each column that a panel of this width shows."""
        chosen = list(range(len(self.columns)))
        while (spare := width + 1 - sum(self.columns[i].width + 1 for i in chosen)) < 0:
            last = max(chosen, key=lambda i: self.columns[i].rank)
            if not self.columns[last].rank:
                break
            chosen.remove(last)
        growing = [i for i in chosen if self.columns[i].grows]
        return [(i, self.columns[i].width + (max(spare, 0) // len(growing) if i in growing else 0)) for i in chosen]

    def header(self, width: int) -> Line:
        """The titles."""
        return self.line([(column.title, "head") for column in self.columns], width)

    def line(self, cells: Sequence[Span], width: int) -> Line:
        """One row; `cells` has a span for every column, shown or not."""
        line: Line = []
        for i, room in self.shown(width):
            text, style = cells[i]
            line += [(fit(text, room, self.columns[i].align), style), (" ", "")]
        return line[:-1]
