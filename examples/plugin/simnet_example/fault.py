"""A fault: what happens to the network, a node, the chain or the market, and the handle that undoes exactly that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import Field

from nodes.parameters import Parameters
from simnet.faults.fault import Condition, Finding, Lasting, Setting, Undo, World
from simnet.faults.places import Places, unknown


class Dimming(Parameters):
    """Where, and how much."""

    nodes: Places = Field(description="nodes or regions")
    left: float = Field(default=0.5, gt=0, lt=1, description="share of their speed that devices keep")


class Brownout(Lasting):
    """Have devices clock down, as under too little power."""

    kind: ClassVar[str] = "brownout"
    condition: ClassVar[Condition] = "impaired"
    over: ClassVar[str] = "full power"
    shows_in: ClassVar[str] = "soft_latency_ms"
    sample: ClassVar[dict[str, Any]] = {"nodes": ["us-east"], "left": 0.25}

    brownout: Dimming

    @property
    def says(self) -> str:
        """Whose devices, and what is left of their speed."""
        return f"brownout: {', '.join(self.brownout.nodes)} at {self.brownout.left:.0%} of their speed"

    def begin(self, world: World) -> Undo:
        """Clock them down; what other faults do to the same devices stays as it is."""
        hosts, times = world.engine.hosts, 1 / self.brownout.left
        names = world.engine.network.members(self.brownout.nodes)
        return Undo.each({name: hosts[name].conditions.slowness.lay(times) for name in names})

    def problems(self, setting: Setting) -> Iterator[Finding]:
        """Names that nobody has."""
        return unknown(setting, ("nodes",), self.brownout.nodes)
