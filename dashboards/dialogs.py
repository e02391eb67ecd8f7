"""A window that asks for a line of text: where to go, what to open, what to inject."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Key
from textual.screen import ModalScreen
from textual.suggester import Suggester
from textual.widgets import Input, Label

from chain.errors import SimnetError


class Ask(ModalScreen[str]):
    """One line of text. It is checked when entered; what is wrong is said, and can be corrected."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss('')", "Close")]
    DEFAULT_CSS = """
    Ask { align: center middle; }
    Ask > Vertical {
        width: 76; max-width: 90%; height: auto; max-height: 90%;
        border: round $primary; background: $surface; padding: 0 1;
    }
    Ask Input { background: $boost; }
    Ask Label { width: 100%; }
    Ask .hint { color: $text-muted; }
    Ask .wrong { color: $text-error; }
    """

    def __init__(
        self,
        title: str,
        hint: str,
        check: Callable[[str], object],
        suggest: Callable[[str], Iterable[str]] | None = None,
    ) -> None:
        super().__init__()
        self.title_text, self.hint, self.check = title, hint, check
        self.line = Input(suggester=First(suggest) if suggest else None, compact=True)

    def compose(self) -> ComposeResult:
        """Title, input, hint."""
        with Vertical() as box:
            box.border_title = self.title_text
            yield self.line
            yield Label(self.hint, classes="hint", markup=False)
            yield Label("", id="wrong", classes="wrong", markup=False)

    def take(self, event: Key) -> None:
        """Take a key that was pressed before the line had the focus."""
        if event.is_printable and event.character is not None:
            self.line.value += event.character
            self.line.cursor_position = len(self.line.value)
        elif event.key == "enter" and self.focused is None:
            self.call_after_refresh(self.line.action_submit)
        else:
            return
        event.stop()
        event.prevent_default()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Do it, or say what is wrong."""
        try:
            self.check(event.value)
        except SimnetError as error:
            hint = f"\n{error.hint}" if error.hint and str(error.hint) != self.hint else ""
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
    from simnet.plugins import behaviours, faults

    entries = [f"{verb}: " for verb in faults()] + [f"behaviour: {kind}, nodes: [" for kind in behaviours()]
    return (entry for entry in entries if typed and entry.startswith(typed))
