"""The feed: what happened, newest first, as far as the filter lets it through."""

from __future__ import annotations

import numpy as np

from dashboards.describe import describe
from dashboards.index import GROUPS
from dashboards.panel import Panel
from dashboards.text import Line, clock, short


class Feed(Panel):
    """Rows of the log as sentences."""

    TITLE = "2 Feed"

    def prepare(self, width: int, height: int) -> None:
        """Find the rows that pass the filter; the list stands still while the cursor is off the newest."""
        self._extend()
        end = self.scene.player.position if self._held is None else min(self._held, self.scene.player.position)
        self._shown = int(np.searchsorted(self._rows, end))
        hidden = len(GROUPS) - len(self.scene.groups)
        about = f" · about {short(self.scene.about)}" if self.scene.about else ""
        held = " · held, ↑ to release" if self._held is not None else ""
        self.border_subtitle = (f"{hidden} kinds hidden" if hidden else "everything") + f"{about}{held} · f filters"

    def _extend(self) -> None:
        """Bring the list of matching rows up to the end of what has been read."""
        index, filtered = self.scene.timeline.index, (self.scene.groups, self.scene.about)
        if self._filter != filtered:
            self._filter, self._rows, self._seen, self.cursor, self._held = filtered, np.empty(0, np.int64), 0, 0, None
        if self._seen < len(index):
            more = index.matching(*filtered, self._seen)
            self._rows = np.concatenate([self._rows, more])
            self._seen = len(index)

    def count(self) -> int:
        """Matching rows up to where the player stands."""
        return self._shown

    def number(self, index: int) -> int:
        """The row of the log that a line shows."""
        return int(self._rows[self._shown - 1 - index])

    def line(self, index: int, width: int) -> Line:
        """One row."""
        number = self.number(index)
        row = self.scene.timeline.row(number)
        when = f"{clock(row['t'], 2):>9} "
        return [(when, "dim"), *describe(row, self.scene.state.who)]

    def subject(self, index: int) -> int | None:
        """The row's number."""
        return self.number(index) if index < self._shown else None

    def action_move(self, steps: int) -> None:
        """Off the newest row, hold the list; back on it, let it run."""
        position = self.scene.player.position
        super().action_move(steps)
        self._held = None if self.cursor == 0 else self._held or position
        self.update()

    _filter: tuple[tuple[str, ...], str] | None = None
    _rows = np.empty(0, np.int64)
    _seen = 0
    _shown = 0
    _held: int | None = None
