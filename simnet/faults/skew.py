"""Skew: a node's clock is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from chain.units import Duration
from nodes.identity import Role
from nodes.parameters import ParameterError, Parameters
from simnet.faults.fault import Condition, Finding, Lasting, Setting, Undo, World
from simnet.faults.places import Places, unknown


class Offset(Parameters):
    """Whose clock, and how far it is off."""

    nodes: Places = Field(description="nodes or regions")
    ahead: Duration = Field(default=0.0, description="how far it is ahead")
    behind: Duration = Field(default=0.0, description="or how far behind")

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if bool(self.ahead) == bool(self.behind):
            raise ParameterError("a clock is either ahead or behind", "write ahead: 3 s or behind: 3 s")
        return self


class Skew(Lasting):
    """Set nodes' clocks wrong: what they read as the time, and so every timestamp that they make.

    Contracts count chain time, and waiting is no matter of the clock: deadlines stay where they are, but a node
    that goes by its clock is early or late for them. What overlaps adds up; no clock shows a time before the run.
    """

    kind: ClassVar[str] = "skew"
    condition: ClassVar[Condition] = "impaired"
    over: ClassVar[str] = "right again"
    shows_in: ClassVar[str] = "missed_reveals, transactions that revert"
    sample: ClassVar[dict[str, Any]] = {"nodes": ["full-1"], "behind": "10 s"}

    skew: Offset

    @property
    def says(self) -> str:
        """Whose, and how far."""
        how = f"{self.skew.ahead:g} s ahead" if self.skew.ahead else f"{self.skew.behind:g} s behind"
        return f"clocks of {', '.join(self.skew.nodes)} {how}"

    def begin(self, world: World) -> Undo:
        """Set them wrong."""
        engine, offset = world.engine, self.skew.ahead - self.skew.behind
        names = engine.network.members(self.skew.nodes)
        return Undo.each({n: engine.hosts[n].conditions.clock_s.lay(offset) for n in names})

    def problems(self, setting: Setting) -> Iterator[Finding]:
        """Unknown names, and nodes that read no clock."""
        named = list(unknown(setting, ("nodes",), self.skew.nodes))
        yield from named
        if not named and all(setting.roles[n] is Role.PRODUCER for n in setting.members(self.skew.nodes)):
            yield ("nodes",), "block producers go by their slots, not by a clock of their own", "name other nodes"
