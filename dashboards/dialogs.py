"""Windows that ask something: where to go, what to open, what the feed shows, what to inject."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Input, Label, SelectionList

from chain.errors import SimnetError
from dashboards.describe import MARKS
from dashboards.index import GROUPS
from dashboards.scene import Scene

Answer = TypeVar("Answer")

DIALOG_CSS = """
{name} {{ align: center middle; }}
{name} > Vertical {{
    width: 72; max-width: 90%; height: auto; max-height: 90%;
    border: round $primary; background: $surface; padding: 0 1;
}}
{name} Input {{ border: none; height: 1; background: $boost; padding: 0 1; }}
{name} .hint {{ color: $text-muted; }}
{name} .wrong {{ color: $text-error; }}
{name} SelectionList {{ height: auto; border: none; padding: 0; background: $surface; }}
"""


class Ask(ModalScreen[str]):
    """One line of text. It is checked when entered; what is wrong is said, and can be mended."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss('')", "Close")]
    DEFAULT_CSS = DIALOG_CSS.format(name="Ask")

    def __init__(
        self, title: str, hint: str, check: Callable[[str], None], suggest: Callable[[str], Iterable[str]] | None = None
    ) -> None:
        super().__init__()
        self.title_text, self.hint, self.check = title, hint, check
        self._suggester = First(suggest) if suggest else None

    def compose(self) -> ComposeResult:
        """Title, input, hint."""
        with Vertical() as box:
            box.border_title = self.title_text
            yield Input(suggester=self._suggester)
            yield Label(self.hint, classes="hint", markup=False)
            yield Label("", id="wrong", classes="wrong", markup=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Do it, or say what is wrong."""
        try:
            self.check(event.value)
        except SimnetError as error:
            hint = f"\n{error.hint}" if error.hint else ""
            self.query_one("#wrong", Label).update(f"✗ {error}{hint}")
            return
        self.dismiss(event.value)


class First(Suggester):
    """Completes what is typed to the first thing that begins so."""

    def __init__(self, known: Callable[[str], Iterable[str]]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._known = known

    async def get_suggestion(self, value: str) -> str | None:
        """The completion."""
        return min(self._known(value), key=lambda name: (len(name), name), default=None)


def known_injections(typed: str) -> Iterable[str]:
    """Faults and behaviours that begin as typed."""
    from simnet.registry import behaviours
    from simnet.scenario.faults import VERBS

    entries = [f"{verb}: " for verb in VERBS] + [f"behaviour: {kind}, nodes: [" for kind in behaviours()]
    return (entry for entry in entries if typed and entry.startswith(typed))


class Filter(ModalScreen[None]):
    """Which events the feed shows. Every change takes effect at once."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f", "dismiss", "Close"),
        Binding("a", "all", "All"),
        Binding("n", "none", "None"),
    ]
    DEFAULT_CSS = DIALOG_CSS.format(name="Filter")

    def __init__(self, scene: Scene) -> None:
        super().__init__()
        self.scene = scene

    def compose(self) -> ComposeResult:
        """A box to tick for each group, and whom or what it should be about."""
        counts = self.scene.timeline.index.count_groups()
        with Vertical() as box:
            box.border_title = "feed"
            box.border_subtitle = "space ticks · a all · n none · esc closes"
            entries = [
                (f"{MARKS[group][0]} {group:<10} {counts[group]:>9,}", group, group in self.scene.groups) for group in GROUPS
            ]
            yield SelectionList[str](*entries)
            yield Label("only about (participant, task or batch; empty for all):", classes="hint")
            yield Input(self.scene.about, suggester=First(self.scene.timeline.index.subjects))

    def on_selection_list_selected_changed(self, event: SelectionList.SelectedChanged[str]) -> None:
        """Show other groups."""
        self.scene.groups = tuple(group for group in GROUPS if group in event.selection_list.selected)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Keep to something, if it is known."""
        known = self.scene.timeline.index.knows(event.value)
        self.scene.about = event.value if known else ""

    def on_input_submitted(self) -> None:
        """Done."""
        self.dismiss()

    def action_all(self) -> None:
        """Show every group."""
        self.query_one(SelectionList).select_all()

    def action_none(self) -> None:
        """Show none."""
        self.query_one(SelectionList).deselect_all()
