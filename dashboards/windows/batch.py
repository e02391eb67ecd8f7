"""A batch: its claims, and all that happened to it."""

from __future__ import annotations

from dashboards.text import Line
from dashboards.windows.listing import Listing


class BatchPanel(Listing):
    """A batch: its claims, and all that happened to it."""

    def prepare(self, width: int, height: int) -> None:
        """Find its rows and its tasks."""
        super().prepare(width, height)
        self._built = self.scene.timeline.row(self.scene.timeline.index.batches[self.about])
        self._tasks = self._built["tasks"]

    def top(self, width: int) -> list[Line]:
        """Whose it is."""
        whose: Line = [("of    ", "dim"), (self._built["node"], "strong"), (f", {len(self._tasks)} claims", "")]
        return [[("batch ", "dim"), (self.about, "")], whose, []]

    def count(self) -> int:
        """Rows, and tasks below them."""
        return len(self._rows) + len(self._tasks)

    def line(self, index: int, width: int) -> Line:
        """A row or a task."""
        if index < len(self._rows):
            return super().line(index, width)
        number = index - len(self._rows)
        return [(f"  claim {number:>2} ", "dim"), (self._tasks[number][: max(8, width - 12)], "accent")]

    def subject(self, index: int) -> str | int | None:
        """A row's number or a task's id."""
        if index < len(self._rows):
            return self._rows[index]
        number = index - len(self._rows)
        return self._tasks[number] if number < len(self._tasks) else None

    _tasks: list[str] = []  # noqa: RUF012 - replaced, never changed
