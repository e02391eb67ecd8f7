"""An inference and its eight steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from dashboards.panel import Page, Panel
from dashboards.panels.inference import steps_as_lines
from dashboards.stages import collect, stages_of
from dashboards.text import Line, short

if TYPE_CHECKING:
    from dashboards.scene import Scene


class TaskPanel(Page):
    """An inference and its eight steps."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *Panel.BINDINGS,
        Binding("p", "pin", "Follow"),
        Binding("b", "batch", "Batch"),
    ]

    def __init__(self, scene: Scene, task: str) -> None:
        super().__init__(scene)
        self.about = task
        self.border_title = f"inference {short(task)}"
        self.border_subtitle = "p follows it in panel 7 · b opens its batch · esc closes"

    def draw(self, width: int, height: int) -> list[Line]:
        """Its id and its steps."""
        rows = collect(self.scene.timeline, self.about, self.scene.player.position)
        head: list[Line] = [[("task  ", "dim"), (self.about, "")]]
        head += [[("batch ", "dim"), (rows.batch, "")]] if rows.of_batch else []
        return [*head, [], *steps_as_lines(stages_of(rows, self.scene.state.who))]

    def action_pin(self) -> None:
        """Show it in the panel, too."""
        self.scene.pinned = self.about
        self.notify("panel 7 follows this inference")

    def action_batch(self) -> None:
        """Open the batch that its claim is in."""
        if batch := self.scene.timeline.index.batch_of.get(self.about):
            self.post_message(self.Opened(batch))
