"""Windows over the panels: a participant, an inference, a batch, one row of the log, the keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from dashboards.describe import MARKS, Who, describe, value_of
from dashboards.figures import compute_cost
from dashboards.fold_chain import as_text
from dashboards.index import GROUPS
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
    Window > Panel { width: 90%; max-width: 120; height: 85%; background: $surface; }
    Window.-narrow > Panel { width: 100%; height: 100%; }
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


class Listing(Panel):
    """A window with facts on top and the rows about something below, newest first."""

    def __init__(self, scene: Scene, about: str) -> None:
        super().__init__(scene)
        self.about = about
        self.border_title = short(about)
        self.border_subtitle = "enter opens · esc closes"

    def prepare(self, width: int, height: int) -> None:
        """Find the rows, messages left out."""
        rows = self.scene.timeline.index.about(self.about, self.scene.player.position, without="messages")
        self._rows = rows[: -LISTED_MAX - 1 : -1]

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

    _rows: list[int] = []  # noqa: RUF012 - replaced, never changed


class NodePanel(Listing):
    """A participant: what is true of it, what it did, what it earned."""

    def top(self, width: int) -> list[Line]:
        """The facts."""
        state = self.scene.state
        node = state.nodes.get(self.about)
        if node is None:
            return [[("not in the run yet", "dim")]]
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
                [
                    ("work        ", "dim"),
                    (f"{node.claims:,} claims, {node.checks:,} checks, {count(node.macs)} MACs", ""),
                ],
                [
                    ("frauds      ", "dim"),
                    (f"{node.committed} committed, {node.detected} found, {node.finalised} stood", ""),
                ],
            ]
        lines.append([("chain       ", "dim"), (f"{node.transactions} transactions, {count(node.gas)} gas", "")])
        return [*lines, []]


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
        row = scene.timeline.row(number)
        self.border_title = f"event #{number} · {row.get('event', row['kind'])}"
        self.border_subtitle = "› opens with enter · esc closes"
        self._sentence = describe(row, scene.state.who)
        self._fields = list(fields_of(row, scene.state.who))
        self._emitted = emitted(scene, number) if row["kind"] == "transaction_mined" else []

    def top(self, width: int) -> list[Line]:
        """What it says."""
        return [self._sentence, []]

    def count(self) -> int:
        """Fields, and the events that a transaction gave rise to."""
        return len(self._fields) + len(self._emitted)

    def line(self, index: int, width: int) -> Line:
        """A field or an event."""
        mark: Line = [("› " if self.subject(index) is not None else "  ", "accent strong")]
        if index < len(self._fields):
            key, value = self._fields[index]
            return [*mark, (f"{key:<16} ", "dim"), (value, "accent" if self.subject(index) is not None else "")]
        row = self.scene.timeline.row(self._emitted[index - len(self._fields)])
        return [*mark, ("emits ", "dim"), *describe(row, self.scene.state.who)]

    def subject(self, index: int) -> str | int | None:
        """What the line is about."""
        if index >= len(self._fields):
            return self._emitted[index - len(self._fields)]
        value = self._fields[index][1]
        return value if self.scene.timeline.index.knows(value) else None


AMOUNTS = frozenset(
    ("stake", "fee", "fees", "amount", "burned", "bounty", "paid", "refunded", "toVerifier", "value", "bond")
)
"""Fields that are amounts in wei."""


def fields_of(row: Row, who: Who) -> Iterator[tuple[str, str]]:
    """Name and value of each field of a row and of its arguments; participants by name."""
    for key, value in row.items():
        if key == "args":
            yield from fields_of(value, who)
        elif isinstance(value, list):
            for i, part in enumerate(value):
                yield f"{key}[{i}]", shown(key, part, who)
        else:
            yield key, shown(key, value, who)


def shown(key: str, value: Any, who: Who) -> str:
    """A value for reading; hashes are shown whole, for a person may want to copy one."""
    if key in AMOUNTS and str(value).isdecimal():
        return f"{opg(int(value))} OPG"
    if isinstance(value, str) and value.startswith("0x"):
        named = who(value)
        return as_text(value) if key == "reason" else value if named.endswith("…") else named
    return value_of(value, who)


def emitted(scene: Scene, number: int) -> list[int]:
    """Rows of the contract events of a transaction: those that follow it directly."""
    found = []
    for i in range(number + 1, len(scene.timeline)):
        if scene.timeline.row(i)["kind"] != "contract_event":
            break
        found.append(i)
    return found


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
        return len(GROUPS)

    def line(self, index: int, width: int) -> Line:
        """A box that is ticked or not, the group and its events so far."""
        group = GROUPS[index]
        ticked = group in self.scene.groups
        box = ("[✓] ", "good") if ticked else ("[ ] ", "dim")
        return [
            box,
            (f"{MARKS[group][0]} {group:<10}", "" if ticked else "dim"),
            (f" {self._counts[group]:>10,}", "dim"),
        ]

    def action_toggle_group(self) -> None:
        """Show or hide the group under the cursor."""
        chosen = GROUPS[self.cursor]
        self.scene.groups = tuple(g for g in GROUPS if (g in self.scene.groups) != (g == chosen))
        self.update()

    def action_show_groups(self, every: bool) -> None:
        """Show all groups or none."""
        self.scene.groups = GROUPS if every else ()
        self.update()

    _counts: dict[str, int] = {}  # noqa: RUF012 - replaced, never changed


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
    ("f /", "which events the feed shows; only those about somebody or something"),
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
    ("⚑ ↯", "a slash; a fault, or a touch by hand"),
    ("! ▣", "ground truth: somebody lies; a batch"),
)


class HelpPanel(Page):
    """Keys and marks."""

    TITLE = "keys and marks"

    def draw(self, width: int, height: int) -> list[Line]:
        """A line for each."""
        return [[(f"{keys:<9} ", "accent strong"), (meaning, "")] for keys, meaning in HELP]
