"""The dashboard on a terminal of a given size that is not there, and what is on its screen."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot
from textual.widgets import Input

from dashboards.app import Dashboard
from dashboards.live_run import Engine
from dashboards.scene import open_scene

SNAPSHOTS = Path(__file__).parent / "snapshots"
UPDATE = "SIMNET_UPDATE_SNAPSHOTS"
"""Environment variable that has snapshots written anew instead of compared."""

NARROW, MEDIUM, WIDE = (80, 24), (120, 40), (200, 60)


class Terminal:
    """A dashboard that a test drives."""

    def __init__(self, app: Dashboard, pilot: Pilot[Any]) -> None:
        self.app, self.pilot = app, pilot

    async def settle(self) -> None:
        """Let everything that was asked for be drawn."""
        self.app.tick()
        self.app.show_now()
        await self.pilot.pause()

    async def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        await self.pilot.press(*keys)
        await self.settle()

    async def enter(self, text: str) -> None:
        """Enter a line of text in place of what is there."""
        self.app.screen.query_one(Input).value = text
        await self.press("enter")

    @property
    def notes(self) -> list[str]:
        """Messages that came up."""
        return [note.message for note in self.app._notifications]

    @property
    def text(self) -> str:
        """The screen's characters."""
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips) + "\n"


@asynccontextmanager
async def opened(directory: Path, size: tuple[int, int], engine: Engine | None) -> AsyncIterator[Terminal]:
    """The dashboard on a run directory, read to its end."""
    app = Dashboard(open_scene(directory), engine)
    async with app.run_test(size=size) as pilot:
        while app.scene.timeline.read(1.0):
            pass
        terminal = Terminal(app, pilot)
        await terminal.settle()
        while not app.query("FooterKey"):  # the footer fills in a refresh of its own, which a busy machine is late with
            await pilot.pause()
        yield terminal


def drive(
    directory: Path,
    session: Callable[[Terminal], Awaitable[None]],
    size: tuple[int, int] = MEDIUM,
    engine: Engine | None = None,
) -> None:
    """Open a run and let `session` drive it."""

    async def whole() -> None:
        async with opened(directory, size, engine) as terminal:
            await session(terminal)

    asyncio.run(whole())


def assert_looks_as_before(name: str, text: str) -> None:
    """Compare a screen with the one in ``tests/snapshots``, or put it there if that is asked for."""
    file = SNAPSHOTS / f"{name}.txt"
    if os.environ.get(UPDATE):
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8"), f"{file.name} looks different; {UPDATE}=1 accepts it"
