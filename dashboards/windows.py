"""Windows over the panels: a participant, an inference, a batch, one row of the log, the keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from dashboards.describe import describe, value_of
from dashboards.figures import compute_cost
from dashboards.panel import Page, Panel
from dashboards.panels.inference import steps_as_lines
from dashboards.standing import STAKERS, belief, fate, status, status_word, truth
from dashboards.state import Row
from dashboards.story import collect, tell
from dashboards.text import Line, clock, count, opg, short
from dashboards.transport import TRANSPORT

if TYPE_CHECKING:
    from dashboards.scene import Scene

LISTED_MAX = 500
"""Rows about something that its window lists, the latest ones."""


class Window(ModalScreen[None]):
    """A panel in a window of its own. Escape closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [*TRANSPORT, Binding("escape,q", "dismiss", "Close")]
    DEFAULT_CSS = """
    Window { align: center middle; }
    Window > Panel { width: 90%; max-width: 110; height: 85%; background: $surface; }
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
    if subject in scene.state.nodes:
        return Window(NodePanel(scene, subject))
    if subject in scene.timeline.index.batches:
        return Window(BatchPanel(scene, subject))
    return Window(TaskPanel(scene, subject)) if scene.timeline.index.knows(subject) else None


class Listing(Panel):
    """A window with facts on top and the rows about something below, newest first."""

    def __init__(self, scene: Scene, about: str) -> None:
        super().__init__(scene)
        self.about = about
        self.border_title = short(about)
        self.border_subtitle = "enter opens · esc closes"

    def prepare(self, width: int, height: int) -> None:
        """Find the rows."""
        rows = self.scene.timeline.index.about(self.about, self.scene.player.position)
        self._rows: Sequence[int] = rows[: -LISTED_MAX - 1 : -1]

    def count(self) -> int:
        """Rows listed."""
        return len(self._rows)

    def line(self, index: int, width: int) -> Line:
        """One of them."""
        row = self.scene.timeline.row(self._rows[index])
        return [(f"{clock(row['t'], 2):>9} ", "dim"), *describe(row, self.scene.state.who)]

    def subject(self, index: int) -> str | int | None:
        """Its number."""
        return self._rows[index] if index < len(self._rows) else None

    _rows = ()


class NodePanel(Listing):
    """A participant: what is true of it, what it did, what it earned."""

    def top(self, width: int) -> list[Line]:
        """The facts."""
        state = self.scene.state
        node = state.nodes[self.about]
        mark, style = status(node, state)
        who = f"{node.role} in {node.region}" + (f" · {node.persona}" if node.persona else "")
        lines: list[Line] = [
            [(f"{mark} {status_word(node, state)}", style), (f"  {who}", "strong"), (f"  {node.address}", "dim")],
            [("in truth    ", "dim"), truth(node)],
            [("by protocol ", "dim"), belief(node), ("  ", ""), fate(node)],
        ]
        if node.role in STAKERS:
            cost = compute_cost(state, node.macs)
            lines += [
                [("at stake    ", "dim"), (f"{opg(node.stake)} OPG", "strong"), (f", slashed {opg(node.slashed)}", "")],
                [
                    ("earned      ", "dim"),
                    (f"fees {opg(node.fees)}, rewards {opg(node.rewards)}, bounties {opg(node.bounties)}; ", ""),
                    (f"compute {opg(int(cost * 10**18))}", "dim"),
                ],
                [("work        ", "dim"), (f"{node.claims:,} claims, {node.checks:,} checks, {count(node.macs)} MACs", "")],
                [("frauds      ", "dim"), (f"{node.committed} committed, {node.detected} found, {node.finalised} stood", "")],
            ]
        lines.append([("chain       ", "dim"), (f"{node.transactions} transactions, {count(node.gas)} gas", "")])
        return [*lines, []]


class BatchPanel(Listing):
    """A batch: its claims, and all that happened to it."""

    def prepare(self, width: int, height: int) -> None:
        """Find its rows and its tasks."""
        super().prepare(width, height)
        self._built = self.scene.timeline.row(self.scene.timeline.index.batches[self.about])
        self._tasks: list[str] = self._built["tasks"]

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

    _tasks = []  # noqa: RUF012 - replaced, never changed


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
        return [*head, [], *steps_as_lines(tell(rows, self.scene.state.who))]

    def action_pin(self) -> None:
        """Show it in the panel, too."""
        self.scene.pinned = self.about
        self.notify("panel 7 follows this inference")

    def action_batch(self) -> None:
        """Open the batch that its claim is in."""
        if batch := self.scene.timeline.index.batch_of.get(self.about):
            self.post_message(self.Opened(batch))


class RowPanel(Panel):
    """One row of the log, field by field; what has a window of its own can be opened."""

    def __init__(self, scene: Scene, number: int) -> None:
        super().__init__(scene)
        self.number = number
        row = scene.timeline.row(number)
        self.border_title = f"event #{number} · {row.get('event', row['kind'])}"
        self.border_subtitle = "enter opens · esc closes"
        self._fields = list(fields_of(row, scene.state.who))
        if row["kind"] == "transaction_mined":
            self._fields += [(f"emitted #{i}", i) for i in emitted(scene, number)]
        self._sentence = describe(row, scene.state.who)

    def top(self, width: int) -> list[Line]:
        """What it says."""
        return [self._sentence, []]

    def count(self) -> int:
        """Fields, and what a transaction gave rise to."""
        return len(self._fields)

    def line(self, index: int, width: int) -> Line:
        """One field."""
        key, value = self._fields[index]
        if isinstance(value, int):
            return [("emits ", "dim"), *describe(self.scene.timeline.row(value), self.scene.state.who)]
        opens = "accent" if self._is_subject(value) else ""
        return [(f"{key:<16} ", "dim"), (value, opens)]

    def subject(self, index: int) -> str | int | None:
        """What the field is about."""
        value = self._fields[index][1]
        return value if isinstance(value, int) or self._is_subject(value) else None

    def _is_subject(self, value: str) -> bool:
        return self.scene.timeline.index.knows(value)


def fields_of(row: Row, who: object) -> list[tuple[str, str | int]]:
    """Fields of a row and of its arguments, one each line; participants by name."""
    found: list[tuple[str, str | int]] = []
    for key, value in row.items():
        if key == "args":
            found += fields_of(value, who)
        elif isinstance(value, list):
            found += [(f"{key}[{i}]", value_of(part, who) if not is_hash(part) else part) for i, part in enumerate(value)]  # type: ignore[arg-type]
        else:
            found.append((key, str(value) if is_hash(value) else value_of(value, who)))  # type: ignore[arg-type]
    return found


def is_hash(value: object) -> bool:
    """Whether it is 32 bytes as hex, which a person may want to see whole."""
    return isinstance(value, str) and value.startswith("0x") and len(value) == 66


def emitted(scene: Scene, number: int) -> list[int]:
    """Rows of the contract events of a transaction: those that follow it directly."""
    found = []
    for i in range(number + 1, len(scene.timeline)):
        if scene.timeline.row(i)["kind"] != "contract_event":
            break
        found.append(i)
    return found


HELP = (
    ("␣", "pause or go on: the run itself while the picture follows it, the replay otherwise"),
    ("← →", "one event back or on"),
    ("[ ]", "one block back or on"),
    ("+ -", "faster, slower"),
    ("t", "jump to a time, a share of the run or an event"),
    ("s S", "next slash, slash before"),
    ("e E", "where an expectation begins to fail: next, before"),
    ("home end", "the start; the newest event, and stay there"),
    ("", ""),
    ("1 … 8", "one panel as large as it gets; 0 or esc for all"),
    ("tab", "next panel; ↑ ↓ move in it, enter opens a line"),
    ("o", "open a participant, task, batch or event by name"),
    ("f", "filter the feed"),
    ("x", "sort the network"),
    ("p u", "in an inference's window: follow it in panel 7; stop following"),
    ("i", "inject a fault or a behaviour into a live run"),
    ("ctrl+p", "command palette, themes, screenshot"),
    ("q", "quit"),
    ("", ""),
    ("● ○", "a node is up; down"),
    ("◌ ▦", "cut off by a partition; jailed"),
    ("✓ ✗", "holds, caught; fails, got away"),
    ("… ·", "not yet; known when the run is over"),
    ("⚑ ⚡", "a slash; a fault, or a touch by hand"),
    ("! ▣", "ground truth: somebody lies; a batch"),
)


class HelpPanel(Page):
    """Keys and marks."""

    TITLE = "keys and marks"

    def draw(self, width: int, height: int) -> list[Line]:
        """A line for each."""
        return [[(f"{keys:<9} ", "accent strong"), (meaning, "")] for keys, meaning in HELP]
