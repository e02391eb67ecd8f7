"""Pause, step, speed and jumps: what moves the picture, or the run itself while the picture follows it."""

from __future__ import annotations

from textual.app import App
from textual.binding import Binding, BindingType

from dashboards.dialogs import Ask
from dashboards.live_run import Engine
from dashboards.player import EXPECTED, SPEEDS, next_speed
from dashboards.scene import MOST_ZOOM, Scene

TRANSPORT: list[BindingType] = [
    Binding("space", "app.hold", "Pause", key_display="␣"),
    Binding("left,comma", "app.step(-1)", "Step back", show=False),
    Binding("right,full_stop", "app.step(1)", "Step", key_display="←→"),
    Binding("left_square_bracket", "app.step_block(-1)", "Block back", show=False),
    Binding("right_square_bracket", "app.step_block(1)", "Block", key_display="[ ]"),
    Binding("plus,equals_sign", "app.speed(1)", "Faster", show=False),
    Binding("minus", "app.speed(-1)", "Slower", show=False),
    Binding("home", "app.start", "Start", show=False),
    Binding("end", "app.end", "End", show=False),
    Binding("t", "app.jump", "Time"),
    Binding("s", "app.slash(1)", "Slash"),
    Binding("S", "app.slash(-1)", "Slash before", show=False),
    Binding("e", "app.failure(1)", "Failure"),
    Binding("E", "app.failure(-1)", "Failure before", show=False),
    Binding("m", "app.mark", "Mark", show=False),
    Binding("b", "app.bookmark(1)", "Bookmark", show=False),
    Binding("B", "app.bookmark(-1)", "Bookmark before", show=False),
    Binding("z", "app.zoom(1)", "Zoom in", show=False),
    Binding("Z", "app.zoom(-1)", "Zoom out", show=False),
]
"""Keys that move through time; they work in windows, too."""


class Transport(App[None]):
    """The actions behind `TRANSPORT`."""

    scene: Scene
    engine: Engine | None

    @property
    def steers(self) -> Engine | None:
        """The engine, if it goes on and the picture follows it, so that keys mean the run itself."""
        engine = self.engine
        return engine if engine is not None and engine.running and self.scene.player.following else None

    def show_now(self) -> None:
        """Bring everything on the screen up to date."""
        raise NotImplementedError

    def action_hold(self) -> None:
        """Pause the run or the replay, or let it go on."""
        if engine := self.steers:
            engine.toggle()
        else:
            self.scene.player.toggle()
        self.show_now()

    def action_step(self, rows: int) -> None:
        """One row on or back; a live run at its newest row takes the next step itself."""
        if rows > 0 and (engine := self.steers):
            engine.step()
        else:
            self._hold_engine(rows)
            self.scene.player.step(rows)
        self.show_now()

    def action_step_block(self, direction: int) -> None:
        """To the end of the next block, or of the one before."""
        if direction > 0 and (engine := self.steers):
            engine.step("block_mined")
            return
        self._hold_engine(direction)
        if not self.scene.player.step_block(direction):
            self.notify("no further block")
        self.show_now()

    def _hold_engine(self, direction: int) -> None:
        """Going back from a live run pauses it, or its newest row would run away."""
        if direction < 0 and (engine := self.steers) and not engine.paused:
            engine.toggle()

    def action_speed(self, steps: int) -> None:
        """Faster or slower; a live run has virtual pace above the fastest."""
        engine = self.steers
        if engine is None:
            self.scene.player.change_speed(steps)
        elif not engine.speed:
            engine.set_speed(SPEEDS[-1] if steps < 0 else 0.0)
        else:
            faster = next_speed(engine.speed, steps, SPEEDS)
            engine.set_speed(0.0 if steps > 0 and engine.speed >= SPEEDS[-1] else faster)
        self.show_now()

    def action_start(self) -> None:
        """To before the first row."""
        self.scene.player.step(-self.scene.player.position)
        self.show_now()

    def action_end(self) -> None:
        """To the newest row, and stay there."""
        self.scene.player.go(len(self.scene.timeline))
        self.show_now()

    def action_jump(self) -> None:
        """Ask where to, and go there."""

        def done(_: str | None) -> None:
            self.show_now()

        self.push_screen(Ask("jump to", EXPECTED, self.scene.player.go_to), done)

    def action_slash(self, direction: int) -> None:
        """To the next slash or the one before."""
        if not self.scene.player.seek(self.scene.timeline.index.slashes, direction):
            self.notify("no slash after this moment" if direction > 0 else "no slash before this moment")
        self.show_now()

    def action_failure(self, direction: int) -> None:
        """To where an expectation next began to fail, or last did."""
        if not self.scene.player.seek(self.scene.timeline.index.failures, direction):
            where = "after" if direction > 0 else "before"
            self.notify(f"no expectation begins to fail {where} this moment")
        self.show_now()

    def action_mark(self) -> None:
        """Set a bookmark at this moment, or take it away."""
        self.notify("bookmark set" if self.scene.player.mark() else "bookmark taken away")
        self.show_now()

    def action_bookmark(self, direction: int) -> None:
        """To the next bookmark or the one before."""
        if not self.scene.player.seek(self.scene.player.bookmarks, direction):
            self.notify(f"no bookmark {'after' if direction > 0 else 'before'} this moment; m sets one")
        self.show_now()

    def action_zoom(self, steps: int) -> None:
        """Show a shorter part of the run on the track, or a longer one."""
        self.scene.zoom = max(0, min(self.scene.zoom + steps, MOST_ZOOM))
        self.show_now()
