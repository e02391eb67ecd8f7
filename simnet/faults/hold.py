"""Hold: messages kept back on one way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from simnet.faults.fault import Condition, Finding, Lasting, Setting, Undo, World
from simnet.faults.places import OneWay


class Hold(Lasting):
    """Keep messages back on the way; those of this hold arrive when it ends, unless another one holds them too.

    Transactions and blocks are no messages between participants: a cut or latency is what stops or delays them.
    """

    kind: ClassVar[str] = "hold"
    adds_up: ClassVar[bool] = False
    condition: ClassVar[Condition] = "impaired"
    over: ClassVar[str] = "released"
    shows_in: ClassVar[str] = "soft_latency_ms, duty_failed"
    sample: ClassVar[dict[str, Any]] = {"from": "inference-0", "to": "full-1"}

    hold: OneWay

    @property
    def says(self) -> str:
        """Which messages."""
        return f"messages {self.hold.where} are held back"

    def begin(self, world: World) -> Undo:
        """Hold the way."""
        (way,) = self.hold.ways(world.engine.network)
        return Undo.whole(self.hold.names, world.engine.network.hold(way))

    def problems(self, setting: Setting) -> Iterator[Finding]:
        """Unknown names, and ways that no message takes."""
        return self.hold.problems(setting, messages=True)
