"""The dashboard: a viewer of one event log, recorded or growing, and nothing else.

It never holds the engine up: it reads the log that the engine writes, some five times a second, and sends the
terminal what has changed. What steers a live run goes through `dashboards.live_run.Engine`.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.events import Key
from textual.screen import Screen
from textual.widgets import Footer, Static

from chain.errors import SimnetError
from dashboards.bars import FAR_BEHIND_BYTES, VIEWS, StatusBar, TimelineBar, ViewBar
from dashboards.controls import TRANSPORT, Transport
from dashboards.dialogs import Ask, known_injections
from dashboards.live_run import Engine
from dashboards.palette import Things
from dashboards.panel import Panel
from dashboards.panels.chain import Chain
from dashboards.panels.feed import Feed
from dashboards.panels.fraud import Fraud
from dashboards.panels.inference import Inference
from dashboards.panels.latency import Latency
from dashboards.panels.money import Money
from dashboards.panels.network import Network
from dashboards.panels.scenario import ScenarioPanel
from dashboards.scene import Scene
from dashboards.settings import Settings
from dashboards.windows.filter import FilterPanel
from dashboards.windows.help import HelpPanel
from dashboards.windows.window import Window, window_on
from simnet.log.file import LogReplaced
from simnet.verdict.so_far import read_results

UPDATES_PER_S = 5
READ_S = 0.05
"""Time for reading the log in one update: enough for 8,000 rows, and a quarter of a core at the most."""
CATCH_UP_S = 0.4
"""The same while much is left to read, as when a recorded log is opened."""
RESULTS_EVERY_S = 1.0
"""How often to look whether a run that has ended has been judged."""
LEAST = 60, 15
"""Columns and lines from which on there is a picture; with fewer, a word that there is none."""

LEAVE_WITHIN_S = 3.0
"""Within this, a second ``q`` ends a run that goes on."""

SEARCH_S = 3.0
"""Time for looking through the log for a text."""

NOT_OURS = ("Keys", "Maximize", "Minimize")
"""Commands of Textual's that our own keys do better."""

INJECTION_HINT = """\
an entry of a scenario file that begins now, such as
crash: [full-2], for: 60 s
behaviour: quantize, nodes: [inference-3]"""


class Dashboard(Transport):
    """One run on a terminal."""

    TITLE = "simnet"
    CSS_PATH = "dashboard.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (LEAST[0], "-narrow"), (100, "-medium"), (150, "-wide")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (LEAST[1], "-high")]  # noqa: RUF012 - as Textual declares them
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "leave", "Quit"),
        Binding("question_mark", "keys", "Keys", key_display="?"),
        *TRANSPORT,
        *(Binding(str(i), f"view({i})", name, show=False) for i, name in enumerate(VIEWS)),
        Binding("escape", "view(0)", "All", show=False),
        Binding("f", "filter", "Filter"),
        Binding("slash", "about", "About", show=False),
        Binding("ctrl+f", "find", "Find", show=False),
        Binding("n", "find_again(1)", "Find next", show=False),
        Binding("N", "find_again(-1)", "Find before", show=False),
        Binding("o", "open", "Open"),
        Binding("i", "inject", "Inject"),
        Binding("i", "refuse_injection", show=False),
        Binding("u", "unpin", "Unpin", show=False),
        Binding("ctrl+c", "leave(True)", "Quit", show=False, priority=True),
    ]

    COMMANDS = App.COMMANDS | {Things}

    def __init__(self, scene: Scene, engine: Engine | None = None, settings: Settings | None = None) -> None:
        super().__init__()
        self.scene = scene
        self.engine = engine
        self.settings = settings or Settings()
        if self.settings.theme in self.available_themes:
            self.theme = self.settings.theme
        if self.settings.groups:
            scene.groups = self.settings.groups
        if engine is not None:
            engine.on_refusal = lambda reason: self.notify(reason, title="not injected", severity="error")
        self._last_tick = time.monotonic()
        self._results_at = 0.0
        self._leaving_at = -LEAVE_WITHIN_S
        self._shown: tuple[object, ...] = ()

    # -- the picture ---------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        """All panels, in a grid; which of them the overview has room for, the terminal's width decides."""
        scene = self.scene
        yield StatusBar(scene, self.engine)
        yield ViewBar(scene)
        with Container(id="board"):  # in the order in which a grid gives places away: row by row, from the left
            yield Network(scene, id="view-1")
            yield ScenarioPanel(scene, id="view-8")
            yield Feed(scene, id="view-2")
            yield Fraud(scene, id="view-4")
            yield Latency(scene, id="view-5")
            yield Inference(scene, id="view-7")
            yield Money(scene, id="view-6")
            yield Chain(scene, id="view-3")
        yield Static(f"too small: {LEAST[0]}×{LEAST[1]} or more is needed", id="too-small")
        yield TimelineBar(scene)
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        """Begin to look."""
        self.set_interval(1 / UPDATES_PER_S, self.tick)
        if not self.is_headless:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                loop.add_signal_handler(number, self.exit)
        self.call_after_refresh(self.tick)

    def tick(self) -> None:
        """Take in what is new, and show it."""
        now = time.monotonic()
        elapsed, self._last_tick = now - self._last_tick, now
        if self.engine is not None and self.engine.running:
            self.engine.poll()
            if self.engine.error is not None:
                self.notify(f"{self.engine.error}", title="the run ended early", severity="error", timeout=60)
            if not self.engine.running:
                self.refresh_bindings()  # it can be steered no more
        self._read()
        self._look_for_results(now)
        self.scene.player.tick(elapsed)
        self.show_now(only_if_changed=True)

    def _read(self) -> None:
        """Read on in the log, for longer when far behind."""
        timeline = self.scene.timeline
        try:
            timeline.read(CATCH_UP_S if timeline.log.behind > FAR_BEHIND_BYTES else READ_S)
        except LogReplaced:
            self.scene.restart()
            self.scene.timeline.read(READ_S)
            self.notify("another run writes this log now")
        except SimnetError as error:
            self.exit(return_code=error.exit_code, message=str(error))

    def _look_for_results(self, now: float) -> None:
        """Read the verdict once the run is over and somebody has judged it."""
        scene = self.scene
        if scene.timeline.head.ended and not scene.results.outcome and now - self._results_at > RESULTS_EVERY_S:
            self._results_at = now
            scene.results = read_results(scene.timeline.log.directory / "results.json")

    def show_now(self, only_if_changed: bool = False) -> None:
        """Bring everything on the screen up to date."""
        if not self.screen_stack:
            return  # a last tick, while the screens are being closed
        scene, engine = self.scene, self.engine
        self.settings.keep(theme=self.theme, groups=scene.groups)
        player = scene.player
        mode = engine and (engine.paused, engine.speed, engine.running)
        look = (scene.groups, scene.about, scene.pinned, scene.results.outcome, self.screen)
        shown = (player.position, player.playing, player.following, len(scene.timeline), mode, look)
        if only_if_changed and shown == self._shown:
            return
        self._shown = shown
        for screen in self.screen_stack:
            for panel in screen.query(Panel):
                if panel.is_on_screen:
                    panel.update()
        if len(self.screen_stack) > 1:
            self.screen.refresh()  # what is behind a dialog is part of its picture

    # -- views, windows, dialogs ---------------------------------------------------------------------------

    def action_view(self, view: int) -> None:
        """Show one panel as large as it gets, or all."""
        self.query_one(ViewBar).view = view
        self.query_one("#board").set_class(bool(view), "one")
        for panel in self.query("#board Panel"):
            chosen = panel.id == f"view-{view}"
            panel.set_class(chosen, "chosen")
            if chosen:
                panel.focus()
        self.call_after_refresh(self.show_now)

    @on(ViewBar.Chosen)
    def _view_chosen(self, message: ViewBar.Chosen) -> None:
        self.action_view(message.view)

    @on(TimelineBar.Sought)
    def _sought(self, message: TimelineBar.Sought) -> None:
        self.scene.player.go(self.scene.timeline.index.at_time(message.time))
        self.show_now()

    @on(Panel.EventChosen)
    def _event_chosen(self, message: Panel.EventChosen) -> None:
        """Leave all windows for the moment of an event."""
        while len(self.screen_stack) > 1:
            self.pop_screen()
        self.scene.player.playing = False
        self.scene.player.go(message.number + 1)
        self.call_after_refresh(self.show_now)

    @on(Panel.Opened)
    def _opened(self, message: Panel.Opened) -> None:
        self.open(message.subject)

    def open(self, subject: str | int) -> None:
        """Show a participant, task, batch or row in a window."""
        if window := window_on(self.scene, subject):
            self.push_screen(window)

    def action_open(self) -> None:
        """Ask what to open, by name or by the beginning of an id."""
        scene = self.scene

        def done(text: str | None) -> None:
            if text:
                self.open(scene.find(text))

        hint = "a participant's name, a task's or batch's id (its beginning will do), or #12345 for an event"
        self.push_screen(Ask("open", hint, scene.find, scene.timeline.index.subjects), done)

    def action_filter(self) -> None:
        """Choose which events the feed shows."""
        self.push_screen(Window(FilterPanel(self.scene)), lambda _: self.show_now())

    def action_about(self) -> None:
        """Ask whom or what the feed should keep to."""
        scene = self.scene

        def keep_to(text: str) -> None:
            scene.about = str(scene.find(text)) if text.strip() else ""

        hint = "a participant's name, or a task's or batch's id; nothing for everything"
        ask = Ask("feed: only about", hint, keep_to, scene.timeline.index.subjects)
        self.push_screen(ask, lambda _: self.show_now())

    def action_find(self) -> None:
        """Ask for a text, and go to the next event of the feed that says it."""

        def done(text: str | None) -> None:
            if text:
                self._sought_text = text
                self.action_find_again(1)

        hint = (
            "part of what an event says; n and N go on from there. Only events that the feed shows are looked through"
        )
        self.push_screen(Ask("find", hint, lambda _: None), done)

    def action_find_again(self, direction: int) -> None:
        """The next event of the feed that says it, or the one before."""
        scene = self.scene
        if not self._sought_text:
            self.notify("ctrl+f asks for a text")
            return
        number = scene.find_text(self._sought_text, direction, time.monotonic() + SEARCH_S)
        if number is None:
            self.notify(f"no event {'after' if direction > 0 else 'before'} this moment says '{self._sought_text}'")
            return
        scene.player.playing = False
        scene.player.go(number + 1)
        self.show_now()

    _sought_text = ""

    def action_unpin(self) -> None:
        """Let the inference panel choose again."""
        self.scene.pinned = ""
        self.show_now()

    def action_keys(self) -> None:
        """Explain keys and marks."""
        self.push_screen(Window(HelpPanel(self.scene)))

    def action_inject(self) -> None:
        """Ask for a fault or an adversary, and inject it into the live run."""
        engine = self.engine
        assert engine is not None

        def check(text: str) -> None:
            from simnet.world.injection import extend

            extend(engine.scenario, text, self.scene.timeline.head.time)

        def done(text: str | None) -> None:
            if text:
                engine.inject(text)

        self.push_screen(Ask("inject", INJECTION_HINT, check, known_injections), done)

    def action_refuse_injection(self) -> None:
        """Say why there is nothing to inject into."""
        over = "this run is over" if self.scene.timeline.head.ended or self.engine else "this run goes on elsewhere"
        self.notify(f"{over}: only a run that this dashboard started can be steered", severity="warning")

    def on_key(self, event: Key) -> None:
        """A printable key gets here past a dialog only if it was pressed before its line had the focus."""
        if isinstance(self.screen, Ask):
            self.screen.take(event)

    def action_leave(self, at_once: bool = False) -> None:
        """Quit; a run that goes on wants to be asked twice."""
        now = time.monotonic()
        if not at_once and self.engine is not None and self.engine.running and now - self._leaving_at > LEAVE_WITHIN_S:
            self._leaving_at = now
            self.notify("the run goes on: press q again to end it with what there is", severity="warning")
            return
        self.exit()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer an injection only where there is something to inject into."""
        return action != "inject" or (self.engine is not None and self.engine.running)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """What the command palette offers besides Textual's own."""
        yield from (command for command in super().get_system_commands(screen) if command.title not in NOT_OURS)
        commands: tuple[tuple[str, str, Callable[[], None]], ...] = (
            ("Next slash", "Jump to where a node is slashed next (s)", partial(self.action_slash, 1)),
            ("Next failed expectation", "Jump to where one begins to fail (e)", partial(self.action_failure, 1)),
            ("Jump to a time", "Or to an event's number, or a share of the run (t)", self.action_jump),
            ("Filter the feed", "Choose which events it shows (f)", self.action_filter),
            ("Feed only about…", "A participant, task or batch (/)", self.action_about),
            ("Open", "A participant, task, batch or event (o)", self.action_open),
            ("Find in the feed", "The next event that says something (ctrl+f, then n and N)", self.action_find),
            *((f"Show {name.lower()}", f"View {i}", partial(self.action_view, i)) for i, name in enumerate(VIEWS)),
        )
        for command in commands:
            yield SystemCommand(*command)
        if self.check_action("inject", ()):
            yield SystemCommand("Inject a fault or a behaviour", "Into a live run (i)", self.action_inject)

    def deliver_screenshot(
        self, filename: str | None = None, path: str | None = None, time_format: str | None = None
    ) -> str | None:
        """Save a picture into the run's directory, or the working directory if that cannot be written to."""
        for directory in (self.scene.timeline.log.directory, Path()):
            with suppress(OSError):
                saved = self.save_screenshot(filename, str(directory), time_format)
                self.notify(f"saved {saved}")
                return saved
        self.notify("no place to save it to", severity="error")
        return None
