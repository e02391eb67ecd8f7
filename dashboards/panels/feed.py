"""The feed: what happened, newest first, as far as the filter lets it through."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING

from dashboards.export import Table
from dashboards.panel import Panel
from dashboards.text import Line, clock, plain, short
from nodes.records import GROUPS

if TYPE_CHECKING:
    from dashboards.scene import Scene


class Feed(Panel):
    """Rows of the log as sentences."""

    TITLE = "2 Feed"

    def __init__(self, scene: Scene, id: str | None = None) -> None:
        super().__init__(scene, id)
        self._matching = array("Q")
        """Numbers of all rows read so far that pass the filter."""
        self._of: tuple[object, ...] = ()
        """The log and the filter that they are of."""
        self._seen = 0
        self._shown = 0
        self._held: int | None = None
        """Rows of the log at which the list stands still, while somebody reads it."""

    def prepare(self, width: int, height: int) -> None:
        """Find the rows that pass the filter; the list stands still while the cursor is off the newest."""
        self._extend()
        position = self.scene.player.position
        self._shown = bisect_left(self._matching, position if self._held is None else min(self._held, position))
        hidden = len(GROUPS) - len(self.scene.groups)
        about = f" · about {short(self.scene.about)}" if self.scene.about else ""
        held = " · held, ↑ to release" if self._held is not None else ""
        self.border_subtitle = (
            f"{len(GROUPS) - hidden} of {len(GROUPS)} kinds of events" if hidden else "everything"
        ) + f"{about}{held} · f filters"

    def _extend(self) -> None:
        """Bring the list of matching rows up to the end of what has been read."""
        scene, index = self.scene, self.scene.timeline.index
        wanted = (index, scene.groups, scene.about)
        if self._of != wanted:
            self._of, self._matching, self._seen, self.cursor, self._held = wanted, array("Q"), 0, 0, None
        if self._seen < len(index):
            self._matching.extend(index.matching(scene.groups, scene.about, self._seen))
            self._seen = len(index)

    def count(self) -> int:
        """Matching rows up to where the player stands."""
        return self._shown

    def number(self, index: int) -> int:
        """The row of the log that a line shows."""
        return self._matching[self._shown - 1 - index]

    def line(self, index: int, width: int) -> Line:
        """One row."""
        number = self.number(index)
        when = f"{clock(self.scene.timeline.index.times[number], 2):>9} "
        return [(when, "dim"), *self.scene.tell(number)]

    def subject(self, index: int) -> int | None:
        """The row's number."""
        return self.number(index) if index < self._shown else None

    def table(self) -> Table:
        """Every event that passes the filter, newest first."""
        times = self.scene.timeline.index.times
        numbers = map(self.number, range(self._shown))
        return ("event", "time_s", "what"), [(n, times[n], plain(self.scene.tell(n)).strip()) for n in numbers]

    def action_move(self, steps: int) -> None:
        """Off the newest row, hold the list; back on it, let it run."""
        position = self.scene.player.position
        super().action_move(steps)
        self._held = None if self.cursor == 0 else self._held or position
        self.update()
