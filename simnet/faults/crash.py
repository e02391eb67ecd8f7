"""Crash: nodes stop, and start anew."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import ClassVar

from pydantic import Field

from simnet.faults.fault import Below, Condition, Finding, Lasting, Setting, Undo, World
from simnet.faults.places import Places, unknown


class Crash(Lasting):
    """Stop nodes; they lose what they had in memory, and start anew when no fault keeps them down any more."""

    kind: ClassVar[str] = "crash"
    condition: ClassVar[Condition] = "down"
    shows_in: ClassVar[str] = "tasks_unanswered, missed_reveals"
    sometimes: ClassVar[tuple[str, str] | None] = ("crashed", "a node crashed")
    sample: ClassVar[list[str]] = ["full-0"]

    crash: Places = Field(description="nodes")

    @property
    def holds(self) -> Mapping[Hashable, Below]:
        """Each node, down."""
        return {name: (i,) for i, name in enumerate(self.crash)}

    @property
    def says(self) -> str:
        """Who stops."""
        return f"{', '.join(self.crash)} crashed"

    def begin(self, world: World) -> Undo:
        """Stop them."""
        return stop(world, world.engine.network.members(self.crash))

    def victims(self, setting: Setting) -> list[str]:
        """Who stops."""
        return setting.members(self.crash)

    def problems(self, setting: Setting) -> Iterator[Finding]:
        """Unknown names."""
        return unknown(setting, (), self.crash, only_nodes=True)


def stop(world: World, names: tuple[str, ...]) -> Undo:
    """Stop participants; each starts anew when the last that keeps it down is undone."""
    return Undo.each({name: _stop(world, name) for name in names})


def _stop(world: World, name: str) -> Callable[[], None]:
    host = world.engine.hosts[name]
    lift = host.conditions.outages.lay("crash")
    if host.up:
        host.crash()

    def start() -> None:
        lift()
        if not host.conditions.outages:
            host.restart()

    return start
