"""What windows have in common that list rows about something."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboards.panel import Panel
from dashboards.text import Line, clock, short

if TYPE_CHECKING:
    from dashboards.scene import Scene

LISTED_MAX = 500
"""Rows that are listed, the latest ones."""


class Listing(Panel):
    """A window with facts on top and the rows about something below, newest first."""

    def __init__(self, scene: Scene, about: str) -> None:
        super().__init__(scene)
        self.about = about
        self.border_title = short(about)
        self.border_subtitle = "enter opens · esc closes"

    def prepare(self, width: int, height: int) -> None:
        """Find the rows, messages left out."""
        rows = self.scene.timeline.index.about(self.about, self.scene.player.position, without="messages")
        self._rows = rows[: -LISTED_MAX - 1 : -1]

    def count(self) -> int:
        """Rows listed."""
        return len(self._rows)

    def line(self, index: int, width: int) -> Line:
        """One of them."""
        number = self._rows[index]
        return [(f"{clock(self.scene.timeline.index.times[number], 2):>9} ", "dim"), *self.scene.tell(number)]

    def subject(self, index: int) -> str | int | None:
        """Its number."""
        return self._rows[index] if index < len(self._rows) else None

    _rows: list[int] = []  # noqa: RUF012 - replaced, never changed
