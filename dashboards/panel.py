"""What all panels have in common: lines of text, drawn so that only what changed goes to the terminal.

A panel says what its lines are; here they are scrolled, compared with those on the screen, and given a
cursor if they can be opened. Nothing is kept between two pictures but the lines themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from chain.errors import SimnetError
from dashboards.export import Table, write_table
from dashboards.text import Line, cut, plain, width_of

if TYPE_CHECKING:
    from dashboards.scene import Scene

STYLES = ("good", "bad", "warn", "dim", "strong", "head", "accent", "cursor")

GUTTER = 1
"""Columns at the left edge, for the cursor's mark."""
WHEEL_LINES = 3


class Panel(Widget, can_focus=True):
    """A framed list of lines. Subclasses say what is in it."""

    TITLE: ClassVar[str] = ""
    CURSOR: ClassVar[bool] = True
    """Whether its lines can be chosen, or are only scrolled."""
    RIGHT: ClassVar[int] = 1
    """Columns at the right edge, for the mark that shows which part of the list is in sight."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "move_page(-1)", "Page up", show=False),
        Binding("pagedown", "move_page(1)", "Page down", show=False),
        Binding("enter", "open", "Open", show=False),
        Binding("y", "copy", "Copy", show=False),
        Binding("g", "go", "Go there", show=False),
        Binding("w", "write", "Write CSV", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"panel--{style}" for style in STYLES}
    DEFAULT_CSS = """
    Panel {
        border: round $surface-lighten-2;
        border-title-color: $text-muted;
        border-subtitle-color: $text-muted;
        &:focus { border: round $primary; border-title-color: $text-primary; border-title-style: bold; }
        & > .panel--good { color: $text-success; }
        & > .panel--bad { color: $text-error; text-style: bold; }
        & > .panel--warn { color: $text-warning; }
        & > .panel--dim { color: $text-muted; }
        & > .panel--strong { text-style: bold; }
        & > .panel--head { color: $text-muted; text-style: bold; }
        & > .panel--accent { color: $text-primary; }
        & > .panel--cursor { background: $primary-muted; }
    }
    """

    class Opened(Message):
        """Somebody wants to see more of what a line is about."""

        def __init__(self, subject: str | int) -> None:
            super().__init__()
            self.subject = subject
            """Name or id of a participant, task or batch, or the number of a row."""

    class EventChosen(Message):
        """Somebody wants to see the run at the moment of an event."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, scene: Scene, id: str | None = None) -> None:
        super().__init__(id=id)
        self.scene = scene
        self.border_title = self.TITLE
        self.cursor = 0
        self.first = 0
        """The line of the list that is shown first."""
        self._lines: list[Line] = []
        self._height_of_top = 0
        self._styles_by_name: dict[str, Style] = {}

    # -- what subclasses say -------------------------------------------------------------------------------

    def prepare(self, width: int, height: int) -> None:
        """Look at the scene once for a picture of this size."""

    def top(self, width: int) -> list[Line]:
        """Lines above the list that do not scroll."""
        return []

    def count(self) -> int:
        """Lines in the list."""
        return 0

    def line(self, index: int, width: int) -> Line:
        """One line of the list."""
        raise NotImplementedError

    def subject(self, index: int) -> str | int | None:
        """What opening a line of the list shows; ``None`` if it cannot be opened."""
        return None

    def table(self) -> Table | None:
        """What the panel lists as columns and values, sorted and filtered as it is; ``None`` if that is no table."""
        return None

    # -- drawing -------------------------------------------------------------------------------------------

    def update(self) -> None:
        """Bring the picture up to date."""
        width, height = self.size.width - GUTTER - self.RIGHT, self.size.height
        if width <= 0 or not height:
            return
        self.prepare(width, height)
        top = self.top(width)[:height]
        self._height_of_top = len(top)
        self.cursor = max(0, min(self.cursor, self.count() - 1))
        self.first = max(0, min(self.first, self.count() - self.page))
        shown = [[(" ", ""), *line] for line in top] + self._visible(width)
        self._show([cut(line, width + GUTTER) for line in shown], width + GUTTER)

    def _visible(self, width: int) -> list[Line]:
        """The lines of the list that are in sight."""
        last = min(self.first + self.page, self.count())
        return [self._with_cursor(index, self.line(index, width), width) for index in range(self.first, last)]

    def _with_cursor(self, index: int, line: Line, width: int) -> Line:
        if not (self.CURSOR and self.has_focus and index == self.cursor):
            return [(" ", ""), *line]
        padding = " " * max(0, width - width_of(line))
        return [("▸", "cursor"), *((text, f"{style} cursor") for text, style in [*line, (padding, "")])]

    def _show(self, lines: list[Line], width: int) -> None:
        """Put lines on the screen, and have repainted what differs from those that are there."""
        if self.count() > self.page:
            lines += [[]] * (self.size.height - len(lines))
            for y in self._in_sight():
                line = lines[self._height_of_top + y]
                lines[self._height_of_top + y] = [*line, (" " * (width - width_of(line)), ""), ("▐", "dim")]
        before, self._lines = self._lines, lines
        blank: Line = []
        for y in range(max(len(before), len(lines))):
            old = before[y] if y < len(before) else blank
            new = lines[y] if y < len(lines) else blank
            if old != new:
                start, end = changed(old, new)
                self.refresh(Region(start, y, end - start, 1))

    def _in_sight(self) -> range:
        """Rows beside which a mark shows how much of the list is in sight, and where."""
        length = max(1, self.page * self.page // self.count())
        start = round((self.page - length) * self.first / (self.count() - self.page))
        return range(start, start + length)

    def render_line(self, y: int) -> Strip:
        """One line for the compositor."""
        line = self._lines[y] if y < len(self._lines) else []
        padding = self.size.width - width_of(line)
        segments = [Segment(text, self._style(names)) for text, names in [*line, (" " * padding, "")]]
        return Strip(segments).adjust_cell_length(self.size.width)  # lines of another size stay until the next update

    def _style(self, names: str) -> Style:
        """The panel's own style with several named ones on top of it."""
        style = self._styles_by_name.get(names)
        if style is None:
            style = self._styles_by_name[names] = sum(map(self._part, names.split()), self.rich_style)
        return style

    def _part(self, name: str) -> Style:
        """One named style: the cursor's background, or the foreground of any other."""
        whole = self.get_component_rich_style(f"panel--{name}")
        return Style(bgcolor=whole.bgcolor) if name == "cursor" else Style(color=whole.color, bold=whole.bold)

    def notify_style_update(self) -> None:
        """The theme changed, or the focus."""
        self._styles_by_name = {}
        super().notify_style_update()

    # -- moving and opening --------------------------------------------------------------------------------

    def on_resize(self) -> None:
        """Lay out anew."""
        self.update()

    def on_focus(self) -> None:
        """Show the cursor."""
        self.update()

    def on_blur(self) -> None:
        """Hide it."""
        self.update()

    @property
    def page(self) -> int:
        """Lines of the list that fit."""
        return max(1, self.size.height - self._height_of_top)

    def scroll_list(self, lines: int) -> None:
        """Show other lines; the cursor stays in sight."""
        self.first = max(0, min(self.first + lines, self.count() - self.page))
        self.cursor = max(self.first, min(self.cursor, self.first + self.page - 1))
        self.update()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel."""
        event.stop()
        self.scroll_list(WHEEL_LINES)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel."""
        event.stop()
        self.scroll_list(-WHEEL_LINES)

    def action_move(self, steps: int) -> None:
        """Move the cursor, or scroll where there is nothing to choose."""
        if not self.CURSOR:
            self.scroll_list(steps)
            return
        self.cursor = max(0, min(self.cursor + steps, self.count() - 1))
        self.first = max(self.cursor - self.page + 1, min(self.first, self.cursor))
        self.update()

    def action_move_page(self, pages: int) -> None:
        """Move by what fits."""
        self.action_move(pages * self.page)

    def action_open(self) -> None:
        """Open what the cursor is on."""
        if self.count() and (found := self.subject(self.cursor)) is not None:
            self.post_message(self.Opened(found))

    def action_copy(self) -> None:
        """Copy what the cursor is on: a name, an id or a number; without one, what the panel is about."""
        found = self.subject(self.cursor) if self.CURSOR and self.count() else None
        text = getattr(self, "about", "") if found is None else f"#{found}" if isinstance(found, int) else found
        if text:
            self.app.copy_to_clipboard(text)
            self.notify(f"copied {text}")

    def action_go(self) -> None:
        """Go to the moment of the event that the cursor is on, or that the panel shows."""
        found = self.subject(self.cursor) if self.CURSOR and self.count() else None
        number = found if isinstance(found, int) else self.number_shown
        if number is None:
            self.notify("the line under the cursor is no event")
            return
        self.post_message(self.EventChosen(number))

    def action_write(self) -> None:
        """Write the table into the run's directory, named after the panel and the moment that it shows."""
        table = self.table()
        if table is None:
            self.notify("what this panel shows is no table: w writes that of panels 1 to 4, 6 and 8")
            return
        name = f"{self.TITLE.split()[1].lower()}-{self.scene.player.position}"
        try:
            self.notify(f"wrote {write_table(table, name, self.scene.timeline.log.directory)}")
        except SimnetError as error:
            self.notify(f"{error}", severity="error")

    @property
    def number_shown(self) -> int | None:
        """The row of the log that the whole panel shows; ``None`` if it shows none."""
        return None

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on a line; open it if it is there already."""
        index = event.y - self.gutter.top - self._height_of_top + self.first
        if not 0 <= index < self.count():
            return
        if index == self.cursor and event.chain > 1:
            self.action_open()
        self.cursor = index
        self.update()

    @property
    def text(self) -> str:
        """What the panel shows, without styles."""
        return "\n".join(plain(line).rstrip() for line in self._lines)


class Page(Panel):
    """A panel that is drawn whole rather than line by line."""

    CURSOR = False

    def prepare(self, width: int, height: int) -> None:
        """Draw it."""
        self._drawn = self.draw(width, height)

    def draw(self, width: int, height: int) -> list[Line]:
        """All its lines."""
        raise NotImplementedError

    def count(self) -> int:
        """Lines that were drawn."""
        return len(self._drawn)

    def line(self, index: int, width: int) -> Line:
        """One of them."""
        return self._drawn[index]

    _drawn: list[Line] = []  # noqa: RUF012 - replaced, never changed


def changed(old: Line, new: Line) -> tuple[int, int]:
    """First column and end of what differs between two lines."""
    same = 0
    while same < min(len(old), len(new)) and old[same] == new[same]:
        same += 1
    start, end = width_of(new[:same]), max(width_of(old), width_of(new))
    if width_of(old) == width_of(new):
        rest_old, rest_new = old[same:], new[same:]
        while rest_old and rest_new and rest_old[-1] == rest_new[-1]:
            end -= width_of(rest_new[-1:])
            rest_old, rest_new = rest_old[:-1], rest_new[:-1]
    return start, end
