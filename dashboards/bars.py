"""The single lines around the panels: what runs, which view is shown, and where in time the picture stands."""

from __future__ import annotations

import time
from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import BindingType
from textual.message import Message

from dashboards.panel import GUTTER, Page
from dashboards.text import Line, clock, pair, span_of_time

if TYPE_CHECKING:
    from dashboards.live_run import Engine
    from dashboards.scene import Scene

FAR_BEHIND_BYTES = 2 << 20
"""From here on, reading a log takes so long that one wants to know how far it is."""

SILENT_S = 10.0
"""Real seconds without a new line after which a log no longer counts as growing."""

VIEWS = ("All", "Network", "Feed", "Chain", "Fraud", "Latency", "Money", "Inference", "Scenario")
"""What can be shown, by the key that shows it."""


class Bar(Page, can_focus=False):
    """Lines without a frame."""

    RIGHT = 0

    BINDINGS: ClassVar[list[BindingType]] = []
    DEFAULT_CSS = """
    Bar { border: none; height: 1; background: $panel; overflow: hidden hidden; }
    """


class StatusBar(Bar):
    """What runs, and how."""

    def __init__(self, scene: Scene, engine: Engine | None) -> None:
        super().__init__(scene)
        self.engine = engine

    def draw(self, width: int, height: int) -> list[Line]:
        """One line."""
        state = self.scene.state
        name: Line = [("simnet ", "dim"), (str(state.started.get("scenario", "…")), "strong")]
        if state.started and width >= 60:
            name.append((f"  {state.started['strategy']}, seed {state.started['seed']}", "dim"))
        return [pair([*name, ("  ", ""), *self._mode()], self._right(), width)]

    def _mode(self) -> Line:
        player, head = self.scene.player, self.scene.timeline.head
        if self.engine is not None and self.engine.crashed:
            return [("✗ the engine crashed", "bad")]
        if not player.following:
            return [(f"▶ replay {speed_of(player.speed)}" if player.playing else "‖ at an earlier moment", "warn")]
        if head.ended:
            return [("■ over", "strong")]
        if self.engine is None:
            return self._growing()
        return [("‖ paused", "warn")] if self.engine.paused else [(f"● live {speed_of(self.engine.speed)}", "good")]

    def _growing(self) -> Line:
        """How a log stands that has no end, and that another process writes or wrote."""
        log = self.scene.timeline.log
        if log.behind > FAR_BEHIND_BYTES:
            return [(f"… reading, {100 * log.read_share:.0f} %", "warn")]
        silent_s = time.time() - log.changed_at
        if silent_s > SILENT_S:
            return [(f"‖ no end, and nothing new for {span_of_time(silent_s)}", "warn")]
        return [("● growing", "good")]

    def _right(self) -> Line:
        count = len(self.scene.state.interventions)
        line: Line = [(f"↯ steered by hand {count}× ", "warn")] if count else []
        verdicts = self.scene.timeline.promises.judge(self.scene.state, self.scene.results)
        for mark, style in (("✓", "good"), ("✗", "bad"), ("…", "warn")):
            number = sum(verdict.standing.value == mark for verdict in verdicts)
            line += [(f" {mark} {number}", style)] if number else []
        if self.scene.state.ended and self.scene.results.outcome:
            line.append((f"  {self.scene.results.outcome.upper()} ", "strong"))
        return line


def speed_of(speed: float) -> str:
    """A speed for reading; 0 is as fast as it goes."""
    return f"{speed:g}x" if speed else "at virtual pace"


class ViewBar(Bar):
    """The views, each with its key."""

    class Chosen(Message):
        """Somebody clicked on a view."""

        def __init__(self, view: int) -> None:
            super().__init__()
            self.view = view

    view = 0

    def draw(self, width: int, height: int) -> list[Line]:
        """One line."""
        line: Line = []
        for number, name in enumerate(VIEWS):
            chosen = "strong cursor" if number == self.view else ""
            line += [(str(number), f"accent {chosen}".strip()), (f" {name}", chosen or "dim"), (" ", "")]
        return [line[:-1]]

    def on_click(self, event: events.Click) -> None:
        """Choose the view under the mouse."""
        x = GUTTER
        for number, name in enumerate(VIEWS):
            x += len(name) + 3
            if event.x < x:
                self.post_message(self.Chosen(number))
                return


class TimelineBar(Bar):
    """Where the picture stands in the run, and what happened last."""

    DEFAULT_CSS = """
    TimelineBar { height: 2; }
    """

    class Sought(Message):
        """Somebody clicked on a moment."""

        def __init__(self, time: float) -> None:
            super().__init__()
            self.time = time
            """In seconds."""

    def draw(self, width: int, height: int) -> list[Line]:
        """The track, and the row that was applied last."""
        scene, state = self.scene, self.scene.state
        start, end = scene.part
        left, right = f"{clock(state.time, 2)} ", f" {clock(end)}"
        left += f"{clock(start)} " if scene.zoom else ""
        self._track = (len(left) + GUTTER, max(1, width - len(left) - len(right)))
        track = [(left, "strong"), *self._draw_track(self._track[1]), (right, "dim")]
        position = scene.player.position
        number: Line = [(f"#{max(position - 1, 0):,} of {len(scene.timeline):,}  ", "dim")]
        if broken := scene.timeline.index.broken.get(position - 1):
            number.append((f"✗ begins to fail: {', '.join(broken)}", "bad"))
        elif position:
            number += scene.tell(position - 1)
        return [track, number]

    def _draw_track(self, width: int) -> Line:
        """A line that is thick up to here, with a mark for the gravest thing in each column's share of the run."""
        timeline, (begin, finish) = self.scene.timeline, self.scene.part
        index, span = timeline.index, finish - begin
        here = min(int((self.scene.state.time - begin) / span * width), width - 1)
        last_failures = array("L", timeline.lasting_failures)
        marks = (
            (self.scene.player.bookmarks, ("◆", "accent strong")),
            (last_failures, ("✗", "bad")),
            (index.disturbances, ("↯", "warn")),
            (index.slashes, ("⚑", "warn")),
            (index.frauds, ("!", "warn")),
        )
        line: Line = []
        for x in range(width):
            start, end = begin + span * x / width, begin + span * (x + 1) / width
            first, last = bisect_left(index.times, start), bisect_left(index.times, end)
            found = next((mark for rows, mark in marks if between(rows, first, last)), None)
            if x == here:
                line.append(("●", "accent strong"))
            elif found:
                line.append(found)
            elif start <= timeline.head.time and index.is_disturbed(start):  # nobody knows yet how long it will last
                line.append(("≈", "warn"))
            else:
                line.append(("━", "accent") if x < here else ("─", "dim"))
        return line

    def on_click(self, event: events.Click) -> None:
        """Go to the moment under the mouse."""
        start, width = self._track
        if event.y == 0 and start <= event.x < start + width:
            begin, finish = self.scene.part
            self.post_message(self.Sought(begin + (finish - begin) * (event.x - start) / width))

    _track = (0, 1)


def between(rows: array[int], first: int, last: int) -> bool:
    """Whether one of these rows has a number from `first` up to but not `last`."""
    found = bisect_left(rows, first)
    return found < len(rows) and rows[found] < last
