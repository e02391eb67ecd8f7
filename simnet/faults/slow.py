"""Slow: devices that take longer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import Field

from nodes.parameters import Parameters
from simnet.faults.fault import Condition, Finding, Lasting, Setting, Undo, World
from simnet.faults.places import Places, unknown


class Slowdown(Parameters):
    """Whose devices, and how slow."""

    nodes: Places = Field(description="nodes or regions")
    times: float = Field(gt=1, le=1e6, description="how many times as long an execution takes")


class Slow(Lasting):
    """Have devices take longer to execute models: throttled, shared with others, or failing over to a slower one."""

    kind: ClassVar[str] = "slow"
    condition: ClassVar[Condition] = "impaired"
    shows_in: ClassVar[str] = "soft_latency_ms, busy_s in executed"
    sample: ClassVar[dict[str, Any]] = {"nodes": ["inference-0"], "times": 1000}

    slow: Slowdown

    @property
    def says(self) -> str:
        """Whose, and how slow."""
        return f"devices of {', '.join(self.slow.nodes)} {self.slow.times:g} times as slow"

    def begin(self, world: World) -> Undo:
        """Slow them down."""
        engine = world.engine
        names = engine.network.members(self.slow.nodes)
        return Undo.each({n: engine.hosts[n].conditions.slowness.lay(self.slow.times) for n in names})

    def problems(self, setting: Setting) -> Iterator[Finding]:
        """Unknown names, and nodes that execute nothing."""
        named = list(unknown(setting, ("nodes",), self.slow.nodes))
        yield from named
        if not named and setting.executing.isdisjoint(setting.members(self.slow.nodes)):
            yield ("nodes",), "nobody there executes models", "name inference nodes or full nodes"
