"""Where names go beside points, so that no two run into each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

CHARACTER_PX, LINE_PX = 6.4, 14.0
"""About what a character of a name takes up."""

GAP_PX = 8.0
"""Between a point and its name."""

ROWS, COLUMNS_PX = 6, (0.0, 40.0, 90.0, 150.0)
"""How many lines above and below a point its name may go, and how far to its sides."""


@dataclass(frozen=True)
class Box:
    """A rectangle on the screen; y points up."""

    left: float
    bottom: float
    right: float
    top: float

    def overlaps(self, other: Box) -> bool:
        """Whether they share more than an edge."""
        return (
            self.left < other.right and other.left < self.right and self.bottom < other.top and other.bottom < self.top
        )


@dataclass(frozen=True)
class Placed:
    """A name, and how far from its point it goes; it begins or ends there."""

    text: str
    x_shift: float
    y_shift: float
    begins: bool

    @property
    def is_far(self) -> bool:
        """Whether it takes a line to see which point it belongs to."""
        return abs(self.y_shift) > LINE_PX or abs(self.x_shift) > GAP_PX


def place(points: Sequence[tuple[str, float, float]], bars: Sequence[Box], width: float, height: float) -> list[Placed]:
    """Place the names of points, given in pixels within a plot of that size, in their order.

    Each goes to the nearest spot free of points, names and `bars`; where there is none, names do overlap.
    """
    taken = [Box(x - GAP_PX, y - GAP_PX, x + GAP_PX, y + GAP_PX) for _, x, y in points] + list(bars)
    found = []
    for text, x, y in points:
        for placed in candidates(text):
            box = box_of(placed, x, y)
            inside = box.left >= 0 and box.right <= width and box.bottom >= 0 and box.top <= height
            if inside and not any(box.overlaps(other) for other in taken):
                break
        else:
            placed = next(candidates(text))
            box = box_of(placed, x, y)
        taken.append(box)
        found.append(placed)
    return found


def candidates(text: str) -> Iterator[Placed]:
    """Spots around a point, the nearest first."""
    for column in COLUMNS_PX:
        x_shift = GAP_PX + column
        for row in range(ROWS + 1):
            for y_shift in (row * LINE_PX, -row * LINE_PX):
                yield Placed(text, x_shift, y_shift, True)
                yield Placed(text, -x_shift, y_shift, False)


def box_of(placed: Placed, x: float, y: float) -> Box:
    """What a name takes up beside the point at (x, y)."""
    length = CHARACTER_PX * len(placed.text)
    edge, middle = x + placed.x_shift, y + placed.y_shift
    left = edge if placed.begins else edge - length
    return Box(left, middle - LINE_PX / 2, left + length, middle + LINE_PX / 2)
