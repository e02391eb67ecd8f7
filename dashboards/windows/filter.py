"""Which events the feed shows."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from dashboards.describe import MARKS
from dashboards.panel import Panel
from dashboards.text import Line
from nodes.records import GROUPS

NAMES = tuple(GROUPS)


class FilterPanel(Panel):
    """Which groups of events the feed shows. Every change takes effect at once."""

    TITLE = "feed"
    BINDINGS: ClassVar[list[BindingType]] = [
        *Panel.BINDINGS,
        Binding("space,enter", "toggle_group", "Show or hide"),
        Binding("a", "show_groups(True)", "All"),
        Binding("n", "show_groups(False)", "None"),
    ]

    def prepare(self, width: int, height: int) -> None:
        """Count what there is."""
        self._counts = self.scene.timeline.index.count_groups()
        self.border_subtitle = "␣ shows or hides · a all · n none · esc closes"

    def count(self) -> int:
        """Every group."""
        return len(NAMES)

    def line(self, index: int, width: int) -> Line:
        """A box that is ticked or not, the group and its events so far, and what they are."""
        group = NAMES[index]
        ticked = group in self.scene.groups
        box = ("[✓] ", "good") if ticked else ("[ ] ", "dim")
        return [
            box,
            (f"{MARKS[group][0]} {group:<10}", "" if ticked else "dim"),
            (f" {self._counts[group]:>10,}", "dim"),
            (f"  {GROUPS[group]}".replace("`", ""), "dim"),
        ]

    def action_toggle_group(self) -> None:
        """Show or hide the group under the cursor."""
        chosen = NAMES[self.cursor]
        self.scene.groups = tuple(g for g in NAMES if (g in self.scene.groups) != (g == chosen))
        self.update()

    def action_show_groups(self, every: bool) -> None:
        """Show all groups or none."""
        self.scene.groups = NAMES if every else ()
        self.update()

    _counts: dict[str, int] = {}  # noqa: RUF012 - replaced, never changed
