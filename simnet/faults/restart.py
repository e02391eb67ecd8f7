"""Restart: nodes that are down start anew."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import ClassVar

from pydantic import Field

from simnet.faults.fault import Fault, Finding, Setting, Undo, World
from simnet.faults.places import Places, unknown


class Restart(Fault):
    """Start nodes again that crashed, whatever keeps them down."""

    kind: ClassVar[str] = "restart"
    mends: ClassVar[tuple[str, ...]] = ("crash", "outage")
    sample: ClassVar[list[str]] = ["full-0"]

    restart: Places = Field(description="nodes")

    def frees(self, held: Hashable) -> bool:
        """Only the nodes that it names."""
        return held in self.restart

    @property
    def says(self) -> str:
        """Who starts again."""
        return f"{', '.join(self.restart)} restarted"

    def begin(self, world: World) -> Undo:
        """Undo what keeps them down."""
        world.end(self.mends, self.restart)
        return Undo()

    def problems(self, setting: Setting) -> Iterator[Finding]:
        """Unknown names, and nodes that are up."""
        named = list(unknown(setting, (), self.restart, only_nodes=True))
        yield from named
        for i, name in enumerate(self.restart):
            keep_down = (name in fault.victims(setting) for fault in setting.open_at(self, name))
            if setting.complete and not named and not any(keep_down):
                hint = f"to have it restart, write crash: [{name}], for: 10 s"
                yield (i,), f"'{name}' is not down by then", hint
