"""A window, and which one shows what."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from dashboards.controls import TRANSPORT
from dashboards.panel import Panel
from dashboards.windows.batch import BatchPanel
from dashboards.windows.node import NodePanel
from dashboards.windows.row import RowPanel
from dashboards.windows.task import TaskPanel

if TYPE_CHECKING:
    from dashboards.scene import Scene


class Window(ModalScreen[None]):
    """A panel in a window of its own. Escape closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [*TRANSPORT, Binding("escape,q", "dismiss", "Close")]
    DEFAULT_CSS = """
    Window { align: center middle; }
    Window > Panel { width: 90%; max-width: 120; height: 85%; background: $surface; }
    Window.-narrow > Panel, Window.-tiny > Panel { width: 100%; height: 100%; }
    """

    def __init__(self, panel: Panel) -> None:
        super().__init__()
        self.panel = panel

    def compose(self) -> ComposeResult:
        """The panel and nothing else."""
        yield self.panel


def window_on(scene: Scene, subject: str | int) -> Window | None:
    """The window that shows a participant, task or batch by its name or id, or a row by its number."""
    if isinstance(subject, int):
        return Window(RowPanel(scene, subject))
    if subject in scene.timeline.head.nodes:
        return Window(NodePanel(scene, subject))
    if subject in scene.timeline.index.batches:
        return Window(BatchPanel(scene, subject))
    return Window(TaskPanel(scene, subject)) if scene.timeline.index.knows(subject) else None
